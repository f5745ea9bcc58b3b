// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// The policies that keep older tiers true, verb by verb. The names D… are those of the defects of
/// pymemcache's FallbackClient that each test shows to be absent.
@Suite struct TieredWriteTests {
  @Test("set deletes the older copies first, so that an expired item does not come back (D10)")
  func setDeletesOlderCopies() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v1")
    try tiers.older.put("k", "v0")
    guard case .stored = try tiers.set("k", "v2") else { return #expect(Bool(false)) }
    #expect(try [tiers.new, tiers.old, tiers.older].map { try $0.text("k") } == ["v2", nil, nil])
    #expect(tiers.old.asked == ["delete"] && tiers.older.asked == ["delete"])
  }

  @Test("mirror writes set, delete and touch to every tier")
  func mirror() throws {
    let tiers = try Tiers(.mirror)
    _ = try tiers.set("k", "v", ttl: 100)
    #expect(try tiers.nodes.map { try $0.text("k") } == ["v", "v", "v"])
    #expect(
      try tiers.reply { try $0.touch(Key("k"), exptime: .init(seconds: 500), completion: $1) } == .touched)
    #expect(try tiers.nodes.map { try $0.item("k")?.ttl } == Array(repeating: .seconds(500), count: 3))
    #expect(try tiers.delete("k") == .deleted)
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  @Test("delete removes the key from every tier, oldest first, and misses only when none had it (D7, D8)")
  func deleteEverywhere() throws {
    let tiers = try Tiers()
    try tiers.older.put("k", "v")
    #expect(try tiers.delete("k") == .deleted)
    #expect(try tiers.get("k") == nil)
    #expect(try tiers.delete("k") == .miss)
  }

  @Test("add finds the key in an older tier (D12)")
  func addHonoursOlderTiers() throws {
    let tiers = try Tiers()
    try tiers.older.put("lock", "theirs")
    let add = { (client: FallbackClient, done: @escaping (Answer) -> Void) in
      try client.add(Key("lock"), Array("mine".utf8), completion: done)
    }
    #expect(try tiers.reply(add) == .notStored)
    #expect(try tiers.get("lock") == "theirs")
    _ = try tiers.delete("lock")
    guard case .stored = try tiers.reply(add) else { return #expect(Bool(false)) }
  }

  @Test("incr of a key that only an older tier has counts on from there, keeping flags and ttl (D15)")
  func incrPromotes() throws {
    let tiers = try Tiers()
    try tiers.old.put("n", "41", flags: 9, ttl: 300)
    guard case .counter(42, _) = try tiers.reply({ try $0.incr(Key("n"), completion: $1) }) else {
      return #expect(Bool(false))
    }
    let item = try #require(try tiers.new.item("n"))
    #expect(item.flags == 9)
    #expect(item.ttl == .seconds(300) || item.ttl == .seconds(299))
    #expect(try tiers.old.text("n") == nil)
  }

  @Test("append, prepend, replace and touch promote, too (D13, D14, D16)")
  func othersPromote() throws {
    let tiers = try Tiers()
    for key in ["a", "p", "r", "t"] { try tiers.old.put(key, "v") }
    _ = try tiers.reply { try $0.append(Key("a"), Array("+".utf8), completion: $1) }
    _ = try tiers.reply { try $0.prepend(Key("p"), Array("+".utf8), completion: $1) }
    _ = try tiers.reply { try $0.replace(Key("r"), Array("+".utf8), completion: $1) }
    #expect(
      try tiers.reply { try $0.touch(Key("t"), exptime: .init(seconds: 60), completion: $1) } == .touched)
    #expect(try ["a", "p", "r", "t"].map { try tiers.new.text($0) } == ["v+", "+v", "+", "v"])
    #expect(try tiers.new.item("t")?.ttl == .seconds(60))
    #expect(try ["a", "p", "r", "t"].map { try tiers.old.text($0) } == [nil, nil, nil, nil])
  }

  @Test("verbs that need an item miss when no tier has it, and create nothing")
  func nothingToChange() throws {
    let tiers = try Tiers()
    #expect(try tiers.reply { try $0.incr(Key("n"), completion: $1) } == .miss)
    #expect(try tiers.reply { try $0.append(Key("n"), [1], completion: $1) } == .notStored)
    #expect(try tiers.reply { try $0.replace(Key("n"), [1], completion: $1) } == .notStored)
    #expect(try tiers.reply { try $0.touch(Key("n"), exptime: .never, completion: $1) } == .miss)
    #expect(try tiers.get("n") == nil)
  }

  @Test("a change of an item that the primary has deletes the older copies")
  func changeDeletesOlderCopies() throws {
    let tiers = try Tiers()
    try tiers.new.put("n", "1")
    try tiers.old.put("n", "100")
    _ = try tiers.reply { try $0.incr(Key("n"), completion: $1) }
    #expect(try tiers.old.text("n") == nil)
  }

  @Test("cas with a token of an older tier never overwrites (D2)")
  func foreignToken() throws {
    let tiers = try Tiers()
    try tiers.new.put("other", "x")
    try tiers.old.put("k", "v")
    let token = try #require(try tiers.old.item("k")?.cas)
    try tiers.new.put("k", "current")
    #expect(try tiers.reply { try $0.cas(Key("k"), [1], token: token, completion: $1) } == .exists)
    #expect(try tiers.get("k") == "current")
  }

  @Test("a cas or delete that the primary refuses leaves the item of an older tier")
  func refusedKeepsOlderCopy() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    let token = try #require(try tiers.old.item("k")?.cas)
    #expect(try tiers.reply { try $0.cas(Key("k"), [1], token: token, completion: $1) } == .miss)
    #expect(try tiers.reply { try $0.delete(Key("k"), ifUnchanged: token, completion: $1) } == .miss)
    #expect(try tiers.get("k") == "v")
  }

  @Test("a delete while a promotion is on its way waits for it, so that nothing comes back")
  func deleteDuringPromotion() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    tiers.old.holds = { $0 == "get" }
    var (touched, deleted): (Answer?, Answer?)
    tiers.client.touch(try Key("k"), exptime: .never) { touched = $0 }
    #expect(tiers.old.heldCount == 1)
    tiers.client.delete(try Key("k")) { deleted = $0 }
    #expect(touched == nil && deleted == nil)
    tiers.old.release()
    while deleted == nil { try tiers.loop.turn() }
    #expect(try touched?.result.get() == .touched)
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  @Test("a promotion waits for a delete that is on its way, and then finds nothing")
  func promotionDuringDelete() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    tiers.older.holds = { $0 == "delete" }
    var (touched, deleted): (Answer?, Answer?)
    tiers.client.delete(try Key("k")) { deleted = $0 }
    tiers.client.touch(try Key("k"), exptime: .never) { touched = $0 }
    #expect(touched == nil && deleted == nil)
    tiers.older.release()
    while touched == nil { try tiers.loop.turn() }
    #expect(try touched?.result.get() == .miss && deleted?.result.get() == .deleted)
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  // MARK: Tiers that fail

  @Test("the copy of a tier that could not be asked for an add does not show when the new item is gone")
  func addOwesUnaskedTiers() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "stale")
    tiers.old.isDown = true
    _ = try tiers.reply { try $0.add(Key("k"), [1], completion: $1) }
    #expect(tiers.client.coordination.invalidations.tiers[1]?.owed == 1)
    tiers.old.isDown = false
    _ = try tiers.new.store.perform(Command(Key("k"), .delete(ifUnchanged: nil))).get()
    #expect(try tiers.get("k") == nil)
  }

  @Test("the copy of a tier that is down is owed: not served when the tier is back, then deleted")
  func owedInvalidation() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "stale")
    tiers.old.isDown = true
    #expect(try tiers.delete("k") == .deleted)
    #expect(tiers.client.coordination.invalidations.tiers[1]?.owed == 1)
    tiers.old.isDown = false
    #expect(try tiers.old.text("k") == "stale")
    #expect(try tiers.get("k") == nil)
    while tiers.client.coordination.invalidations.tiers[1] != nil { try tiers.loop.turn() }
    #expect(try tiers.old.text("k") == nil)
  }

  @Test("add while an older tier is down: what that tier may have is stale and owed")
  func addWithOlderTierDown() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "stale")
    tiers.old.isDown = true
    let reply = try tiers.reply { try $0.add(Key("k"), Array("mine".utf8), completion: $1) }
    guard case .stored = reply else { return #expect(Bool(false)) }
    tiers.old.isDown = false
    // The new value is evicted: the stale one must not show.
    _ = try tiers.new.store.perform(Command(Key("k"), .delete(ifUnchanged: nil))).get()
    #expect(try tiers.get("k") == nil)
  }

  @Test("a write succeeds although an older tier is down, and says so of that tier")
  func writeWithOlderTierDown() throws {
    let tiers = try Tiers()
    tiers.old.isDown = true
    let answer = try tiers.answer { try $0.set(Key("k"), [1], completion: $1) }
    guard case .success(.stored) = answer.result else { return #expect(Bool(false)) }
    #expect(answer.others.map(\.tier) == [2, 1])
    guard case .error(let error) = answer.others[1].outcome else { return #expect(Bool(false)) }
    #expect(error.kind == .down)
  }

  @Test("a write that the primary did not acknowledge fails")
  func primaryDown() throws {
    let tiers = try Tiers()
    tiers.new.isDown = true
    #expect(throws: MemcachedError.self) { try tiers.set("k", "v") }
    #expect(throws: MemcachedError.self) { try tiers.delete("k") }
  }

  @Test("a mirrored set that the primary refuses is read from the older tiers, and does not claim otherwise")
  func mirroredSetWithPrimaryDown() throws {
    let tiers = try Tiers(.mirror)
    try tiers.older.put("k", "v")
    tiers.new.isDown = true
    let error = #expect(throws: MemcachedError.self) { try tiers.set("k", "w") }
    #expect(error?.outcome == .unknown)
    #expect(try tiers.get("k") == "w")
  }

  @Test("more owed copies than fit: nothing is served from that tier until it was flushed")
  func overflow() throws {
    let coordination = TierCoordination(invalidations: InvalidationLedger(capacity: 2))
    let tiers = try Tiers(coordination: coordination)
    for key in ["a", "b", "c", "d"] { try tiers.old.put(key, "stale") }
    tiers.old.isDown = true
    for key in ["a", "b", "c"] { _ = try tiers.delete(key) }
    #expect(coordination.invalidations.tiers[1] == .init(owed: 2, overflowed: 1))
    tiers.old.isDown = false
    #expect(try tiers.get("d") == nil)
    while coordination.invalidations.tiers[1]?.owed ?? 0 > 0 { try tiers.loop.turn() }
    #expect(try tiers.get("c") == nil)
    var isDone = false
    tiers.client.flushAll(tiers: ["old"]) { _ in isDone = true }
    #expect(isDone)
    try tiers.old.put("d", "fresh")
    #expect(try tiers.get("d") == "fresh")
  }

  @Test("a key that is written again and again while a tier is down is owed once")
  func owedOnce() throws {
    let tiers = try Tiers()
    tiers.old.isDown = true
    for number in 0..<1_000 { _ = try tiers.set("hot", "\(number)") }
    #expect(tiers.client.coordination.invalidations.tiers[1] == .init(owed: 1, overflowed: 0))
  }

  @Test("noreply does all of it, and answers at once")
  func noreply() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    #expect(try tiers.reply { try $0.delete(Key("k"), .init(noreply: true), completion: $1) } == .accepted)
    #expect(try tiers.get("k") == nil)
  }

  @Test("pymemcache: writes go to the primary only")
  func pymemcache() throws {
    let tiers = try Tiers(.pymemcache)
    try tiers.old.put("k", "v")
    #expect(try tiers.delete("k") == .miss)
    #expect(try tiers.get("k") == "v")
    #expect(try tiers.new.text("k") == nil)
    #expect(try tiers.reply { try $0.incr(Key("k"), completion: $1) } == .miss)
  }
}

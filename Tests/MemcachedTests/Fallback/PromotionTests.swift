// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Reactor
import Testing

@testable import Memcached

/// A read that wants its item in the primary.
@Suite struct PromotionTests {
  private static func promote(_ tiers: Tiers, _ key: String = "k") throws -> Answer {
    try tiers.answer { try $0.promote(Key(key), completion: $1) }
  }

  private static func text(_ answer: Answer?) throws -> String? {
    try answer?.result.get().item.map { String(decoding: $0.value, as: UTF8.self) }
  }

  @Test("a hit of an older tier is brought to the primary and answered from there, with a token that fits")
  func promotes() throws {
    let tiers = try Tiers()
    try tiers.older.put("k", "v", flags: 7, ttl: 300)
    let answer = try PromotionTests.promote(tiers)
    let item = try #require(try answer.result.get().item)
    #expect(answer.tier == 0 && item.value == Array("v".utf8) && item.flags == 7)
    #expect(item.ttl == .seconds(300) || item.ttl == .seconds(299))
    #expect(answer.others == [Visit(tier: 1, outcome: .miss), Visit(tier: 2, outcome: .hit)])
    guard case .promoted(.seconds(299...300)) = answer.copying else { return #expect(Bool(false)) }
    let token = try #require(item.cas)
    guard case .stored = try tiers.reply({ try $0.cas(Key("k"), [1], token: token, completion: $1) }) else {
      return #expect(Bool(false))
    }
    #expect(try tiers.older.text("k") == nil)
  }

  @Test("a hit in the primary and a miss everywhere are those of get")
  func nothingToPromote() throws {
    let tiers = try Tiers()
    try tiers.new.put("k", "v")
    let hit = try PromotionTests.promote(tiers)
    #expect(try PromotionTests.text(hit) == "v")
    #expect(
      hit.others.isEmpty && hit.copying == .none && tiers.new.asked == ["get"] && tiers.old.asked.isEmpty)
    let miss = try PromotionTests.promote(tiers, "other")
    #expect(try miss.result.get() == .miss)
    #expect(miss.others.map(\.tier) == [1, 2])
    #expect(!tiers.new.asked.contains("add"))
  }

  @Test("neither the limits of backfill nor a write a moment ago count, nor is it one of its results")
  func noLimits() throws {
    var settings = BackfillSettings()
    settings.isEnabled = false
    settings.maximumLength = 1
    settings.itemsPerSecond = 1
    let tiers = try Tiers(coordination: TierCoordination(backfill: settings))
    for key in ["a", "b", "c"] {
      _ = try tiers.delete(key)
      try tiers.old.put(key, "value", ttl: 1)
      #expect(try PromotionTests.promote(tiers, key).tier == 0)
    }
    #expect(tiers.client.backfillCounts == BackfillCounts())
  }

  @Test("under pymemcache it is get")
  func pymemcache() throws {
    let tiers = try Tiers(.pymemcache)
    try tiers.old.put("k", "v")
    let answer = try PromotionTests.promote(tiers)
    #expect(answer.tier == 1 && answer.copying == .none)
    #expect(tiers.new.asked == ["get"])
  }

  @Test(
    "the async face has it, too",
    .enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
  func async() async throws {
    let (new, old) = (try MemcachedServer(), try MemcachedServer())
    let connection = try RawConnection(to: old.address)
    try connection.send("set k 7 300 1\r\nv\r\n")
    #expect(try connection.readLine() == "STORED")
    let cache = try AsyncFallbackClient(
      tiers: [(name: "new", node: new.nodeAddress), (name: "old", node: old.nodeAddress)])
    defer { cache.close() }
    let item = try #require(try await cache.promote(Key("k")))
    #expect(item.value == Array("v".utf8) && item.flags == 7)
    let token = try #require(item.cas)
    guard case .stored = try await cache.cas(Key("k"), [1], token: token) else {
      return #expect(Bool(false))
    }
    #expect(try await cache.promote(Key("other")) == nil)
  }

  // MARK: Others at the same time

  @Test("a delete while it is on its way waits for it, and nothing comes back", arguments: ["get", "add"])
  func deleteDuringPromotion(step: String) throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    // The second read of the older tier is the one under the ledger's protection.
    var reads = 0
    tiers.old.holds = { verb in
      reads += verb == "get" ? 1 : 0
      return step == "get" && reads == 2
    }
    tiers.new.holds = { $0 == step && step == "add" }
    var (read, deleted): (Answer?, Answer?)
    tiers.client.promote(try Key("k")) { read = $0 }
    #expect(tiers.old.heldCount + tiers.new.heldCount == 1)
    tiers.client.delete(try Key("k")) { deleted = $0 }
    #expect(read == nil && deleted == nil)
    for node in [tiers.old, tiers.new] { node.release() }
    while deleted == nil { try tiers.loop.turn() }
    #expect(read?.tier == 0)
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  @Test("it waits for a delete that is on its way, and then finds nothing")
  func promotionDuringDelete() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    tiers.older.holds = { $0 == "delete" }
    var (read, deleted): (Answer?, Answer?)
    tiers.client.delete(try Key("k")) { deleted = $0 }
    tiers.client.promote(try Key("k")) { read = $0 }
    #expect(read == nil && deleted == nil)
    tiers.older.release()
    while read == nil { try tiers.loop.turn() }
    #expect(try read?.result.get() == .miss)
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  @Test("what another writer stores meanwhile is the answer")
  func setDuringPromotion() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "old")
    tiers.new.holds = { $0 == "add" }
    var read: Answer?
    tiers.client.promote(try Key("k")) { read = $0 }
    try tiers.new.put("k", "new")
    tiers.new.release()
    #expect(try PromotionTests.text(read) == "new")
    #expect(read?.tier == 0 && read?.others.isEmpty == true && read?.copying == Answer.Copying.none)
  }

  @Test("many at once on two workers: one copy, and each has the primary's token")
  func together() throws {
    let one = try Tiers()
    let two = try Tiers(nodes: one.nodes, coordination: one.client.coordination)
    try one.old.put("k", "v")
    one.new.holds = { $0 == "add" }
    var answers: [Answer] = []
    for tiers in [one, two, one, two] { tiers.client.promote(try Key("k")) { answers.append($0) } }
    #expect(answers.isEmpty && one.new.heldCount == 1)
    one.new.release()
    while answers.count < 4 { for tiers in [one, two] { try tiers.loop.turn(maxSleep: .milliseconds(1)) } }
    #expect(answers.allSatisfy { $0.tier == 0 })
    #expect(Set(answers.compactMap { try? $0.result.get().item?.cas }).count == 1)
    #expect(one.new.asked.filter { $0 == "add" }.count == 1)
  }

  // MARK: In vain

  @Test("the primary is down: the older tier's item, as get gives it")
  func primaryDown() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    tiers.new.isDown = true
    let answer = try PromotionTests.promote(tiers)
    #expect(answer.tier == 1)
    #expect(try PromotionTests.text(answer) == "v")
    guard case .error? = answer.others.first?.outcome else { return #expect(Bool(false)) }
    #expect(tiers.new.asked == ["get"])
  }

  @Test("the copy fails, or cannot be read: the older tier's item, and why", arguments: ["add", "get"])
  func copyFails(step: String) throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    var reads = 0
    tiers.new.holds = { verb in
      reads += verb == "get" ? 1 : 0
      return verb == step && (step == "add" || reads == 2)
    }
    var answer: Answer?
    tiers.client.promote(try Key("k")) { answer = $0 }
    #expect(answer == nil && tiers.new.heldCount == 1)
    tiers.new.isDown = true
    tiers.new.release()
    #expect(answer?.tier == 1 && answer?.copying == .failed("down"))
    #expect(try PromotionTests.text(answer) == "v")
  }

  @Test("the copy is gone before it is read: the older tier's item, and why")
  func copyGone() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    var reads = 0
    tiers.new.holds = { verb in
      reads += verb == "get" ? 1 : 0
      return reads == 2
    }
    var answer: Answer?
    tiers.client.promote(try Key("k")) { answer = $0 }
    _ = try tiers.new.store.perform(Command(Key("k"), .delete(ifUnchanged: nil))).get()
    tiers.new.release()
    #expect(answer?.tier == 1 && answer?.copying == .failed("gone"))
  }

  @Test("the older tier fails when it is asked again: what it had at first, and why")
  func olderTierFails() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    var reads = 0
    tiers.old.holds = { verb in
      reads += verb == "get" ? 1 : 0
      return reads == 2
    }
    var answer: Answer?
    tiers.client.promote(try Key("k")) { answer = $0 }
    tiers.old.isDown = true
    tiers.old.release()
    #expect(answer?.tier == 1 && answer?.copying == .failed("unreachable"))
  }

  @Test("the primary does not answer the add: the older tier's item when the time is up")
  func primaryHangs() throws {
    let tiers = try Tiers(operationTimeout: .milliseconds(30))
    try tiers.old.put("k", "v")
    tiers.new.holds = { $0 == "add" }
    let answer = try PromotionTests.promote(tiers)
    #expect(answer.tier == 1 && answer.copying == .failed("timeout"))
    // So does one who finds the key held.
    let second = try PromotionTests.promote(tiers)
    #expect(second.tier == 1 && second.copying == .failed("timeout"))
    #expect(tiers.new.heldCount == 1)
    tiers.new.release()
    #expect(try PromotionTests.promote(tiers).tier == 0)
  }
}

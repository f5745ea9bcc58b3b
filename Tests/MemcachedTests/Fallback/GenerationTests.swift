// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// Clients that take the place of others, with other tiers: what the one owes, the next one does, too.
@Suite struct GenerationTests {
  private static func owed(_ tiers: Tiers) -> Int {
    tiers.client.coordination.invalidations.tiers.values.map(\.owed).reduce(0, +)
  }

  /// Until nothing is owed, but not for ever.
  private static func settle(_ tiers: Tiers) throws {
    let limit = Instant.current() + .seconds(5)
    while owed(tiers) > 0, .current() < limit { try tiers.loop.turn(maxSleep: .milliseconds(50)) }
    #expect(owed(tiers) == 0)
  }

  /// Tiers of which `old` has a copy that a set has made stale, and that the primary has lost since.
  private static func owing() throws -> Tiers {
    let tiers = try Tiers()
    try tiers.old.put("k", "stale")
    tiers.old.isDown = true
    _ = try tiers.set("k", "v")
    tiers.old.isDown = false
    _ = try tiers.new.store.perform(Command(Key("k"), .delete(ifUnchanged: nil))).get()
    #expect(owed(tiers) == 1)
    return tiers
  }

  @Test(
    "a copy that is owed is not served by the next generation, wherever its tier stands, and is deleted there",
    arguments: [[0, 1, 2], [0, 2, 1], [2, 0, 1], [0, 1]])
  func owedCopy(_ order: [Int]) throws {
    var tiers = try Self.owing()
    let old = tiers.old
    tiers = Tiers(succeeding: tiers, order.map { tiers.nodes[$0] })
    #expect(try tiers.get("k") == nil)
    #expect(try old.text("k") == "stale")
    #expect(Self.owed(tiers) == 1)
    try Self.settle(tiers)
    #expect(try old.text("k") == nil)
    // And now the tier is read again.
    try old.put("k", "fresh")
    #expect(try tiers.get("k") == "fresh")
  }

  @Test("what is owed to a tier that was taken away is not tried for ever")
  func takenAway() throws {
    var tiers = try Self.owing()
    let old = tiers.old
    let asked = old.asked
    tiers = Tiers(succeeding: tiers, [tiers.new, tiers.older])
    #expect(Self.owed(tiers) == 1)
    try Self.settle(tiers)
    #expect(old.asked == asked)
    #expect(tiers.new.asked.filter { $0 == "delete" } == [])
  }

  @Test("a tier that comes back before that is owed to still")
  func backAgain() throws {
    var tiers = try Self.owing()
    let all = tiers.nodes
    tiers = Tiers(succeeding: tiers, [all[0], all[2]])
    tiers = Tiers(succeeding: tiers, [all[0], all[2], all[1]])
    #expect(try tiers.get("k") == nil)
    #expect(try all[1].text("k") == "stale")
    try Self.settle(tiers)
    #expect(try all[1].text("k") == nil)
  }

  // MARK: Draining

  private static func draining(_ policy: FallbackPolicy = .strict) throws -> Tiers {
    let tiers = try Tiers(policy)
    try tiers.old.put("k", "v")
    return Tiers(succeeding: tiers, tiers.nodes, draining: ["old"])
  }

  @Test(
    "a tier that is being drained is asked by no read, and a look says so",
    arguments: [FallbackPolicy.strict, .mirror, .pymemcache])
  func drainingIsNotRead(_ policy: FallbackPolicy) throws {
    let tiers = try Self.draining(policy)
    let key = try Key("k")
    #expect(try tiers.get("k") == nil)
    #expect(try tiers.reply { $0.gets(key, completion: $1) } == .miss)
    #expect(try tiers.reply { $0.promote(key, completion: $1) } == .miss)
    var many: [Answer]?
    tiers.client.getMany([key, try Key("other")]) { many = $0 }
    #expect(try many?.map { try $0.result.get() } == [.miss, .miss])
    #expect(tiers.old.asked == [])
    #expect(tiers.older.asked.contains("get"))
    var looks: [TierLook]?
    tiers.client.look(at: key) { looks = $0 }
    #expect(looks?.map(\.isServed) == [true, false, true])
    guard case .success(.seen) = looks?[1].result else { return #expect(Bool(false), "not looked at") }
  }

  @Test("writes delete the copies of a tier that is being drained")
  func drainingIsWritten() throws {
    let tiers = try Self.draining()
    _ = try tiers.set("k", "w")
    #expect(try tiers.old.text("k") == nil)
    try tiers.old.put("k", "v")
    #expect(try tiers.delete("k") == .deleted)
    #expect(try tiers.old.text("k") == nil)
    // Not asked before, so that nobody knows whether it has a copy.
    try tiers.old.put("k", "v")
    let reply = try tiers.reply { try $0.add(Key("k"), Array("w".utf8), completion: $1) }
    guard case .stored = reply else { return #expect(Bool(false), "\(reply)") }
    #expect(tiers.client.owed(tier: 1).owed == 1)
    try Self.settle(tiers)
    #expect(try tiers.old.text("k") == nil)
  }

  @Test("what could not be deleted in a tier that is being drained is owed when it is read again")
  func drainingIsOwed() throws {
    var tiers = try Self.draining()
    tiers.old.isDown = true
    _ = try tiers.delete("k")
    tiers.old.isDown = false
    #expect(tiers.client.owed(tier: 1).owed == 1)
    tiers = Tiers(succeeding: tiers, tiers.nodes)
    #expect(try tiers.get("k") == nil)
    try Self.settle(tiers)
    #expect(try tiers.old.text("k") == nil)
    try tiers.old.put("k", "fresh")
    #expect(try tiers.get("k") == "fresh")
  }

  // MARK: Backfills

  @Test("no backfill begins until the time that is held, nor for that of suppression after it")
  func holdBackfills() throws {
    var tiers = try Tiers()
    tiers = Tiers(succeeding: tiers, tiers.nodes)
    let coordination = tiers.client.coordination
    let until = tiers.loop.now + .seconds(60)
    coordination.holdBackfills(until: until)
    try tiers.old.put("k", "v")
    #expect(try tiers.get("k") == "v")
    #expect(tiers.new.asked == ["get"])
    let key = try Key("k")
    #expect(coordination.writes.beginBackfill(key, now: until + .milliseconds(4_999)) == .suppressed)
    #expect(coordination.writes.beginBackfill(key, now: until + .seconds(5)) == .granted)
    coordination.writes.endBackfill(key)
    // What became of backfills is counted on.
    tiers = Tiers(succeeding: tiers, tiers.nodes)
    #expect(tiers.client.backfillCounts.suppressed == 1)
  }

  @Test("a write waits for a backfill of the generation before, also where one tier is left")
  func lateBackfill() throws {
    var tiers = try Tiers()
    try tiers.old.put("k", "v")
    let new = tiers.new
    new.holds = { $0 == "add" }
    #expect(try tiers.get("k") == "v")
    tiers = Tiers(succeeding: tiers, [new])
    var deleted: Answer?
    tiers.client.delete(try Key("k")) { deleted = $0 }
    #expect(deleted == nil)
    new.release()
    while deleted == nil { try tiers.loop.turn() }
    #expect(try new.text("k") == nil)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// Backfill, and its races with writers, each with the interleaving forced.
@Suite struct BackfillTests {
  private static func coordination(
    suppression: Duration = .seconds(5), _ change: (inout BackfillSettings) -> Void = { _ in }
  ) -> TierCoordination {
    var settings = BackfillSettings()
    change(&settings)
    return TierCoordination(writes: WriteLedger(suppression: suppression), backfill: settings)
  }

  @Test("a hit of an older tier is copied with value, flags and the ttl that is left")
  func copies() throws {
    let tiers = try Tiers()
    try tiers.older.put("k", "v", flags: 7, ttl: 100)
    #expect(try tiers.get("k") == "v")
    let copy = try #require(try tiers.new.item("k"))
    #expect(copy.flags == 7)
    #expect(copy.ttl == .seconds(100) || copy.ttl == .seconds(99))
    #expect(tiers.client.backfillCounts.stored == 1)
    #expect(try tiers.old.text("k") == nil)
  }

  @Test("the reader is answered before the copy is made")
  func answersFirst() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    var wasAskedBefore: Bool?
    tiers.client.get(try Key("k")) { _ in wasAskedBefore = tiers.new.asked.contains("add") }
    #expect(wasAskedBefore == false)
    #expect(tiers.new.asked == ["get", "add"])
  }

  @Test("one who only peeks makes no copy")
  func peeking() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    _ = try tiers.reply { try $0.get(Key("k"), isPeek: true, completion: $1) }
    #expect(tiers.new.asked == ["get"])
  }

  @Test("a primary that could not be asked is sent no copy")
  func primaryFails() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    tiers.old.tellsTTL = false
    tiers.new.isDown = true
    let answer = try tiers.answer { try $0.get(Key("k"), completion: $1) }
    #expect(answer.tier == 1 && answer.copying == .none)
    #expect(tiers.new.asked == ["get"])
  }

  @Test("it never overwrites")
  func neverOverwrites() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "old")
    tiers.new.holds = { $0 == "add" }
    #expect(try tiers.get("k") == "old")
    try tiers.new.put("k", "new")
    tiers.new.release()
    #expect(try tiers.new.text("k") == "new")
    #expect(tiers.client.backfillCounts.exists == 1)
  }

  @Test("an item whose ttl nobody knows gets the configured one, never 0")
  func assumedTTL() throws {
    let settings = BackfillSettings()
    #expect(settings.exptime(of: Item(value: [], ttl: .unknown)) == Exptime(seconds: 300))
    #expect(settings.exptime(of: Item(value: [], ttl: .never)) == .never)
    #expect(settings.exptime(of: Item(value: [], ttl: .seconds(0))) == nil)
    #expect(settings.exptime(of: Item(value: [], ttl: .seconds(9))) == Exptime(seconds: 9))
    let tiers = try Tiers()
    try tiers.old.put("k", "v", ttl: 4_000)
    tiers.old.tellsTTL = false
    let answer = try tiers.answer { try $0.get(Key("k"), completion: $1) }
    #expect(answer.copying == .assumedTTL)
    let ttl = try tiers.new.item("k")?.ttl
    #expect(ttl == .seconds(300) || ttl == .seconds(299))
    // The second reader finds the key on its way or there: nothing is copied, and nothing is said.
    _ = try tiers.new.store.perform(Command(Key("k"), .delete(ifUnchanged: nil))).get()
    tiers.new.holds = { $0 == "add" }
    #expect(try tiers.get("k") == "v")
    #expect(try tiers.answer { try $0.get(Key("k"), completion: $1) }.copying == .none)
    tiers.new.release()
  }

  @Test("off, too large, expiring, over the rate: not copied, and counted by reason")
  func limits() throws {
    let off = try Tiers(coordination: BackfillTests.coordination { $0.isEnabled = false })
    try off.old.put("k", "v")
    _ = try off.get("k")
    #expect(off.client.backfillCounts == BackfillCounts())
    let small = try Tiers(
      coordination: BackfillTests.coordination {
        $0.maximumLength = 3
        $0.itemsPerSecond = 2
      })
    try small.old.put("large", "1234")
    try small.old.put("brief", "1", ttl: 1)
    for number in 0..<5 { try small.old.put("k\(number)", "v") }
    for key in ["large", "brief", "k0", "k1", "k2", "k3", "k4"] { #expect(try small.get(key) != nil) }
    let counts = small.client.backfillCounts
    #expect(counts.tooLarge == 1 && counts.expired == 1 && counts.stored == 2 && counts.limited == 3)
  }

  @Test("the rate is that of all workers together, and is not spent on what is not copied")
  func sharedRate() throws {
    let coordination = BackfillTests.coordination { $0.itemsPerSecond = 3 }
    let one = try Tiers(coordination: coordination)
    // On one loop, whose time stands still meanwhile.
    let two = try Tiers(nodes: one.nodes, coordination: coordination, loop: one.loop)
    for number in 0..<8 { try one.old.put("k\(number)", "v") }
    // Written a moment ago, and so not copied.
    _ = try one.delete("k0")
    try one.old.put("k0", "v")
    for _ in 0..<5 { #expect(try one.get("k0") == "v") }
    for number in 1..<8 { #expect(try (number % 2 == 0 ? one : two).get("k\(number)") == "v") }
    let sum = one.client.backfillCounts + two.client.backfillCounts
    #expect(sum.suppressed == 5 && sum.stored == 3 && sum.limited == 4)
  }

  // MARK: Races

  @Test(
    "delete between the read of the older tier and the backfill: the deleted value does not come back",
    arguments: [false, true])
  func deleteBeforeBackfill(isByAnotherWorker: Bool) throws {
    let tiers = try Tiers()
    let other = try Tiers(nodes: tiers.nodes, coordination: tiers.client.coordination)
    try tiers.old.put("k", "v")
    tiers.old.holds = { $0 == "get" }
    var read: Answer?
    tiers.client.get(try Key("k")) { read = $0 }
    // The value is on its way back from the older tier when the delete is done.
    let held = tiers.old
    let value = try held.item("k")
    #expect(value != nil && held.heldCount == 1)
    #expect(try (isByAnotherWorker ? other : tiers).delete("k") == .deleted)
    try held.put("k", "v")  // so that the held read answers what it would have read before the delete
    held.release()
    #expect(read != nil)
    #expect(try tiers.new.text("k") == nil)
    #expect(tiers.client.backfillCounts.suppressed == 1)
  }

  @Test("delete while the backfill is on its way: the delete waits for it, on another worker, too")
  func deleteDuringBackfill() throws {
    let coordination = TierCoordination()
    let one = try Tiers(coordination: coordination)
    let two = try Tiers(nodes: one.nodes, coordination: coordination)
    try one.old.put("k", "v")
    one.new.holds = { $0 == "add" }
    #expect(try one.get("k") == "v")
    #expect(one.new.heldCount == 1)
    var deleted: Answer?
    two.client.delete(try Key("k")) { deleted = $0 }
    #expect(deleted == nil)
    one.new.release()
    #expect(try one.new.text("k") == "v")
    while deleted == nil { try two.loop.turn() }
    #expect(try one.new.text("k") == nil)
    #expect(try two.get("k") == nil)
  }

  @Test(
    "set between the read of the older tier and the backfill, through another worker: the new value stays")
  func setBeforeBackfill() throws {
    let coordination = TierCoordination()
    let one = try Tiers(coordination: coordination)
    let two = try Tiers(nodes: one.nodes, coordination: coordination)
    try one.old.put("k", "old")
    one.old.holds = { $0 == "get" }
    var read: Answer?
    one.client.get(try Key("k")) { read = $0 }
    _ = try two.set("k", "new", ttl: 1)
    try one.old.put("k", "old")
    one.old.release()
    #expect(read != nil)
    #expect(try one.new.text("k") == "new")
    #expect(one.client.backfillCounts.suppressed == 1)
  }

  @Test("many readers of one key: one backfill at a time over all workers")
  func collapsed() throws {
    let coordination = TierCoordination()
    let one = try Tiers(coordination: coordination)
    let two = try Tiers(nodes: one.nodes, coordination: coordination)
    try one.old.put("k", "v")
    one.new.holds = { $0 == "add" }
    for _ in 0..<5 { #expect(try one.get("k") == "v") }
    for _ in 0..<5 { #expect(try two.get("k") == "v") }
    #expect(one.new.heldCount == 1)
    one.new.release()
    #expect(one.client.backfillCounts.stored == 1 && one.client.backfillCounts.collapsed == 4)
    #expect(two.client.backfillCounts.collapsed == 5)
  }

  @Test("after the time of suppression a key is backfilled again")
  func suppressionEnds() throws {
    let tiers = try Tiers(coordination: BackfillTests.coordination(suppression: .zero))
    _ = try tiers.delete("k")
    try tiers.old.put("k", "v")
    #expect(try tiers.get("k") == "v")
    #expect(tiers.client.backfillCounts.stored == 1)
  }
}

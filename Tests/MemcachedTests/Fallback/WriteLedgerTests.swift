// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// Who waits for whom, and for how long: writers, flushes and promotions around what is on its way.
@Suite struct WriteLedgerTests {
  private static func turn(_ tiers: Tiers, until isDone: () -> Bool) throws {
    while !isDone() { try tiers.loop.turn() }
  }

  private static func isHeldBack(_ answer: Answer?) -> Bool {
    guard case .failure(let error)? = answer?.result else { return false }
    return error.kind == .timedOut && error.outcome == .notApplied
  }

  // MARK: Deadlines

  @Test(
    "a write that waits for a copy until its deadline fails, has done nothing, and leaves the key alone",
    arguments: [false, true])
  func writeGivesUp(isDelete: Bool) throws {
    let tiers = try Tiers(operationTimeout: .milliseconds(30))
    try tiers.old.put("k", "v")
    tiers.new.holds = { $0 == "add" }
    #expect(try tiers.get("k") == "v")
    let answer = try tiers.answer {
      try isDelete ? $0.delete(Key("k"), completion: $1) : $0.set(Key("k"), [1], completion: $1)
    }
    #expect(WriteLedgerTests.isHeldBack(answer))
    #expect(tiers.new.asked == ["get", "add"] && tiers.old.asked == ["get"])
    // The copy is settled at last; nobody is left who waits for it, and the next write is done at once.
    tiers.new.release()
    try tiers.loop.turn(maxSleep: .zero)
    #expect(tiers.new.asked == ["get", "add"])
    #expect(try tiers.delete("k") == .deleted)
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  @Test("a verb whose promotion waits for a delete until its deadline fails, and the delete goes on")
  func promotionGivesUp() throws {
    let tiers = try Tiers(operationTimeout: .milliseconds(30))
    try tiers.old.put("k", "v")
    tiers.older.holds = { $0 == "delete" }
    var deleted: Answer?
    tiers.client.delete(try Key("k")) { deleted = $0 }
    let touched = try tiers.answer { try $0.touch(Key("k"), exptime: .never, completion: $1) }
    #expect(WriteLedgerTests.isHeldBack(touched) && deleted == nil)
    tiers.older.release()
    try WriteLedgerTests.turn(tiers) { deleted != nil }
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  @Test(
    "a promotion whose add the primary does not answer: the verb fails, and the key is held until it does")
  func unansweredPromotion() throws {
    let tiers = try Tiers(operationTimeout: .milliseconds(30))
    try tiers.old.put("n", "1")
    tiers.new.holds = { $0 == "add" }
    let counted = try tiers.answer { try $0.incr(Key("n"), completion: $1) }
    #expect(WriteLedgerTests.isHeldBack(counted))
    let deleted = try tiers.answer { try $0.delete(Key("n"), completion: $1) }
    #expect(WriteLedgerTests.isHeldBack(deleted))
    tiers.new.release()
    #expect(try tiers.delete("n") == .deleted)
    #expect(try tiers.get("n") == nil)
  }

  // MARK: Flushes

  private static func flush(_ tiers: Tiers, _ names: [String] = ["new", "old", "older"]) throws
    -> [TierAnswers]
  {
    var answers: [TierAnswers]?
    tiers.client.flushAll(tiers: names) { answers = $0 }
    try turn(tiers) { answers != nil }
    return try #require(answers)
  }

  @Test("flush of the primary while a backfill is on its way waits for it, on another worker, too")
  func flushDuringBackfill() throws {
    let one = try Tiers()
    let two = try Tiers(nodes: one.nodes, coordination: one.client.coordination)
    for key in ["a", "b"] { try one.old.put(key, "v") }
    one.new.holds = { $0 == "add" }
    for key in ["a", "b"] { #expect(try one.get(key) == "v") }
    var answers: [TierAnswers]?
    two.client.flushAll(tiers: ["new", "old", "older"]) { answers = $0 }
    try two.loop.turn(maxSleep: .zero)
    #expect(answers == nil && !one.new.asked.contains("flush_all") && !one.old.asked.contains("flush_all"))
    one.new.release()
    try WriteLedgerTests.turn(two) { answers != nil }
    #expect(try ["a", "b"].map { try two.get($0) } == [nil, nil])
  }

  @Test("flush waits for all that is on its way, in whatever order it ends", arguments: [false, true])
  func flushWaitsForAll(copyEndsFirst: Bool) throws {
    let tiers = try Tiers()
    for key in ["a", "b"] { try tiers.old.put(key, "v") }
    tiers.new.holds = { $0 == "add" }
    #expect(try tiers.get("a") == "v")
    // The other one is held in the look of its promotion.
    tiers.old.holds = { $0 == "get" }
    var (touched, flushed): (Answer?, [TierAnswers]?)
    tiers.client.touch(try Key("b"), exptime: .never) { touched = $0 }
    tiers.client.flushAll(tiers: ["new", "old", "older"]) { flushed = $0 }
    let held = copyEndsFirst ? [tiers.new, tiers.old] : [tiers.old, tiers.new]
    held[0].release()
    try tiers.loop.turn(maxSleep: .milliseconds(10))
    #expect(flushed == nil && !tiers.new.asked.contains("flush_all"))
    held[1].release()
    try WriteLedgerTests.turn(tiers) { flushed != nil }
    #expect(try touched?.result.get() == .touched)
    #expect(try ["a", "b"].map { try tiers.get($0) } == [nil, nil])
  }

  @Test("no backfill begins while a flush of the primary is on its way")
  func backfillDuringFlush() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    tiers.old.holds = { $0 == "flush_all" }
    var flushed: [TierAnswers]?
    tiers.client.flushAll(tiers: ["new", "old", "older"]) { flushed = $0 }
    #expect(try tiers.get("k") == "v")
    #expect(tiers.client.backfillCounts.suppressed == 1 && flushed == nil)
    tiers.old.release()
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  @Test("flush between the read of the older tier and the backfill: the item does not come back")
  func flushBeforeBackfill() throws {
    let tiers = try Tiers()
    tiers.old.holds = { $0 == "get" }
    var read: Answer?
    tiers.client.get(try Key("k")) { read = $0 }
    _ = try WriteLedgerTests.flush(tiers)
    try tiers.old.put("k", "v")  // what the held read found before the flush
    tiers.old.release()
    #expect(read?.tier == 1)
    #expect(try tiers.new.text("k") == nil)
    #expect(tiers.client.backfillCounts.suppressed == 1)
  }

  @Test("a promotion waits for a flush that is on its way, and then finds nothing")
  func promotionDuringFlush() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    tiers.old.holds = { $0 == "flush_all" }
    var (flushed, touched): ([TierAnswers]?, Answer?)
    tiers.client.flushAll(tiers: ["new", "old", "older"]) { flushed = $0 }
    tiers.client.touch(try Key("k"), exptime: .never) { touched = $0 }
    #expect(flushed == nil && touched == nil)
    tiers.old.release()
    try WriteLedgerTests.turn(tiers) { touched != nil }
    #expect(try touched?.result.get() == .miss)
    #expect(try tiers.nodes.map { try $0.text("k") } == [nil, nil, nil])
  }

  @Test("a flush that waits until its deadline empties nothing and says so of each node")
  func flushGivesUp() throws {
    let tiers = try Tiers(operationTimeout: .milliseconds(30))
    try tiers.old.put("k", "v")
    tiers.new.holds = { $0 == "add" }
    #expect(try tiers.get("k") == "v")
    let answers = try WriteLedgerTests.flush(tiers)
    #expect(answers.map(\.tier) == ["new", "old", "older"])
    #expect(answers.flatMap(\.nodes).allSatisfy { $0.result == .failure(.heldBack) })
    #expect(try tiers.old.text("k") == "v")
    tiers.new.release()
    // The flush that did not take place holds nobody back.
    #expect(try tiers.reply { try $0.touch(Key("k"), exptime: .never, completion: $1) } == .touched)
    _ = try WriteLedgerTests.flush(tiers)
    #expect(try tiers.get("k") == nil)
  }

  @Test("a flush of an older tier alone waits for nothing")
  func flushOfOlderTier() throws {
    let tiers = try Tiers()
    try tiers.old.put("k", "v")
    tiers.new.holds = { $0 == "add" }
    #expect(try tiers.get("k") == "v")
    var answers: [TierAnswers]?
    tiers.client.flushAll(tiers: ["old"]) { answers = $0 }
    #expect(answers != nil)
    tiers.new.release()
    #expect(try tiers.new.text("k") == "v")
  }

  @Test("no backfill begins around a flush with a delay, and until then all do")
  func delayedFlush() throws {
    let tiers = try Tiers()
    for key in ["a", "b"] { try tiers.old.put(key, "v") }
    tiers.client.flushAll(delaySeconds: 1_000) { _ in }
    try tiers.loop.turn(maxSleep: .zero)
    #expect(try tiers.get("a") == "v")
    #expect(tiers.client.backfillCounts.stored == 1)
    tiers.client.flushAll(delaySeconds: 1) { _ in }
    try tiers.loop.turn(maxSleep: .zero)
    #expect(try tiers.get("b") == "v")
    #expect(tiers.client.backfillCounts.suppressed == 1)
  }

  @Test("the time of suppression counts from the end of a flush")
  func flushTakesLong() throws {
    let loop = try EventLoop()
    let ledger = WriteLedger(suppression: .seconds(5))
    let start = loop.now
    ledger.beginFlush(by: .distantFuture, on: loop) { #expect($0) }
    ledger.endFlush(now: start + .seconds(4))
    #expect(ledger.beginBackfill(try Key("k"), now: start + .seconds(8)) == .suppressed)
    #expect(ledger.beginBackfill(try Key("k"), now: start + .seconds(9)) == .granted)
  }

  @Test("a flush that is to come suppresses backfills until its time and that of suppression are over")
  func flushToCome() throws {
    let ledger = WriteLedger(suppression: .seconds(5))
    let key = try Key("k")
    let due = Instant(nanoseconds: 1_000_000_000_000)
    ledger.noteFlush(due)
    // One that was earlier does not take it back.
    ledger.noteFlush(due + .seconds(-60))
    #expect(ledger.beginBackfill(key, now: due + .seconds(-1)) == .suppressed)
    #expect(ledger.beginBackfill(key, now: due + .milliseconds(4_999)) == .suppressed)
    #expect(ledger.beginBackfill(key, now: due + .seconds(5)) == .granted)
  }
}

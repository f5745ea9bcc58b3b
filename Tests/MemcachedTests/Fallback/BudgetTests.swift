// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Reactor
import Testing

@testable import Memcached

/// How the time of one operation is divided over tiers.
@Suite struct BudgetTests {
  @Test("however many tiers are stopped, each has its share and the last ends in time", arguments: 1...12)
  func allStopped(_ count: Int) {
    let clock = ManualClock()
    let start = clock.read()
    let deadline = start + .seconds(1)
    for tries in (1...count).reversed() {
      let now = clock.read()
      let end = Budget.share(of: deadline, among: tries, now: now)
      #expect(end - now >= .nanoseconds(1_000_000_000 / count - count))
      clock.advance(by: end - now)
    }
    #expect(clock.read() == deadline)
  }

  @Test("what one leaves over goes to those behind it")
  func leftOver() {
    let clock = ManualClock()
    let deadline = clock.read() + .seconds(1)
    #expect(Budget.share(of: deadline, among: 4, now: clock.read()) == clock.read() + .milliseconds(250))
    clock.advance(by: .milliseconds(100))
    #expect(Budget.share(of: deadline, among: 3, now: clock.read()) == clock.read() + .milliseconds(300))
    #expect(Budget.share(of: deadline, among: 1, now: clock.read()) == deadline)
  }

  @Test("no deadline is none for the last, and a late one is late")
  func extremes() {
    let now = ManualClock().read()
    #expect(Budget.share(of: .distantFuture, among: 1, now: now) == .distantFuture)
    #expect(Budget.share(of: .distantFuture, among: 3, now: now) > now + .seconds(3600))
    #expect(Budget.share(of: Instant(nanoseconds: 5), among: 3, now: now) < now)
  }

  // MARK: Over the tiers

  /// The time that each command had, in milliseconds, by tier. The loop's clock stands still meanwhile.
  private static func times(
    _ tiers: Tiers, _ call: (FallbackClient, @escaping (Answer) -> Void) throws -> Void
  ) throws -> [[Int64]] {
    let now = tiers.loop.now
    _ = try tiers.answer(call)
    return tiers.nodes.map { node in
      node.deadlines.map { (($0 - now).wholeNanoseconds + 500_000) / 1_000_000 }
    }
  }

  @Test(
    "a read leaves each tier its share, whether those before it missed or failed", arguments: [false, true])
  func read(_ isDown: Bool) throws {
    let tiers = try Tiers()
    tiers.new.isDown = isDown
    #expect(try Self.times(tiers) { try $0.get(Key("k"), completion: $1) } == [[333], [500], [1_000]])
  }

  @Test("a single tier has all of it")
  func oneTier() throws {
    let tiers = try Tiers(nodes: [UnreliableNode("new")])
    #expect(try Self.times(tiers) { try $0.get(Key("k"), completion: $1) } == [[1_000]])
  }

  @Test("the time that a caller gives is divided as the client's own is")
  func callersTime() throws {
    let tiers = try Tiers()
    let options = RequestOptions(deadline: tiers.loop.now + .seconds(9))
    #expect(
      try Self.times(tiers) { try $0.get(Key("k"), options, completion: $1) } == [[3_000], [4_500], [9_000]])
  }

  @Test(
    "many keys: each falls back within its share, under both ways of falling back",
    arguments: [FallbackPolicy.strict, .pymemcache])
  func many(_ policy: FallbackPolicy) throws {
    let tiers = try Tiers(policy)
    let now = tiers.loop.now
    var count = 0
    tiers.client.getMany([try Key("a"), try Key("b")]) { count = $0.count }
    #expect(count == 2)
    let times = tiers.nodes.map { $0.deadlines.map { (($0 - now).wholeNanoseconds + 500_000) / 1_000_000 } }
    #expect(times == [[333, 333], [500, 500], [1_000, 1_000]])
  }

  @Test("a set that deletes older copies, oldest first, leaves the primary its share")
  func set() throws {
    let tiers = try Tiers()
    tiers.older.isDown = true
    #expect(try Self.times(tiers) { try $0.set(Key("k"), [1], completion: $1) } == [[1_000], [500], [333]])
  }

  @Test("an add that looks in older tiers leaves the primary its share")
  func add() throws {
    let tiers = try Tiers()
    #expect(try Self.times(tiers) { try $0.add(Key("k"), [1], completion: $1) } == [[1_000], [333], [500]])
  }

  @Test("a verb that brings its item from an older tier: each step has a share")
  func promotion() throws {
    let tiers = try Tiers()
    try tiers.older.put("k", "1")
    #expect(
      try Self.times(tiers) { try $0.incr(Key("k"), completion: $1) }
        == [[333, 333, 333], [333, 500], [500, 333]])
  }
}

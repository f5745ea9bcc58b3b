// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

@Suite struct RateLimitTests {
  private static func instant(_ milliseconds: Int64) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000) + .milliseconds(milliseconds)
  }

  /// How many of one each are let through when one is asked for every millisecond.
  private static func count(_ limit: RateLimit, milliseconds: Range<Int64>) -> Int {
    milliseconds.filter { millisecond in
      guard limit.hasRoom(now: instant(millisecond)) else { return false }
      limit.take(1, now: instant(millisecond))
      return true
    }.count
  }

  @Test("a second's worth at once, and then the rate")
  func rate() {
    let limit = RateLimit(perSecond: 10)
    #expect(RateLimitTests.count(limit, milliseconds: 0..<1) == 1)
    #expect((18...20).contains(RateLimitTests.count(limit, milliseconds: 1..<1_000)))
    #expect((99...101).contains(RateLimitTests.count(limit, milliseconds: 1_000..<11_000)))
    // What was not used for a long time is not saved up.
    #expect((18...20).contains(RateLimitTests.count(limit, milliseconds: 100_000..<101_000)))
  }

  @Test("what is larger than the bucket is let through when it is not empty, and paid for afterwards")
  func debt() {
    let limit = RateLimit(perSecond: 100)
    #expect(limit.hasRoom(now: RateLimitTests.instant(0)))
    limit.take(1_000, now: RateLimitTests.instant(0))
    #expect(!limit.hasRoom(now: RateLimitTests.instant(1)))
    #expect(!limit.hasRoom(now: RateLimitTests.instant(8_999)))
    #expect(limit.hasRoom(now: RateLimitTests.instant(9_001)))
  }

  @Test("0 is no limit")
  func none() {
    let limit = RateLimit(perSecond: 0)
    limit.take(.max, now: RateLimitTests.instant(0))
    #expect(RateLimitTests.count(limit, milliseconds: 0..<1_000) == 1_000)
  }

  @Test("an item has to fit both rates, and costs neither when it does not")
  func both() {
    var settings = BackfillSettings()
    settings.itemsPerSecond = 2
    settings.bytesPerSecond = 1_000
    let rate = BackfillRate(settings)
    #expect(rate.take(bytes: 3_000, now: RateLimitTests.instant(0)))
    // Two seconds' worth of bytes is owed, and no item is taken for what has to wait for them.
    for _ in 0..<10 { #expect(!rate.take(bytes: 1, now: RateLimitTests.instant(1_500))) }
    let later = RateLimitTests.instant(2_010)
    #expect(rate.take(bytes: 1, now: later) && rate.take(bytes: 1, now: later))
    #expect(!rate.take(bytes: 1, now: later))
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Reactor
import Testing

@testable import Gateway

@Suite struct MigrationWindowTests {
  /// As many hits as seconds have passed.
  private static func counts(_ hits: UInt64) -> MigrationCounts {
    MigrationCounts(reads: [.init(hits: hits)])
  }

  private static func instant(_ seconds: Double) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000) + .milliseconds(Int64(seconds * 1_000))
  }

  private static func span(_ window: MigrationWindow, at seconds: Double) -> MigrationWindow.Span? {
    window.span(to: counts(UInt64(seconds)), at: instant(seconds))
  }

  @Test("without a sample nothing is known")
  func empty() {
    #expect(MigrationWindowTests.span(MigrationWindow(length: .seconds(60)), at: 100) == nil)
  }

  @Test("the window fills, and then moves on, for a long time in a bounded space")
  func moves() throws {
    var window = MigrationWindow(length: .seconds(600))
    #expect(window.interval == .seconds(10))
    for tick in 0...1_000 {
      let seconds = Double(tick * 10)
      window.note(MigrationWindowTests.counts(UInt64(seconds)), at: MigrationWindowTests.instant(seconds))
      #expect(window.samples.count == min(tick + 1, 61))
      for later in [0.0, 4, 9.5] {
        let span = try #require(MigrationWindowTests.span(window, at: seconds + later))
        let expected = min(seconds, 600) + later
        #expect(span.observed == .milliseconds(Int64(expected * 1_000)))
        #expect(span.counts.reads[0].hits == UInt64(expected))
      }
    }
  }

  @Test("between two samples it is full as soon as the first is old enough")
  func full() throws {
    var window = MigrationWindow(length: .seconds(3))
    #expect(window.interval == .seconds(1))
    for second in 0...2 {
      let seconds = Double(second)
      window.note(MigrationWindowTests.counts(UInt64(second)), at: MigrationWindowTests.instant(seconds))
    }
    #expect(try #require(MigrationWindowTests.span(window, at: 2.999)).observed == .milliseconds(2_999))
    #expect(try #require(MigrationWindowTests.span(window, at: 3)).observed == .seconds(3))
    // The sample of second 1 is old enough by then.
    #expect(try #require(MigrationWindowTests.span(window, at: 4)).observed == .seconds(3))
  }

  @Test("a loop that hung makes the window longer, never shorter")
  func gap() throws {
    var window = MigrationWindow(length: .seconds(60))
    window.note(MigrationWindowTests.counts(0), at: MigrationWindowTests.instant(0))
    window.note(MigrationWindowTests.counts(50), at: MigrationWindowTests.instant(50))
    window.note(MigrationWindowTests.counts(100), at: MigrationWindowTests.instant(100))
    let span = try #require(MigrationWindowTests.span(window, at: 105))
    #expect(span.observed == .seconds(105))
    #expect(span.counts.reads[0].hits == 105)
  }

  @Test("what is counted within is the difference, of backfills too, and never less than nothing")
  func difference() {
    var (then, now) = (MigrationCounts(reads: []), MigrationCounts(reads: []))
    then.reads = [.init(hits: 1, misses: 20, errors: 3, skips: 4), .init()]
    now.reads = [.init(hits: 11, misses: 19, errors: 33, skips: 44), .init(hits: 5)]
    then.backfills.stored = 7
    (now.backfills.stored, now.backfills.tooLarge, now.backfills.failed) = (9, 2, 1)
    let since = now.since(then)
    #expect(since.reads == [.init(hits: 10, misses: 0, errors: 30, skips: 40), .init(hits: 5)])
    #expect(since.reads[0].all == 80 && since.reads[0].failed == 70)
    var backfills = BackfillCounts()
    (backfills.stored, backfills.tooLarge, backfills.failed) = (2, 2, 1)
    #expect(since.backfills == backfills)
  }
}

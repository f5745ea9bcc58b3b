// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// What was counted at some instants of the last time, so that it can be said what came within it. Pure: the
/// instants are the caller's.
struct MigrationWindow {
  /// What came within the window.
  struct Span: Hashable {
    /// How long it is: up to the length of the window, and then that and an interval at the most.
    let observed: Duration
    let counts: MigrationCounts
  }

  let length: Duration
  /// Parts of the length after which another sample is to be noted.
  private static let parts = 60
  private(set) var samples: [(instant: Instant, counts: MigrationCounts)] = []

  init(length: Duration) { self.length = length }

  /// Between two samples.
  var interval: Duration { max(length / MigrationWindow.parts, .seconds(1)) }

  /// One sample that is as old as the window is kept, and none that is older than that.
  mutating func note(_ counts: MigrationCounts, at instant: Instant) {
    samples.append((instant, counts))
    while samples.count > 1, instant - samples[1].instant >= length { samples.removeFirst() }
  }

  /// From the youngest sample that is old enough, or else from the oldest, to what is counted now. Nil where
  /// there is no sample.
  func span(to counts: MigrationCounts, at instant: Instant) -> Span? {
    let whole = samples.last { instant - $0.instant >= length }
    guard let begin = whole ?? samples.first else { return nil }
    return Span(observed: instant - begin.instant, counts: counts.since(begin.counts))
  }
}

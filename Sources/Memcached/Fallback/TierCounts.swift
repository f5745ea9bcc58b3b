// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// How long something took, as a histogram: how many were at most as long as each bound.
///
/// Plain numbers at one place, for one thread to add to; others get copies.
public struct LatencyHistogram: Hashable, Sendable {
  /// In microseconds, from a cache's fast answer to what is no answer of a cache any more.
  public static let bounds: [UInt32] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
  ]

  /// How many there were up to each of `bounds` and above the one before it; the last: above all of them.
  public private(set) var counts = [UInt64](repeating: 0, count: LatencyHistogram.bounds.count + 1)
  public private(set) var sumMicroseconds: UInt64 = 0

  public init() {}

  public var count: UInt64 { counts.reduce(0, +) }

  @inline(__always)
  public mutating func note(microseconds: UInt32) {
    sumMicroseconds &+= UInt64(microseconds)
    counts[LatencyHistogram.place(microseconds)] &+= 1
  }

  // Comparisons with numbers in the code, the most frequent first: a look into the table costs more.
  @inline(__always)
  private static func place(_ time: UInt32) -> Int {
    if time <= 500 { return time <= 100 ? (time <= 50 ? 0 : 1) : time <= 250 ? 2 : 3 }
    if time <= 10_000 {
      return time <= 2_500 ? (time <= 1_000 ? 4 : 5) : time <= 5_000 ? 6 : 7
    }
    if time <= 100_000 { return time <= 25_000 ? 8 : time <= 50_000 ? 9 : 10 }
    return time <= 250_000 ? 11 : time <= 500_000 ? 12 : time <= 1_000_000 ? 13 : 14
  }

  public static func += (left: inout LatencyHistogram, right: LatencyHistogram) {
    for index in left.counts.indices { left.counts[index] += right.counts[index] }
    left.sumMicroseconds += right.sumMicroseconds
  }
}

/// What one worker has asked of a tier, since its start.
public struct TierCounts: Hashable, Sendable {
  public var hits: UInt64 = 0
  public var misses: UInt64 = 0
  public var errors: UInt64 = 0
  /// Reads that the tier was not asked: the key's node is ejected, or the copy there is owed.
  public var skips: UInt64 = 0
  public var writes: UInt64 = 0
  public var writeErrors: UInt64 = 0
  public var writeSkips: UInt64 = 0
  /// Of what was asked and answered, in time or not.
  public var latency = LatencyHistogram()

  public init() {}

  public static func += (left: inout TierCounts, right: TierCounts) {
    let counts: [WritableKeyPath<TierCounts, UInt64>] = [
      \.hits, \.misses, \.errors, \.skips, \.writes, \.writeErrors, \.writeSkips,
    ]
    for count in counts { left[keyPath: count] += right[keyPath: count] }
    left.latency += right.latency
  }
}

/// Counts, on the thread of the tier's loop. An object, so that a tier that stays when others come and go
/// keeps what it has counted.
public final class TierCounter {
  public private(set) var counts = TierCounts()

  public init() {}

  func noteRead(_ result: Result<Reply, MemcachedError>, microseconds: UInt32) {
    switch result {
    case .success(.hit): counts.hits &+= 1
    case .success: counts.misses &+= 1
    case .failure(let error):
      // Failed at once, without a question.
      if error.kind == .down {
        counts.skips &+= 1
        return
      }
      counts.errors &+= 1
    }
    counts.latency.note(microseconds: microseconds)
  }

  /// A read that was answered a miss, since the copy there is owed: the counterpart of that miss.
  func noteWithheld() {
    counts.skips &+= 1
    counts.misses &-= 1
  }

  func noteWrite(_ result: Result<Reply, MemcachedError>, microseconds: UInt32) {
    if case .failure(let error) = result {
      if error.kind == .down {
        counts.writeSkips &+= 1
        return
      }
      counts.writeErrors &+= 1
    } else {
      counts.writes &+= 1
    }
    counts.latency.note(microseconds: microseconds)
  }
}

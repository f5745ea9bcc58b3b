// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// What the verdict on a move is made of, counted by all workers: since the start, or within a time.
struct MigrationCounts: Hashable, Sendable {
  /// Of one tier.
  struct Reads: Hashable, Sendable {
    var hits: UInt64 = 0
    var misses: UInt64 = 0
    var errors: UInt64 = 0
    var skips: UInt64 = 0

    /// What nobody knows whether the tier had it.
    var failed: UInt64 { errors + skips }
    var all: UInt64 { hits + misses + failed }
  }

  /// In the order of the tiers.
  var reads: [Reads]
  var backfills = BackfillCounts()

  /// What came since `earlier`, of the same tiers.
  func since(_ earlier: MigrationCounts) -> MigrationCounts {
    let reads = zip(reads, earlier.reads).map { now, then in
      Reads(
        hits: difference(now.hits, then.hits), misses: difference(now.misses, then.misses),
        errors: difference(now.errors, then.errors), skips: difference(now.skips, then.skips))
    }
    var backfills = BackfillCounts()
    for result in MigrationCounts.results {
      backfills[keyPath: result] = difference(
        self.backfills[keyPath: result], earlier.backfills[keyPath: result])
    }
    return MigrationCounts(reads: reads, backfills: backfills)
  }

  private static var results: [WritableKeyPath<BackfillCounts, UInt64>] {
    [\.stored, \.exists, \.tooLarge, \.expired, \.suppressed, \.collapsed, \.limited, \.failed]
  }

  // A miss is taken back when the copy turns out to be withheld, so that this one may go down a little.
  private func difference(_ now: UInt64, _ then: UInt64) -> UInt64 { now > then ? now - then : 0 }
}

extension MigrationCounts {
  init(_ total: TotalMeasurements) {
    reads = total.tiers.map { tier in
      Reads(
        hits: tier.counts.hits, misses: tier.counts.misses, errors: tier.counts.errors,
        skips: tier.counts.skips)
    }
    backfills = total.backfills
  }
}

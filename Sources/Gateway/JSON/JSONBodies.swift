// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Memcached

/// What the JSON form of an item is made of; `ItemJSON` makes it.
struct ItemBody {
  let key: Key
  let item: Item
  let tier: String
}

/// What a multi-get answers: each key is in exactly one of the lists.
struct ItemsBody {
  struct Failure: Encodable {
    var key: String
    var type: String
    var status: Int
    var title: String
    var detail: String
    var tier: String?
    var node: String?
  }

  let keys: [Key]
  /// Those of the keys, in their order: hits are items, misses are missing, all others are in `errors`.
  let answers: [Answer]
  /// The names of the tiers that answers speak of.
  let tiers: [String]
  var errors: [Failure] = []
}

/// What `/livez` and `/readyz` answer when all is well.
struct HealthBody: Encodable {
  let status: String
}

struct VersionBody: Encodable {
  let version: String
}

/// What `/stats` answers.
struct StatisticsBody: Encodable {
  /// By result, of all workers since the start.
  struct Backfill: Encodable {
    private enum CodingKeys: String, CodingKey {
      case stored, exists, expired, suppressed, collapsed, limited, failed
      case tooLarge = "too_large"
    }

    let stored, exists, tooLarge, expired, suppressed, collapsed, limited, failed: UInt64

    init(_ counts: BackfillCounts) {
      (stored, exists, tooLarge, expired) = (counts.stored, counts.exists, counts.tooLarge, counts.expired)
      (suppressed, collapsed) = (counts.suppressed, counts.collapsed)
      (limited, failed) = (counts.limited, counts.failed)
    }

    /// The same as names and numbers.
    var rows: [(name: String, count: UInt64)] {
      [
        (CodingKeys.stored, stored), (.exists, exists), (.tooLarge, tooLarge), (.expired, expired),
        (.suppressed, suppressed), (.collapsed, collapsed), (.limited, limited), (.failed, failed),
      ].map { (name: $0.0.stringValue, count: $0.1) }
    }
  }

  struct Tier: Encodable {
    private enum CodingKeys: String, CodingKey {
      case name, nodes
      case owedInvalidations = "owed_invalidations"
      case overflowedInvalidations = "overflowed_invalidations"
      case isServed = "served"
    }

    var name: String
    /// Copies that a write made stale and that are still to be deleted.
    var owedInvalidations: Int
    /// How many more there were than are remembered.
    var overflowedInvalidations: Int
    /// False when there were any of those: then nothing is read from the tier until it is flushed.
    var isServed: Bool
    /// One that did not answer has an error in the place of its statistics.
    var nodes: [NodeBody]
  }

  var backfill: Backfill
  var tiers: [Tier]
}

/// What became of an operation in one of the tiers that it was to change.
struct TierOutcome: Encodable, Hashable, Sendable {
  var tier: String
  var node: String?
  var outcome: String
  /// Why, when it was not done or nobody knows.
  var detail: String?

  init(tier: String, node: String? = nil, _ error: MemcachedError? = nil) {
    self.tier = tier
    self.node = error?.node ?? node
    outcome = (error?.outcome ?? .applied).rawValue
    detail = error?.detail
  }
}

struct FlushBody: Encodable {
  let tiers: [TierOutcome]
}

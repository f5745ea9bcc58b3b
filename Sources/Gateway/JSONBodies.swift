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

/// What incr and decr answer. The value is a string for the same reason as `cas`.
struct CounterBody: Encodable {
  let key: String
  let value: String

  init(_ key: Key, _ value: UInt64) {
    self.key = key.description
    self.value = String(value)
  }
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

  var items: [ItemBody] = []
  var missing: [Key] = []
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
  struct Tier: Encodable {
    private enum CodingKeys: String, CodingKey {
      case name, nodes
      case owedInvalidations = "owed_invalidations"
      case isServed = "served"
    }

    var name: String
    /// Copies that a write made stale and that are still to be deleted.
    var owedInvalidations: Int
    /// False when more of those were owed than fit: then nothing is read from the tier until it is flushed.
    var isServed: Bool
    /// One that did not answer has an error in the place of its statistics.
    var nodes: [NodeBody]
  }

  var tiers: [Tier]
}

/// What became of one tier of a flush.
struct FlushedTier: Encodable, Hashable, Sendable {
  struct Node: Encodable, Hashable, Sendable {
    var name: String
    var flushed: Bool
    var error: String?
    var outcome: String?
  }

  var name: String
  var nodes: [Node]
}

struct FlushBody: Encodable {
  let tiers: [FlushedTier]
}

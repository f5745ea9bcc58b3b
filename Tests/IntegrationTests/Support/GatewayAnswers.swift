// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation

/// What `/stats` and `/tiers` answer, by the names of their members.
struct StatisticsAnswer: Decodable {
  struct Tier: Decodable {
    var name: String
    var owed_invalidations: Int
    var served: Bool
    var nodes: [NodeAnswer]
  }

  var tiers: [Tier]
}

struct NodeAnswer: Decodable {
  var name: String
  var state: String
  var error: String?
  var stats: [String: String]?
}

struct TiersAnswer: Decodable {
  struct Tier: Decodable {
    var name: String
    var role: String
    var distribution: String
    var nodes: [NodeAnswer]
  }

  var tiers: [Tier]
}

/// What a multi-get answers.
struct ItemsAnswer: Decodable {
  struct Failure: Decodable {
    var key: String
    var status: Int
    var tier: String?
    var node: String?
  }

  var items: [ItemAnswer]
  var missing: [String]
  var errors: [Failure]
}

/// The JSON form of an item.
struct ItemAnswer: Decodable {
  var key: String
  var value: String
  var encoding: String?
  var flags: UInt32
  /// Nil when it never expires: memcached always tells.
  var ttl: Int64?
  var tier: String
}

extension RawHTTP {
  /// The item of a key; fails when there is none.
  func item(_ key: String) throws -> ItemAnswer {
    let response = try request("GET", "/keys/\(percentEncoded(key))")
    guard response.status == 200 else { throw Failure(description: "\(key): \(response.text)") }
    return try JSONDecoder().decode(ItemAnswer.self, from: Data(response.body))
  }

  func items(_ keys: [String]) throws -> ItemsAnswer {
    let query = keys.map { "key=\(percentEncoded($0))" }.joined(separator: "&")
    let response = try request("GET", "/keys?\(query)")
    guard response.status == 200 else { throw Failure(description: response.text) }
    return try JSONDecoder().decode(ItemsAnswer.self, from: Data(response.body))
  }
}

/// A key as it stands in a target: everything but unreserved characters and `:` encoded (RFC 3986 §2.3).
func percentEncoded(_ key: String) -> String {
  key.utf8.map { byte in
    let character = Character(UnicodeScalar(byte))
    let isPlain = byte < 0x80 && (character.isLetter || character.isNumber || "-._~:".contains(character))
    return isPlain
      ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }.joined()
}

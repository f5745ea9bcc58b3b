// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Testing

/// An item as its server has it.
struct StoredItem: Equatable {
  var value: String
  var flags: Int
  /// In seconds; -1 = never expires.
  var ttl: Int
}

/// What other clients of a server do, and what can be seen of it past the gateway.
extension MemcachedServer {
  func store(_ key: String, _ value: String, flags: Int = 0, ttl: Int = 0) throws {
    let connection = try RawConnection(to: address)
    try connection.send("set \(key) \(flags) \(ttl) \(value.utf8.count)\r\n\(value)\r\n")
    #expect(try connection.readLine() == "STORED")
  }

  /// Drops items, as a server does that needs their memory.
  func evict(_ keys: [String]) throws {
    let connection = try RawConnection(to: address)
    for key in keys {
      try connection.send("delete \(key)\r\n")
      let reply = try connection.readLine()
      #expect(reply == "DELETED" || reply == "NOT_FOUND")
    }
  }

  /// Those of `keys` that it has.
  func items(_ keys: [String]) throws -> [String: StoredItem] {
    let connection = try RawConnection(to: address)
    var items: [String: StoredItem] = [:]
    for key in keys {
      try connection.send("mg \(key) v f t\r\n")
      let words = try connection.readLine().split(separator: " ")
      guard words.first == "VA" else { continue }
      let numbers = [words[1], words[2].dropFirst(), words[3].dropFirst()].compactMap { Int($0) }
      let value = String(decoding: try connection.read(count: numbers[0] + 2).dropLast(2), as: UTF8.self)
      items[key] = StoredItem(value: value, flags: numbers[1], ttl: numbers[2])
    }
    return items
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Three nodes a tier, all of them well: what is read, from where, and where its copies go.
  @Suite struct ClusterReadTests {
    @Test("a hit in an old node is copied to the one new node that has the key, with its flags and ttl")
    func backfill() throws {
      let clusters = try TwoClusters()
      let keys = try clusters.keys(90)
      for (number, key) in keys.enumerated() {
        try clusters.store(.old, key, "of \(key)", flags: number, ttl: number % 3 == 0 ? 0 : 1_000 + number)
      }
      let client = try RawHTTP(clusters.gateway.address)
      for side in [TwoClusters.Side.old, .new] {
        // The second read follows the copy on the same connection to the node.
        for (number, key) in keys.enumerated() {
          let item = try client.item(key)
          #expect(item.tier == side.name && item.value == "of \(key)" && item.flags == number)
        }
      }
      for (number, key) in keys.enumerated() {
        let expected = try clusters.node(of: key, in: .new)
        let copies = try clusters.servers[0].map { try $0.items([key])[key] }
        #expect(copies.indices.filter { copies[$0] != nil } == [expected], "\(key)")
        let copy = try #require(copies[expected])
        let ttl = number % 3 == 0 ? -1 : 1_000 + number
        #expect(copy == StoredItem(value: "of \(key)", flags: number, ttl: copy.ttl))
        #expect(ttl == -1 ? copy.ttl == -1 : (ttl - 30...ttl).contains(copy.ttl), "\(copy.ttl) of \(ttl)")
      }
      // All nodes take part: otherwise nothing was seen.
      #expect(Set(try keys.map { try clusters.node(of: $0, in: .new) }).count == TwoClusters.nodesPerTier)
      #expect(Set(try keys.map { try clusters.node(of: $0, in: .old) }).count == TwoClusters.nodesPerTier)
    }

    @Test("300 keys in one request: each from the tier that has it, in the caller's order")
    func multiGet() throws {
      let clusters = try TwoClusters()
      var keys = try clusters.keys(300, named: "k")
      for (number, key) in keys.enumerated() {
        if number % 3 == 0 { try clusters.store(.new, key, "new \(key)") }
        if number % 3 != 2 { try clusters.store(.old, key, "old \(key)") }
      }
      let tiers = Dictionary(uniqueKeysWithValues: zip(keys, (0..<300).map { ["new", "old", nil][$0 % 3] }))
      var generator = SeededGenerator(seed: 300)
      keys.shuffle(using: &generator)
      let client = try RawHTTP(clusters.gateway.address)
      let first = try client.items(keys)
      #expect(first.items.map(\.key) == keys.filter { tiers[$0] != .some(nil) })
      #expect(first.missing == keys.filter { tiers[$0] == .some(nil) })
      #expect(first.errors.isEmpty)
      for item in first.items {
        #expect(item.tier == tiers[item.key] && item.value == "\(item.tier) \(item.key)")
      }
      // What was in the old tier has been copied, by the same read.
      let second = try client.items(keys.reversed())
      #expect(second.items.map(\.key) == first.items.map(\.key).reversed())
      #expect(second.items.allSatisfy { $0.tier == "new" })
    }

    @Test("a new item that expires or is evicted uncovers nothing old")
    func nothingComesBack() throws {
      let clusters = try TwoClusters()
      let keys = try clusters.keys(60)
      for key in keys { try clusters.store(.old, key, "old") }
      let client = try RawHTTP(clusters.gateway.address)
      for (number, key) in keys.enumerated() {
        let ttl = number % 2 == 0 ? "?ttl=1" : ""
        let put = try client.request(
          "PUT", "/keys/\(key)\(ttl)", headers: ["Content-Type: text/plain"], body: Array("new".utf8))
        #expect(put.status == 204)
        if number % 2 != 0 { try clusters.server(.new, clusters.node(of: key, in: .new)).evict([key]) }
      }
      let limit = Date().addingTimeInterval(5)
      var left = keys
      while !left.isEmpty, Date() < limit {
        let answer = try client.items(left)
        #expect(answer.items.allSatisfy { $0.value == "new" && $0.ttl != nil })
        left = answer.items.map(\.key)
        // Seconds pass by themselves only.
        usleep(20_000)
      }
      #expect(left.isEmpty)
      #expect(try clusters.places(of: keys, in: .old).isEmpty)
    }

    @Test(
      "incr of counters that only old nodes have counts on, in the right new node, and leaves none behind")
    func promotion() throws {
      let clusters = try TwoClusters()
      let keys = try clusters.keys(30)
      for key in keys { try clusters.store(.old, key, "41", flags: 9, ttl: 500) }
      let client = try RawHTTP(clusters.gateway.address)
      for key in keys {
        #expect(try client.request("POST", "/keys/\(key)/incr", body: []).text.contains(#""value":"42""#))
        let node = try clusters.node(of: key, in: .new)
        let item = try #require(try clusters.server(.new, node).items([key])[key])
        #expect(item.value == "42" && item.flags == 9 && (470...500).contains(item.ttl))
      }
      #expect(try clusters.places(of: keys, in: .old).isEmpty)
    }

    @Test("one tier is flushed: all of its nodes are empty, and none of the other's")
    func flush() throws {
      let clusters = try TwoClusters()
      let keys = try clusters.keys(30)
      for key in keys { for side in TwoClusters.Side.allCases { try clusters.store(side, key, side.name) } }
      let flush = try http(clusters.gateway.adminAddress, "POST", "/flush?tier=new")
      #expect(flush.status == 200)
      #expect(
        flush.text.components(separatedBy: #""outcome":"applied""#).count - 1 == TwoClusters.nodesPerTier)
      #expect(try clusters.places(of: keys, in: .new).isEmpty)
      #expect(try clusters.places(of: keys, in: .old).count == keys.count)
      let client = try RawHTTP(clusters.gateway.address)
      #expect(try client.items(keys).items.map(\.value) == keys.map { _ in "old" })

      // A node that cannot be emptied is named, and the others are empty all the same.
      try clusters.kill(.old, 1)
      let partial = try http(clusters.gateway.adminAddress, "POST", "/flush?tier=old")
      #expect(partial.status == 503)
      #expect(partial.text.contains(#""node":"\#(clusters.server(.old, 1).address)""#))
      #expect(partial.text.components(separatedBy: #""outcome":"applied""#).count - 1 == 2)
      #expect(try clusters.places(of: keys, in: .old).isEmpty)
    }
  }
}

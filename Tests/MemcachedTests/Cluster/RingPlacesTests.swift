// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Memcached

/// The edges: equal places, ends of the circle, keys that are no text.
@Suite struct RingPlacesTests {
  @Test("a hash belongs to the point at its place, else to the next, past the last to the first")
  func circle() {
    let continuum = Continuum([(place: 300, rank: 2), (place: 100, rank: 0), (place: 200, rank: 1)])
    let hashes: [UInt32] = [0, 99, 100, 101, 200, 201, 300, 301, .max]
    #expect(hashes.map(continuum.rank(at:)) == [0, 0, 0, 1, 1, 2, 2, 0, 0])
  }

  @Test("of two points at one place the lower rank's counts")
  func equalPlaces() {
    let continuum = Continuum([(place: 5, rank: 1), (place: 5, rank: 0), (place: .max, rank: 1)])
    #expect([0, 5, 6, .max].map(continuum.rank(at:)) == [0, 0, 1, 1])
  }

  // The labels 127.0.0.1:24758 and :25549 have a point at the same place, and these keys come to it.
  // pylibmc and twemproxy gave them to the nodes expected here.
  @Test(
    "libmemcached decides between equal points by order, twemproxy by name",
    arguments: [
      (Distribution.ketamaWeighted, ["k8", "k13", "k18"], [0, 0]),
      (.ketamaTwemproxyMD5, ["k8", "k13", "k18"], [0, 1]),
      (.ketamaTwemproxy, ["key:71271:x", "key:356355:x", "key:578087:x"], [0, 1]),
    ])
  func ties(distribution: Distribution, keys: [String], expected: [Int]) throws {
    let nodes = [24758, 25549].map { RingNode(.tcp(host: "127.0.0.1", port: $0)) }
    let rings = [try distribution.ring(of: nodes), try distribution.ring(of: nodes.reversed())]
    for key in keys { #expect(try rings.map { $0.node(for: try Key(key)) } == expected) }
  }

  @Test("a node of next to no weight has no points, and no keys")
  func noPoints() throws {
    let nodes = [1, 1000].map { RingNode(.tcp(host: "n\($0)", port: 1), weight: $0) }
    let ring = try Distribution.ketamaWeighted.ring(of: nodes)
    #expect(try (0..<1000).allSatisfy { ring.node(for: try Key("k\($0)")) == 1 })
  }

  @Test("python-memcached reaches no bucket past the first 32,768")
  func buckets() {
    #expect(CRC32Modula(weights: [40_000, 40_000]).node(for: .some("k")) == 0)
    let ring = CRC32Modula(weights: [1, 65_535, 65_535])
    #expect(!(0..<1000).contains { ring.node(for: .some("k\($0)")) == 2 })
  }

  @Test("a hash of 0 stays 0, as in python-memcached from 1.60 on")
  func zero() {
    #expect(crc32(Array("k25".utf8)) >> 16 & 0x7FFF == 0)
    #expect(CRC32Modula(weights: [1, 1]).node(for: .some("k25")) == 0)
  }

  @Test("a key that is no text has a node, always the same", arguments: Distribution.allCases)
  func bytes(distribution: Distribution) throws {
    let nodes = (1...7).map { RingNode(.tcp(host: "n\($0)", port: 11211)) }
    let ring = try distribution.ring(of: nodes)
    for bytes in [[0xFF], [0xC3], [0x61, 0xED, 0xA0, 0x80], Array(repeating: 0x80, count: 250)] as [[UInt8]] {
      let index = ring.node(for: try Key(bytes))
      #expect(nodes.indices.contains(index))
      #expect(ring.node(for: try Key(bytes)) == index)
    }
  }
}

extension Key {
  fileprivate static func some(_ text: String) -> Key {
    guard let key = try? Key(text) else { preconditionFailure("\(text) is a key") }
    return key
  }
}

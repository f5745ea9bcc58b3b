// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Memcached

/// What holds for the ring of any distribution.
@Suite struct RingTests {
  private static let keys = (0..<8_000).compactMap { try? Key("item:\($0 * 7919)/v\($0 % 7)") }

  private func nodes(_ count: Int) -> [RingNode] {
    (0..<count).map { RingNode(.tcp(host: "10.0.\($0 / 200).\($0 % 200 + 1)", port: 11211)) }
  }

  @Test("keys are where the real client put them", arguments: RingVector.all)
  func vectors(vector: RingVector) throws {
    let ring = try vector.distribution.ring(of: vector.nodes)
    let found = try RingVector.keys.map { String(ring.node(for: try Key($0)), radix: 20) }.joined()
    #expect(found == vector.indices, "\(vector.distribution)")
  }

  @Test("one node has every key", arguments: Distribution.allCases)
  func oneNode(distribution: Distribution) throws {
    let ring = try distribution.ring(of: nodes(1))
    #expect(ring.nodeCount == 1)
    #expect(Self.keys.prefix(1000).allSatisfy { ring.node(for: $0) == 0 })
  }

  @Test("two rings of the same nodes agree", arguments: Distribution.allCases)
  func determinism(distribution: Distribution) throws {
    let rings = try (0..<2).map { _ in try distribution.ring(of: nodes(50)) }
    #expect(Self.keys.allSatisfy { rings[0].node(for: $0) == rings[1].node(for: $0) })
  }

  @Test("no node of ten has less than half or more than twice its share", arguments: Distribution.allCases)
  func balance(distribution: Distribution) throws {
    let ring = try distribution.ring(of: nodes(10))
    let counts = counts(ring)
    #expect(counts.reduce(0, +) == Self.keys.count)
    #expect(counts.allSatisfy { (400...1_600).contains($0) }, "\(counts)")
  }

  @Test(
    "a node of three times the weight has about three times the keys",
    arguments: Distribution.allCases.filter(\.hasWeights))
  func weights(distribution: Distribution) throws {
    let weighted = nodes(8).enumerated().map { RingNode($1.address, weight: $0 % 2 == 0 ? 3 : 1) }
    let counts = counts(try distribution.ring(of: weighted))
    let heavy = (0..<8).filter { $0 % 2 == 0 }.reduce(0) { $0 + counts[$1] }
    #expect((4_800...7_200).contains(heavy), "\(counts)")
  }

  private func counts(_ ring: any Ring) -> [Int] {
    Self.keys.reduce(into: Array(repeating: 0, count: ring.nodeCount)) { $0[ring.node(for: $1)] += 1 }
  }

  @Test(
    "the order of the nodes does not matter to a ring of labels",
    arguments: [.ketama, .ketamaMD5, .ketamaWeighted, .ketamaTwemproxy, .ketamaTwemproxyMD5, .rendezvous]
      as [Distribution])
  func order(distribution: Distribution) throws {
    let ring = try distribution.ring(of: nodes(7))
    let reversed = try distribution.ring(of: nodes(7).reversed())
    #expect(Self.keys.allSatisfy { ring.node(for: $0) == 6 - reversed.node(for: $0) })
  }

  @Test(
    "a node more takes its keys from the others, and moves no key between them",
    arguments: [.ketama, .ketamaMD5, .rendezvous] as [Distribution])
  func growth(distribution: Distribution) throws {
    let before = try distribution.ring(of: nodes(9))
    let after = try distribution.ring(of: nodes(10))
    let moved = Self.keys.filter { before.node(for: $0) != after.node(for: $0) }
    #expect(moved.allSatisfy { after.node(for: $0) == 9 })
    #expect((400...1_600).contains(moved.count))
  }

  @Test("any two distributions differ on most keys that both could have had")
  func differences() throws {
    // ketama-weighted and twemproxy's with MD5 are meant to be the same but for rare ties.
    let rings = try Distribution.allCases.filter { $0 != .ketamaTwemproxyMD5 }.map {
      try $0.ring(of: nodes(7))
    }
    for (position, ring) in rings.enumerated() {
      for other in rings[..<position] {
        let same = Self.keys.filter { ring.node(for: $0) == other.node(for: $0) }.count
        #expect(same < Self.keys.count / 2)
      }
    }
  }
}

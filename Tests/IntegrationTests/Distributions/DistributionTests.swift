// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Testing

/// A client, as `distribution_peer.py` names it, and the distribution that stands for it.
struct KnownClient: Sendable, CustomTestStringConvertible {
  var name: String
  var distribution: Distribution
  var testDescription: String { name }

  static let all = [
    KnownClient(name: "pylibmc", distribution: .modula),
    KnownClient(name: "pylibmc ketama", distribution: .ketama),
    KnownClient(name: "pylibmc consistent", distribution: .ketama),
    KnownClient(name: "pylibmc ketama md5", distribution: .ketamaMD5),
    KnownClient(name: "pylibmc ketama_weighted", distribution: .ketamaWeighted),
    KnownClient(name: "pymemcache", distribution: .rendezvous),
    KnownClient(name: "python-memcached", distribution: .crc32Modula),
    KnownClient(name: "twemproxy", distribution: .ketamaTwemproxy),
    KnownClient(name: "twemproxy md5", distribution: .ketamaTwemproxyMD5),
  ]
  static let twemproxy = all.filter { $0.name.hasPrefix("twemproxy") }
  static let weighted = all.filter(\.distribution.hasWeights)
}

/// Keys of all kinds that a memcached takes, the same in each run.
private enum KeyCorpus {
  static let text: [Key] = {
    var generator = SeededGenerator(seed: 42)
    var texts = (0x21..<0x7F).map { String(UnicodeScalar(UInt8($0))) }
    texts += (0..<800).map { "user:\($0)" } + (0..<400).map { "sess/\($0 * 7919):profile-v2" }
    texts += (0..<500).map { _ in
      let length = Int.random(in: 2...250, using: &generator)
      return String(
        (0..<length).map { _ in Character(UnicodeScalar(.random(in: 0x21..<0x7F, using: &generator))) })
    }
    texts += (0..<300).flatMap { ["ключ:\($0)", "größe-\($0)", "鍵\($0)", "\($0)🎈"] }
    // A hash of 0, which releases of python-memcached up to 1.59 make a 1.
    texts.append("k25")
    texts += ["k", "ü"].map { String(repeating: $0, count: 250 / $0.utf8.count) }
    return Set(texts).sorted().compactMap { try? Key($0) }
  }()

  /// And those that are no text.
  static let all: [Key] = {
    var generator = SeededGenerator(seed: 43)
    let bytes = (0..<300).map { number in
      Array("b\(number):".utf8) + (0..<20).map { _ in UInt8.random(in: 0x80...0xFF, using: &generator) }
    }
    return text + bytes.compactMap { try? Key($0) }
  }()

  static func keys(for client: KnownClient) -> [Key] { client.distribution == .rendezvous ? text : all }
}

private let anyPort = NodeAddress.tcp(host: "127.0.0.1", port: 0)

extension Program {
  /// The real clients write; our ring must find each key on the node that it was written to.
  @Suite(.serialized) struct DistributionTests {
    private func check(_ client: KnownClient, _ nodes: [RingNode]) throws {
      let keys = KeyCorpus.keys(for: client)
      let placement = try DistributionPeer.place(keys, on: nodes, by: client.name)
      let ring = try client.distribution.ring(of: placement.nodes)
      let found = keys.map(ring.node(for:))
      let wrong = keys.indices.filter { found[$0] != placement.indices[$0] }
      let examples = wrong.prefix(5).map { "\(keys[$0]): on \(placement.indices[$0]), not on \(found[$0])" }
      #expect(wrong.isEmpty, "\(wrong.count) of \(keys.count) keys: \(examples)")
      // On one node alone a test could not tell right from wrong, unless it weighs as good as everything.
      if nodes.count > 1, !nodes.contains(where: { $0.weight > 100 }) {
        #expect(Set(placement.indices).count > 1)
      }
    }

    @Test("keys are where the client put them", arguments: KnownClient.all, [1, 2, 3, 7, 50])
    func nodesOfOneWeight(client: KnownClient, count: Int) throws {
      try check(client, Array(repeating: RingNode(anyPort), count: count))
    }

    // Seven nodes and more begin with a weight above 1: otherwise libmemcached 1.0.16 writes past the end of
    // its continuum.
    @Test(
      "keys are where the client put them by weight", arguments: KnownClient.weighted,
      [
        [2], [1, 2], [1, 1000], [3, 3, 3], [2, 1, 1], Array(2...7) + [1],
        (0..<50).map { ($0 * $0 + 1) % 23 + 1 },
      ])
    func nodesOfManyWeights(client: KnownClient, weights: [Int]) throws {
      try check(client, weights.map { RingNode(anyPort, weight: $0) })
    }

    @Test("nodes on memcached's own port go by another label", arguments: KnownClient.all)
    func defaultPort(client: KnownClient) throws {
      // An address nobody uses, so that a memcached of this machine does not stand in the way.
      let network = "127.\(Int.random(in: 1...254)).\(Int.random(in: 1...254))"
      let own = (1...3).map { RingNode(.tcp(host: "\(network).\($0)", port: NodeAddress.defaultPort)) }
      try check(client, own + [RingNode(.tcp(host: "\(network).1", port: 0))])
    }

    @Test("nodes by name", arguments: KnownClient.all)
    func hostNames(client: KnownClient) throws {
      try check(client, [RingNode(anyPort)] + (0..<3).map { _ in RingNode(.tcp(host: "localhost", port: 0)) })
    }

    // twemproxy takes no IPv6 address, and neither does the libmemcached in pylibmc's wheels, 1.0.16.
    @Test(
      "nodes on IPv6",
      arguments: KnownClient.all.filter { $0.name.hasPrefix("py") && !$0.name.hasPrefix("pylibmc") })
    func ipv6(client: KnownClient) throws {
      try check(client, Array(repeating: RingNode(.tcp(host: "::1", port: 0)), count: 3))
    }

    @Test("nodes on Unix sockets", arguments: KnownClient.all)
    func unixSockets(client: KnownClient) throws {
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(at: directory) }
      try check(client, (0..<3).map { RingNode(.unix(path: "\(directory.path)/m\($0).sock")) })
    }

    @Test("nodes that twemproxy gives a name", arguments: KnownClient.twemproxy)
    func names(client: KnownClient) throws {
      try check(client, ["cache-b", "cache-a", "z"].map { RingNode(anyPort, weight: 2, label: $0) })
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Testing

extension Program {
  /// A whole migration for each client that a distribution stands for: the real client writes into the old
  /// cluster, HTTP finds it there, and the real client finds the copies in the new one.
  @Suite struct ClusterClientTests {
    private static let keys: [Key] = {
      var texts = (0..<240).map { "user:\($0)" } + (0..<30).map { "sess/\($0 * 7919)?a=b&c%20" }
      texts += (0..<29).map { "größe-\($0)🎈" } + [String(repeating: "k", count: 250)]
      return texts.compactMap { try? Key($0) }
    }()

    @Test(
      "keys of the client's are found in the old cluster, and by the client in the new",
      arguments: KnownClient.all)
    func migration(client: KnownClient) throws {
      let clusters = try TwoClusters(new: client.distribution, old: client.distribution)
      try DistributionPeer.write(Self.keys, to: clusters.servers[1], by: client.name)
      let http = try RawHTTP(clusters.gateway.address)
      for tier in ["old", "new"] {
        for key in Self.keys {
          let item = try http.item(key.description)
          // The client's mark for text: without it the client itself could not read it back.
          #expect(item.tier == tier && item.value == "of \(key)" && item.flags == 16, "\(key)")
          #expect((540...600).contains(item.ttl ?? 0))
        }
      }
      let found = try DistributionPeer.read(Self.keys, from: clusters.servers[0], by: client.name)
      #expect(found == Self.keys.map { "of \($0)" })
      #expect(Set(try Self.keys.map { try clusters.node(of: $0.description, in: .new) }).count == 3)
    }

    @Test("what is written by HTTP is found by the client, in the primary and under mirror in both tiers")
    func writes() throws {
      let client = KnownClient(name: "pylibmc ketama", distribution: .ketama)
      let clusters = try TwoClusters(new: .ketama, old: .ketama, ["--policy", "mirror"])
      let connection = try RawHTTP(clusters.gateway.address)
      for key in Self.keys {
        let put = try connection.request(
          "PUT", "/keys/\(percentEncoded(key.description))?flags=16&ttl=600",
          headers: ["Content-Type: text/plain; charset=utf-8"], body: Array("of \(key)".utf8))
        #expect(put.status == 204)
      }
      for servers in clusters.servers {
        let found = try DistributionPeer.read(Self.keys, from: servers, by: client.name)
        #expect(found == Self.keys.map { "of \($0)" })
      }
    }

    /// What docs/distributions.md tells operators to look for.
    @Test("a wrong distribution: no error anywhere, one key in three, and misses in the counters")
    func wrongDistribution() throws {
      let clusters = try TwoClusters(old: .ketama, configured: .modula)
      let texts = Self.keys.map(\.description)
      try DistributionPeer.write(Self.keys, to: clusters.servers[1], by: "pylibmc ketama")
      let connection = try RawHTTP(clusters.gateway.address)
      let statuses = try texts.map { key in
        try connection.request("HEAD", "/keys/\(percentEncoded(key))").status
      }
      #expect(Set(statuses) == [200, 404])
      let hits = statuses.filter { $0 == 200 }.count
      #expect((Self.keys.count / 5...Self.keys.count / 2).contains(hits), "\(hits)")
      let lost = try #require(zip(texts, statuses).first { $0.1 == 404 }?.0)
      let miss = try connection.request("GET", "/keys/\(percentEncoded(lost))")
      #expect(miss.header("Cache-Status") == "old; fwd=uri-miss, new; fwd=uri-miss")
      let statistics = try http(clusters.gateway.adminAddress, "GET", "/stats?tier=old")
      let nodes = try JSONDecoder().decode(StatisticsAnswer.self, from: Data(statistics.body)).tiers[0].nodes
      let counts = ["get_hits", "get_misses"].map { name in
        nodes.compactMap { $0.stats?[name].flatMap { Int($0) } }.reduce(0, +)
      }
      #expect(counts == [hits, texts.count - hits + 1])
      // It is there, and a delete does not reach it.
      #expect(try clusters.places(of: [lost], in: .old).count == 1)
      #expect(try connection.request("DELETE", "/keys/\(percentEncoded(lost))").status == 404)
      #expect(try clusters.places(of: [lost], in: .old).count == 1)
    }
  }
}

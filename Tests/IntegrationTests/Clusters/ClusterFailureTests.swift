// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Three nodes a tier, of which one of each is killed: what becomes of its keys, and of those of the
  /// others.
  @Suite struct ClusterFailureTests {
    private static let plain = ["Accept: text/plain"]
    private static let text = ["Content-Type: text/plain"]

    @Test(
      "one node of each tier is killed: its keys alone fail or are skipped, and none moves to another node")
    func oneNodeOfEachTier() throws {
      let clusters = try TwoClusters()
      // By the nodes that have the keys, new and old: 1 is killed in each tier.
      let own = try clusters.keys(8, new: 1, old: 0, named: "own:")
      let primary = try clusters.keys(8, new: 0, named: "primary:")
      let fallen = try clusters.keys(8, new: 1, old: 0, named: "fallen:")
      let skipped = try clusters.keys(8, new: 2, old: 1, named: "skipped:")
      let lost = try clusters.keys(8, new: 1, old: 1, named: "lost:")
      for key in own + primary { try clusters.store(.new, key, "new") }
      for key in fallen + skipped + lost { try clusters.store(.old, key, "old") }
      try clusters.kill(.new, 1)
      try clusters.kill(.old, 1)
      let address = "\(clusters.server(.new, 1).address)"
      let client = try RawHTTP(clusters.gateway.address)

      for key in primary {
        let hit = try client.request("GET", "/keys/\(key)", headers: Self.plain)
        #expect(hit.text == "new" && hit.header("Cache-Status") == "new; hit")
      }
      for key in fallen {
        let hit = try client.request("GET", "/keys/\(key)", headers: Self.plain)
        #expect(hit.text == "old" && hit.header("ETag")?.hasPrefix("W/") == true)
        #expect(hit.header("Cache-Status") == "old; hit, new; fwd=bypass; detail=down")
      }
      for key in skipped {
        let miss = try client.request("GET", "/keys/\(key)")
        #expect(miss.status == 404)
        #expect(miss.header("Cache-Status") == "old; fwd=bypass; detail=down, new; fwd=uri-miss")
      }
      for key in own + lost {
        let failure = try client.request("GET", "/keys/\(key)")
        #expect(failure.status == 503 && failure.header("Retry-After") != nil)
        #expect(failure.text.contains(#""node":"\#(address)""#) && failure.text.contains(#""tier":"new""#))
      }
      try checkManyAndWrites(
        clusters, client, living: primary + fallen, missing: skipped, failing: own + lost)

      try clusters.restart(.new, 1)
      try clusters.restart(.old, 1)
      // What the nodes had is gone, and nothing else has taken its place. The older copies of those that
      // could not be written are gone, too.
      for key in own + fallen + skipped + lost {
        #expect(try client.request("GET", "/keys/\(key)").status == 404)
      }
      for key in own + fallen {
        #expect(try client.request("PUT", "/keys/\(key)", headers: Self.text, body: [65]).status == 204)
        #expect(try client.request("GET", "/keys/\(key)", headers: Self.plain).text == "A")
      }
      #expect(try clusters.places(of: own + fallen, in: .new).values.allSatisfy { $0 == [1] })
    }

    /// Many at once, and writes: what cannot reach its node is said to be undone, and stands nowhere.
    private func checkManyAndWrites(
      _ clusters: TwoClusters, _ client: RawHTTP, living: [String], missing: [String], failing: [String]
    ) throws {
      var generator = SeededGenerator(seed: 1)
      let asked = (living + missing + failing).shuffled(using: &generator)
      let many = try client.items(asked)
      #expect(many.items.map(\.key) == asked.filter(living.contains))
      #expect(many.missing == asked.filter(missing.contains))
      #expect(many.errors.map(\.key) == asked.filter(failing.contains))
      #expect(many.errors.allSatisfy { $0.status == 503 && $0.tier == "new" })

      for key in asked {
        let isAway = try clusters.node(of: key, in: .new) == 1
        let write = try client.request("PUT", "/keys/\(key)", headers: Self.text, body: Array("w".utf8))
        #expect(write.status == (isAway ? 503 : 204))
        #expect(!isAway || write.text.contains(#""outcome":"not-applied","#))
        let count = try client.request("POST", "/keys/\(key)/incr?initial=1", body: [])
        #expect(count.status == (isAway ? 503 : 409))
        let delete = try client.request("DELETE", "/keys/\(key)")
        #expect(delete.status == (isAway ? 503 : 204))
      }
      #expect(try clusters.places(of: asked, in: .new).isEmpty)
    }

    @Test(
      "what is written while an old node is stopped is owed there, not read from there, and settled later")
    func owed() throws {
      let clusters = try TwoClusters(["--node-timeout", "200ms", "--eject-after", "1"])
      let keys = try clusters.keys(20, old: 2)
      let others = try clusters.keys(20, old: 0, named: "other:")
      for key in keys + others { try clusters.store(.old, key, "stale") }
      let client = try RawHTTP(clusters.gateway.address)
      let line = clusters.gateway.lines.count
      clusters.server(.old, 2).suspend()
      let (replaced, deleted) = (keys.prefix(10), keys.suffix(10))
      for key in replaced {
        let put = try client.request("PUT", "/keys/\(key)", headers: Self.text, body: Array("new".utf8))
        #expect(put.status == 204 && put.header("Cache-Status") == "old; detail=owed")
      }
      for key in deleted {
        let delete = try client.request("DELETE", "/keys/\(key)")
        #expect(delete.status == 204 && delete.header("Cache-Status") == "old; detail=owed")
      }
      try clusters.waitFor("ejected", .old, 2, from: line)
      #expect(try clusters.owed(to: .old) == keys.count)
      // The other nodes' copies go as ever.
      for key in others {
        #expect(try client.request("DELETE", "/keys/\(key)").header("Cache-Status") == nil)
      }
      #expect(try clusters.owed(to: .old) == keys.count)

      try clusters.resume(.old, 2)
      // Whether the copies are there still or not: the primary loses what it has, and nothing shows.
      for node in 0..<TwoClusters.nodesPerTier { try clusters.server(.new, node).evict(keys) }
      #expect(try client.items(keys).missing == keys)
      try clusters.waitUntilNothingIsOwed(to: .old)
      #expect(try clusters.places(of: keys + others, in: .old).isEmpty)
      #expect(try client.items(keys).missing == keys)
      // From here on the node is served again.
      try clusters.store(.old, keys[0], "fresh")
      #expect(try client.request("GET", "/keys/\(keys[0])", headers: Self.plain).text == "fresh")
    }

    @Test("one old node is stopped: reads of the other nodes' keys are as quick as ever, also meanwhile")
    func stoppedNode() throws {
      // More time than any slow machine takes: whoever waits for it has waited for the node.
      let clusters = try TwoClusters(["--node-timeout", "3s", "--operation-timeout", "7s", "--workers", "1"])
      let waiting = try clusters.keys(1, old: 1, named: "waiting:")[0]
      let keys = try clusters.keys(30, old: 0) + clusters.keys(30, old: 2)
      for key in keys { try clusters.store(.old, key, "old") }
      clusters.server(.old, 1).suspend()
      let (waiter, client) = (try RawHTTP(clusters.gateway.address), try RawHTTP(clusters.gateway.address))
      let start = ContinuousClock.now
      try waiter.begin("GET", "/keys/\(waiting)", headers: Self.plain)
      for key in keys {
        #expect(try client.request("GET", "/keys/\(key)", headers: Self.plain).text == "old")
      }
      #expect(try client.items(keys).items.map(\.key) == keys)
      let missing = try clusters.keys(10, old: 2, named: "missing:")
      #expect(try client.items(missing).missing == missing)
      #expect(start.duration(to: .now) < .seconds(2))
      let late = try waiter.receive()
      #expect(late.status == 404)
      #expect(late.header("Cache-Status") == "old; fwd=bypass; detail=timeout, new; fwd=uri-miss")
      let duration = start.duration(to: .now)
      #expect(duration > .milliseconds(2_900) && duration < .seconds(6), "\(duration)")
    }

    @Test("the tiers and their statistics name six nodes, each with its state and what it has")
    func administration() throws {
      let clusters = try TwoClusters()
      let keys = try clusters.keys(60)
      for key in keys { try clusters.store(.old, key, "v") }
      let client = try RawHTTP(clusters.gateway.address)
      #expect(try client.items(keys).items.count == keys.count)
      #expect(try client.items(keys).items.allSatisfy { $0.tier == "new" })
      try clusters.kill(.old, 2)

      let tiers = try http(clusters.gateway.adminAddress, "GET", "/tiers")
      let body = try JSONDecoder().decode(TiersAnswer.self, from: Data(tiers.body)).tiers
      #expect(body.map(\.name) == ["new", "old"] && body.map(\.role) == ["primary", "older"])
      #expect(body.map(\.distribution) == ["ketama", "crc32-modula"])
      #expect(body.map { $0.nodes.map(\.name) } == clusters.servers.map { $0.map { "\($0.address)" } })
      #expect(body[0].nodes.allSatisfy { $0.state == "up" && $0.error == nil })
      #expect(body[1].nodes.prefix(2).allSatisfy { $0.state == "up" })
      #expect(["ejected", "probing"].contains(body[1].nodes[2].state) && body[1].nodes[2].error != nil)

      let statistics = try http(clusters.gateway.adminAddress, "GET", "/stats")
      let answer = try JSONDecoder().decode(StatisticsAnswer.self, from: Data(statistics.body)).tiers
      let counts = answer.map { $0.nodes.map { $0.stats?["curr_items"].flatMap { Int($0) } } }
      for (tier, side) in TwoClusters.Side.allCases.enumerated() {
        for node in 0..<TwoClusters.nodesPerTier where side == .new || node != 2 {
          let own = try keys.filter { try clusters.node(of: $0, in: side) == node }
          #expect(counts[tier][node] == own.count && !own.isEmpty)
        }
      }
      #expect(counts[1][2] == nil && answer[1].nodes[2].error != nil)
      #expect(answer.allSatisfy { $0.served && $0.owed_invalidations == 0 })
      let text = try http(clusters.gateway.adminAddress, "GET", "/tiers", headers: ["Accept: text/plain"])
      #expect(text.text.split(separator: "\n").count == 1 + 2 * TwoClusters.nodesPerTier)
    }
  }
}

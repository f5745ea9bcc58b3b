// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// What nodes can be joined, by which names, and what a cluster makes of its ring.
@Suite struct RingConfigurationTests {
  private let a = RingNode(.tcp(host: "a", port: 11211))

  @Test("a node is known as its clients know it")
  func labels() {
    let addresses: [NodeAddress] = [
      .tcp(host: "Cache1", port: 11211), .tcp(host: "10.0.0.7", port: 11212), .tcp(host: "::1", port: 11211),
      .tcp(host: "::1", port: 7), .unix(path: "/run/m.sock"),
    ]
    let libmemcached = ["Cache1", "10.0.0.7:11212", "::1", "::1:7", "/run/m.sock:0"]
    for distribution in [.ketama, .ketamaMD5, .ketamaWeighted] as [Distribution] {
      #expect(addresses.map { distribution.label(of: RingNode($0)) } == libmemcached)
    }
    let twemproxy = ["Cache1", "10.0.0.7:11212", "::1", "::1:7", "/run/m.sock:"]
    for distribution in [.ketamaTwemproxy, .ketamaTwemproxyMD5] as [Distribution] {
      #expect(addresses.map { distribution.label(of: RingNode($0)) } == twemproxy)
    }
    let pymemcache = ["Cache1:11211", "10.0.0.7:11212", "::1:11211", "::1:7", "/run/m.sock"]
    #expect(addresses.map { Distribution.rendezvous.label(of: RingNode($0)) } == pymemcache)
  }

  @Test("a label stands for the address", arguments: Distribution.allCases)
  func ownLabel(distribution: Distribution) throws {
    #expect(distribution.label(of: RingNode(.tcp(host: "a", port: 1), label: "one")) == "one")
    let direct = (1...3).map { RingNode(.tcp(host: "n\($0)", port: 4000)) }
    let elsewhere = (1...3).map { RingNode(.tcp(host: "tunnel", port: $0), label: "n\($0):4000") }
    let rings = [try distribution.ring(of: direct), try distribution.ring(of: elsewhere)]
    for number in 0..<200 {
      let key = try Key("k\(number)")
      #expect(rings[0].node(for: key) == rings[1].node(for: key))
    }
  }

  @Test("nodes that a ring could not tell apart are refused", arguments: Distribution.allCases)
  func duplicates(distribution: Distribution) {
    #expect(throws: RingError.duplicate("a:11211")) { try distribution.ring(of: [a, a]) }
    let labelled = ["b", "c"].map { RingNode(.tcp(host: $0, port: 11211), label: "x") }
    #expect(throws: RingError.duplicate("x")) { try distribution.ring(of: labelled) }
  }

  @Test("what cannot be meant is refused", arguments: Distribution.allCases)
  func refusals(distribution: Distribution) {
    #expect(throws: RingError.noNodes) { try distribution.ring(of: []) }
    #expect(throws: RingError.memoryNode("memory:64MiB")) {
      try distribution.ring(of: [a, RingNode(.memory(bytes: 64 << 20))])
    }
    #expect(throws: RingError.emptyLabel(node: "a:11211")) {
      try distribution.ring(of: [RingNode(a.address, label: "")])
    }
    for weight in [0, -1, 65_536] {
      #expect(throws: RingError.weightOutOfRange(node: "a:11211", weight: weight)) {
        try distribution.ring(of: [RingNode(a.address, weight: weight)])
      }
    }
  }

  @Test("weights are refused where the clients have none or ignore them")
  func weightsUnsupported() {
    #expect(Distribution.allCases.filter { !$0.hasWeights } == [.modula, .rendezvous])
    for distribution in Distribution.allCases where !distribution.hasWeights {
      #expect(throws: RingError.weightUnsupported(distribution, node: "a:11211")) {
        try distribution.ring(of: [RingNode(a.address, weight: 2)])
      }
    }
  }

  @Test("distributions go by the names of the command line")
  func names() {
    let names = [
      "ketama", "ketama-md5", "ketama-weighted", "ketama-twemproxy", "ketama-twemproxy-md5", "modula",
      "crc32-modula", "rendezvous",
    ]
    #expect(Distribution.allCases.map(\.rawValue) == names)
    #expect(Distribution.default.rawValue == "ketama")
  }

  @Test("a cluster asks the node that its ring names")
  func cluster() throws {
    let nodes = (1...5).map { SilentNode(name: "n\($0)") }
    let ring = try Distribution.ketama.ring(of: nodes.map { RingNode(.tcp(host: $0.name, port: 11211)) })
    let cluster = Cluster(nodes: nodes, ring: ring)
    var asked: Set<String> = []
    for number in 0..<500 {
      let key = try Key("k\(number)")
      #expect(cluster.node(for: key) === nodes[ring.node(for: key)])
      asked.insert(cluster.node(for: key).name)
    }
    #expect(asked.count == 5)
    #expect(Cluster(nodes: [nodes[2]]).node(for: try Key("k")) === nodes[2])
  }
}

/// A node with a name and nothing else.
private final class SilentNode: Node {
  let name: String
  let status = NodeStatus(state: .up)

  init(name: String) { self.name = name }

  func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    completion(.failure(MemcachedError(.closed, "this node answers nothing")))
  }

  func close() {}
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Testing

/// Two tiers of three real servers each behind the real program, as those have them who move from one
/// cluster to another.
final class TwoClusters {
  enum Side: Int, CaseIterable {
    case new, old
    var name: String { self == .new ? "new" : "old" }
  }

  static let nodesPerTier = 3

  /// By tier, in the order in which they are configured.
  let servers: [[MemcachedServer]]
  let gateway: GatewayProcess
  private let rings: [any Ring]

  /// Starts them, and returns when the gateway has reached every server.
  /// - Parameters:
  ///   - configured: what the gateway is told of the old tier; nil = what it is.
  ///   - arguments: of `crossfade serve`, beside the tiers.
  ///   - serverArguments: of each memcached.
  init(
    new: Distribution = .ketama, old: Distribution = .crc32Modula, configured: Distribution? = nil,
    _ arguments: [String] = [], serverArguments: [String] = []
  ) throws {
    let servers = try Side.allCases.map { _ in
      try (0..<TwoClusters.nodesPerTier).map { _ in try MemcachedServer(arguments: serverArguments) }
    }
    self.servers = servers
    rings = try zip([new, old], servers).map { try $0.ring(of: $1.map { RingNode($0.nodeAddress) }) }
    let distributions = [new, configured ?? old]
    let tiers = Side.allCases.flatMap { side in
      let nodes = servers[side.rawValue].map { "\($0.address)" }.joined(separator: ",")
      let distribution = distributions[side.rawValue].rawValue
      return ["--tier", "\(side.name)=\(nodes)", "--distribution", "\(side.name)=\(distribution)"]
    }
    gateway = try GatewayProcess(tiers + ["--workers", "2"] + arguments)
    for side in Side.allCases {
      for node in 0..<TwoClusters.nodesPerTier { try waitFor("up", side, node, from: 0) }
    }
  }

  func server(_ side: Side, _ node: Int) -> MemcachedServer { servers[side.rawValue][node] }

  /// Waits until the log, from that line on, says that a node has come into a state: for all workers when
  /// it is `up`, for one of them when it is `ejected`.
  func waitFor(_ state: String, _ side: Side, _ node: Int, from line: Int) throws {
    let address = "node=\(server(side, node).address)"
    let isThere = gateway.line(from: line) { line in
      line.contains(" node \(state) ") && line.split(separator: " ").contains { $0 == address }
    }
    guard isThere != nil else {
      let log = gateway.lines.joined(separator: "\n")
      throw GatewayProcess.Failure(description: "\(side.name) node \(node) is not \(state):\n\(log)")
    }
  }

  // MARK: Trouble

  /// Kills a server: what it had is lost. Returns when the gateway has seen it.
  func kill(_ side: Side, _ node: Int) throws {
    let line = gateway.lines.count
    server(side, node).kill()
    try waitFor("ejected", side, node, from: line)
  }

  /// Starts a server again that was killed, and returns when the gateway uses it.
  func restart(_ side: Side, _ node: Int) throws {
    let line = gateway.lines.count
    try server(side, node).restart()
    try waitFor("up", side, node, from: line)
  }

  /// Lets a server go on that was suspended and ejected, and returns when the gateway uses it.
  func resume(_ side: Side, _ node: Int) throws {
    let line = gateway.lines.count
    server(side, node).resume()
    try waitFor("up", side, node, from: line)
  }

  // MARK: Keys and places

  /// The node that has the key by the tier's distribution.
  func node(of key: String, in side: Side) throws -> Int { rings[side.rawValue].node(for: try Key(key)) }

  /// The first keys, named in order, that belong to these nodes; nil = to any.
  func keys(_ count: Int, new: Int? = nil, old: Int? = nil, named prefix: String = "key:") throws -> [String]
  {
    var keys: [String] = []
    var number = 0
    while keys.count < count {
      let key = "\(prefix)\(number)"
      number += 1
      let places = (try node(of: key, in: .new), try node(of: key, in: .old))
      if new ?? places.0 == places.0, old ?? places.1 == places.1 { keys.append(key) }
    }
    return keys
  }

  /// Puts an item where a client of that tier does.
  func store(_ side: Side, _ key: String, _ value: String, flags: Int = 0, ttl: Int = 0) throws {
    try server(side, node(of: key, in: side)).store(key, value, flags: flags, ttl: ttl)
  }

  /// The nodes of a tier that have the key; those that are down have nothing.
  func places(of keys: [String], in side: Side) throws -> [String: [Int]] {
    var places: [String: [Int]] = [:]
    for (node, server) in servers[side.rawValue].enumerated() where server.pid != nil {
      for key in try server.items(keys).keys { places[key, default: []].append(node) }
    }
    return places
  }

  // MARK: Asking

  /// The nodes' states by tier, as the gateway sees them.
  func states() throws -> [[String]] {
    let body = try http(gateway.adminAddress, "GET", "/tiers").body
    return try JSONDecoder().decode(TiersAnswer.self, from: Data(body)).tiers.map { $0.nodes.map(\.state) }
  }

  /// How many copies are owed to a tier.
  func owed(to side: Side) throws -> Int {
    let text = try http(gateway.adminAddress, "GET", "/stats?tier=\(side.name)").body
    let answer = try JSONDecoder().decode(StatisticsAnswer.self, from: Data(text))
    return try #require(answer.tiers.first).owed_invalidations
  }

  /// Waits until nothing is owed to a tier: a state that the program has no event for.
  func waitUntilNothingIsOwed(to side: Side) throws {
    let limit = Date().addingTimeInterval(10)
    while try owed(to: side) > 0 {
      guard Date() < limit else { throw GatewayProcess.Failure(description: "copies are still owed") }
      usleep(10_000)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

/// A memory node that can be made to fail, to answer late, and to tell what it was asked.
final class UnreliableNode: Node {
  let store = MemoryStore(capacity: 8 << 20)
  let name: String
  private(set) var asked: [String] = []
  /// Until when, in the order of `asked`.
  private(set) var deadlines: [Instant] = []
  var isDown = false
  /// Writes are done and their answers lost, as when a connection ends in between.
  var losesAnswers = false
  /// Whether hits have their ttl, as they do in the meta protocol.
  var tellsTTL = true
  /// Commands whose name fits wait until `release()`.
  var holds: (String) -> Bool = { _ in false }
  private var held: [() -> Void] = []

  init(_ name: String) { self.name = name }

  var status: NodeStatus { NodeStatus(state: isDown ? .ejected : .up) }

  func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    let verb = UnreliableNode.verb(command.operation)
    asked.append(verb)
    deadlines.append(deadline)
    let answer = { [self] in
      if isDown { return completion(.failure(MemcachedError(.down, "scripted", node: name))) }
      let result = store.perform(command).map { tellsTTL ? $0 : UnreliableNode.withoutTTL($0) }
      if !losesAnswers || !command.isWrite { return completion(result) }
      completion(.failure(MemcachedError(.connectionLost, "scripted", node: name, outcome: .unknown)))
    }
    if holds(verb) { held.append(answer) } else { answer() }
  }

  private static func withoutTTL(_ reply: Reply) -> Reply {
    guard case .hit(var item) = reply else { return reply }
    item.ttl = .unknown
    return .hit(item)
  }

  func close() {}

  /// Does what was held, in order.
  func release() {
    let answers = held
    held = []
    holds = { _ in false }
    for answer in answers { answer() }
  }

  var heldCount: Int { held.count }

  /// What other clients of the same server do.
  func put(_ key: String, _ value: String, flags: UInt32 = 0, ttl: UInt32 = 0) throws {
    let store = Command.Operation.store(
      .set, value: Array(value.utf8), flags: flags, exptime: Exptime(seconds: ttl))
    _ = try self.store.perform(Command(Key(key), store)).get()
  }

  func item(_ key: String) throws -> Item? {
    try store.perform(Command(Key(key), .get(isPeek: true))).get().item
  }

  func text(_ key: String) throws -> String? {
    try item(key).map { String(decoding: $0.value, as: UTF8.self) }
  }

  private static func verb(_ operation: Command.Operation) -> String {
    switch operation {
    case .get: "get"
    case .look: "look"
    case .store(let mode, _, _, _):
      switch mode {
      case .set: "set"
      case .add: "add"
      case .replace: "replace"
      case .append: "append"
      case .prepend: "prepend"
      case .cas: "cas"
      }
    case .delete: "delete"
    case .increment: "incr"
    case .decrement: "decr"
    case .touch: "touch"
    case .flushAll: "flush_all"
    case .stats: "stats"
    case .version: "version"
    }
  }
}

/// A client over unreliable nodes, called as if it were blocking.
final class Tiers {
  let loop: EventLoop
  let client: FallbackClient
  let nodes: [UnreliableNode]

  init(
    _ policy: FallbackPolicy = .strict, nodes: [UnreliableNode]? = nil,
    coordination: TierCoordination = TierCoordination(), operationTimeout: Duration = .seconds(1),
    loop: EventLoop? = nil
  ) throws {
    self.loop = try loop ?? EventLoop()
    self.nodes = nodes ?? Tiers.names.map(UnreliableNode.init)
    client = FallbackClient(
      tiers: self.nodes.map { Tier(name: $0.name, cluster: Cluster(nodes: [$0])) }, policy: policy,
      operationTimeout: operationTimeout, coordination: coordination, loop: self.loop)
  }

  /// The next generation, of these nodes; each tier's id goes with its name.
  init(succeeding former: Tiers, _ nodes: [UnreliableNode], draining: [String] = []) {
    (loop, self.nodes) = (former.loop, nodes)
    let tiers = nodes.map { node in
      Tier(
        name: node.name, cluster: Cluster(nodes: [node]), isRead: !draining.contains(node.name),
        id: Tiers.names.firstIndex(of: node.name))
    }
    let coordination = former.client.coordination
    client = FallbackClient(
      tiers: tiers, policy: former.client.policy,
      coordination: TierCoordination(
        succeeding: coordination, backfill: coordination.backfill), loop: loop, succeeding: former.client)
  }

  private static let names = ["new", "old", "older"]

  var new: UnreliableNode { nodes[0] }
  var old: UnreliableNode { nodes[1] }
  var older: UnreliableNode { nodes[2] }

  /// The answer of a call, once there is one.
  func answer(_ call: (FallbackClient, @escaping (Answer) -> Void) throws -> Void) throws -> Answer {
    var answer: Answer?
    try call(client) { answer = $0 }
    while answer == nil { try loop.turn() }
    return try #require(answer)
  }

  func reply(_ call: (FallbackClient, @escaping (Answer) -> Void) throws -> Void) throws -> Reply {
    try answer(call).result.get()
  }

  func get(_ key: String) throws -> String? {
    try reply { try $0.get(Key(key), completion: $1) }.item.map { String(decoding: $0.value, as: UTF8.self) }
  }

  func set(_ key: String, _ value: String, ttl: UInt32 = 0) throws -> Reply {
    try reply { try $0.set(Key(key), Array(value.utf8), exptime: Exptime(seconds: ttl), completion: $1) }
  }

  func delete(_ key: String) throws -> Reply { try reply { try $0.delete(Key(key), completion: $1) } }
}

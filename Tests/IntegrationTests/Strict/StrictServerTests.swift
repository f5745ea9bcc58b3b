// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import MemcachedTesting
import Reactor
import Testing

extension Program {
  /// The random operations of the model's own tests over two real servers: what memory tiers promise,
  /// memcached must keep, too. One operation at a time, and times to live that no test sees the end of.
  @Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
  struct StrictServerTests {
    private static let steps = 3_000
    private static let stepsPerSeeding = 150

    @Test(
      "over real servers every reply is the perfect cache's",
      arguments: [(UInt64(1), FallbackPolicy.strict), (2, .mirror)])
    func sameAsOneCache(seed: UInt64, policy: FallbackPolicy) throws {
      let servers = try (0..<2).map { _ in try MemcachedServer(arguments: NodeConformance.serverArguments) }
      let pair = try Pair(servers, policy)
      var random = try RandomCommands(seed: seed, keyCount: 8, ttls: [0, 1_000, 5_000])
      var model = CacheModel(slack: 120)
      var reads: [Key: (token: CASToken?, tier: Int, changes: Int)] = [:]
      for step in 0..<Self.steps {
        if step % Self.stepsPerSeeding == 0 {
          try pair.empty()
          (model, reads) = (CacheModel(slack: 120), [:])
          for key in random.keys where random.chance(75) { try seedOlder(key, &random, &model, servers[1]) }
        }
        let key = random.key()
        let read = reads[key]
        let operation = random.operation(token: read?.token)
        let violation: String?
        if case .get = operation {
          let id = model.beginRead(key)
          let answer = try pair.perform(key, operation, client: random.number(in: 0..<2))
          violation = model.endRead(id, answer.result)
          if let item = try? answer.result.get().item {
            reads[key] = (item.cas, answer.tier, model.changes(of: key))
          }
        } else {
          let isFresh = read.map { $0.tier == 0 && $0.changes == model.changes(of: key) }
          let id = model.beginWrite(key, operation, isFresh: isFresh)
          let answer = try pair.perform(key, operation, client: random.number(in: 0..<2))
          violation = model.endWrite(id, key, answer.result)
        }
        guard let violation else { continue }
        Issue.record("seed \(seed), step \(step), \(operation): \(violation)")
        return
      }
    }

    // What applications once put into the old cluster.
    private func seedOlder(
      _ key: Key, _ random: inout RandomCommands, _ model: inout CacheModel, _ server: MemcachedServer
    ) throws {
      let (value, exptime) = (random.value(), random.exptime())
      let connection = try RawConnection(to: server.address)
      try connection.send("set \(key) 5 \(exptime.seconds) \(value.count)\r\n")
      try connection.send(value + Array("\r\n".utf8))
      #expect(try connection.readLine() == "STORED")
      let expires = exptime == .never ? nil : Int64(exptime.seconds)
      model.seed(key, [.init(value: value, flags: 5, expires: expires)])
    }
  }
}

/// Two clients of the same two tiers, as two workers of one process have them.
private final class Pair: Sendable {
  private let runner: LoopRunner
  private let clients: LoopBound<[FallbackClient]>

  init(_ servers: [MemcachedServer], _ policy: FallbackPolicy) throws {
    var settings = NodeSettings()
    (settings.operationTimeout, settings.connectTimeout) = (.seconds(5), .seconds(5))
    // One at a time no read can be slower than a write, so that no backfill need be held back.
    let coordination = TierCoordination(writes: WriteLedger(suppression: .zero))
    let addresses = servers.map(\.nodeAddress)
    let runner = try LoopRunner(name: "clients")
    self.runner = runner
    clients = runner.run { [settings] loop in
      let clients = (0..<2).map { _ in
        let nodes = addresses.map { ServerNode($0, settings: settings, loop: loop) }
        let tiers = zip(["new", "old"], nodes).map { Tier(name: $0, cluster: Cluster(nodes: [$1])) }
        return FallbackClient(
          tiers: tiers, policy: policy, operationTimeout: .seconds(10), coordination: coordination, loop: loop
        )
      }
      return LoopBound(clients, on: loop)
    }
  }

  deinit { runner.run { [clients] _ in for client in clients.use() { client.close() } } }

  func perform(_ key: Key, _ operation: Command.Operation, client: Int) throws -> Answer {
    try runner.wait { [clients] _, done in
      clients.use()[client].perform(key, operation, completion: done)
    }
  }

  /// Empties both servers, through both clients: behind whatever copies they still have on their way.
  func empty() throws {
    for client in 0..<2 {
      let answers: [TierAnswers] = try runner.wait { [clients] _, done in
        clients.use()[client].flushAll(tiers: ["new", "old"], completion: done)
      }
      #expect(answers.flatMap(\.nodes).allSatisfy { $0.result == .success(.flushed) })
    }
  }
}

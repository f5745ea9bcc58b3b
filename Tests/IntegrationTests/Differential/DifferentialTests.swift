// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Reactor
import Testing

/// One operation of a random sequence, as both clients get it.
struct RandomOperation: Codable {
  var verb: String
  var key: String?
  var keys: [String]?
  var value: String?
  var ttl: Int?
  var delta: UInt64?

  /// Few keys and short values, so that operations meet; most ttl are long, so that none expires by
  /// chance on one side only.
  static func random(using generator: inout SeededGenerator) -> RandomOperation {
    let verbs = [
      "get", "get", "get", "gets", "gets", "get_many", "get_many", "gets_many", "set", "set", "add",
      "replace",
      "append", "prepend", "cas", "cas", "incr", "decr", "touch", "delete", "delete",
    ]
    var operation = RandomOperation(verb: verbs.randomElement(using: &generator)!)  // it is not empty
    if Int.random(in: 0..<300, using: &generator) == 0 { operation.verb = "flush_all" }
    operation.key = key(using: &generator)
    operation.keys = (0..<Int.random(in: 1...5, using: &generator)).map { _ in key(using: &generator) }
    operation.value = value(using: &generator)
    operation.ttl = [0, 0, 0, 1000, 5000].randomElement(using: &generator)
    operation.delta = [1, 7, 100, UInt64.max].randomElement(using: &generator)
    return operation
  }

  static func key(using generator: inout SeededGenerator) -> String {
    "key-\(Int.random(in: 0..<12, using: &generator))"
  }

  private static func value(using generator: inout SeededGenerator) -> String {
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: return ""
    case 1: return String(UInt64.random(in: 0...200, using: &generator))
    default:
      let bytes = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      return String(decoding: bytes.map(UInt16.init), as: UTF16.self)
    }
  }
}

/// pymemcache's FallbackClient in a process of its own.
private final class PymemcachePeer {
  private let process: ChildProcess
  private let input: FileHandle
  private let output: LinePipe
  private var answered = 0

  init(new: MemcachedServer, old: MemcachedServer) throws {
    let root = GatewayProcess.packageRoot
    let python = ProcessInfo.processInfo.environment["CROSSFADE_PYTHON"] ?? root + "/.venv/bin/python"
    let script = root + "/Tests/IntegrationTests/Differential/pymemcache_peer.py"
    let pipe = try openPipe()
    output = try LinePipe()
    process = try ChildProcess(
      python, [script, "\(new.address.port)", "\(old.address.port)"],
      streams: .init(input: pipe.readEnd, output: output.writeEnd, errors: STDERR_FILENO))
    close(pipe.readEnd)
    output.closeWriting()
    input = FileHandle(fileDescriptor: pipe.writeEnd, closeOnDealloc: true)
  }

  /// The answer as canonical JSON text.
  func perform(_ operation: RandomOperation) throws -> String {
    try input.write(contentsOf: JSONEncoder().encode(operation) + Data("\n".utf8))
    guard let line = output.line(from: answered) else {
      throw GatewayProcess.Failure(description: "the peer does not answer")
    }
    answered += 1
    return try canonical(JSONDecoder().decode(Comparable.self, from: Data(line.utf8)))
  }

  func stop() {
    // The end of its input is the end of the peer; should it not see that, its owner's end is.
    try? input.close()
    process.wait()
  }
}

/// What a client returned, in a form both can be brought to.
private enum Comparable: Codable, Equatable {
  case none
  case text(String)
  case list([Comparable])
  case map([String: Comparable])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .none
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([Comparable].self) {
      self = .list(list)
    } else {
      self = .map(try container.decode([String: Comparable].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .none: try container.encodeNil()
    case .text(let text): try container.encode(text)
    case .list(let list): try container.encode(list)
    case .map(let map): try container.encode(map)
    }
  }
}

private func canonical(_ value: Comparable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Our client under the policy `pymemcache`, spoken to as the peer is.
private final class OurPeer {
  private let client: AsyncFallbackClient
  private var tokens: [String: UInt64] = [:]

  init(new: MemcachedServer, old: MemcachedServer, _ choice: ProtocolChoice) throws {
    var settings = NodeSettings()
    settings.wireProtocol = choice
    let tiers = [(name: "new", node: new.nodeAddress), (name: "old", node: old.nodeAddress)]
    client = try AsyncFallbackClient(tiers: tiers, policy: .pymemcache, settings: settings)
  }

  func stop() { client.close() }

  func perform(_ operation: RandomOperation) async throws -> String {
    try canonical(await result(operation))
  }

  private func result(_ operation: RandomOperation) async throws -> Comparable {
    let key = try Key(operation.key ?? "")
    let value = Array((operation.value ?? "").utf16.map { UInt8($0) })
    let exptime = Exptime(seconds: UInt32(operation.ttl ?? 0))
    switch operation.verb {
    case "get": return try await client.get(key).map { text($0) } ?? .none
    case "gets":
      let item = try await client.gets(key)
      tokens["\(key)"] = item?.cas?.unique
      return item.map { pair($0) } ?? .list([.none, .none])
    case "get_many": return .map(try await items(operation, client.getMany).mapValues { text($0) })
    case "gets_many":
      let found = try await items(operation, client.getsMany)
      for (key, item) in found { tokens[key] = item.cas?.unique }
      return .map(found.mapValues { pair($0) })
    case "set": try await client.set(key, value, exptime: exptime)
    case "add": try await client.add(key, value, exptime: exptime)
    case "replace": try await client.replace(key, value, exptime: exptime)
    case "append": try await client.append(key, value)
    case "prepend": try await client.prepend(key, value)
    case "cas":
      let token = CASToken(boot: CASToken.anyBoot, unique: tokens["\(key)"] ?? 1)
      try await client.cas(key, value, token: token, exptime: exptime)
    case "incr": return counter(try await client.incr(key, by: operation.delta ?? 1))
    case "decr": return counter(try await client.decr(key, by: operation.delta ?? 1))
    case "touch": try await client.touch(key, exptime: exptime)
    case "delete": try await client.delete(key)
    case "flush_all": _ = try await client.flushAll()
    default: Issue.record("no such verb: \(operation.verb)")
    }
    return .none
  }

  // pymemcache raises for a value that is no number, and returns nothing else.
  private func counter(_ reply: Reply) -> Comparable {
    reply == .notNumeric ? .text("MemcacheClientError") : .none
  }

  private func items(
    _ operation: RandomOperation, _ read: ([Key]) async throws -> [Key: Item]
  ) async throws -> [String: Item] {
    let found = try await read((operation.keys ?? []).map { try Key($0) })
    return Dictionary(uniqueKeysWithValues: found.map { ("\($0.key)", $0.value) })
  }

  private func text(_ item: Item) -> Comparable {
    .text(String(decoding: item.value.map(UInt16.init), as: UTF16.self))
  }

  private func pair(_ item: Item) -> Comparable {
    .list([text(item), item.cas.map { .text(String($0.unique)) } ?? .none])
  }
}

extension Program {
  @Suite struct DifferentialTests {
    /// The same random operations through pymemcache 4.0.0's FallbackClient and through ours, each on its
    /// own pair of servers; then every key of all four servers is compared.
    @Test(
      "the policy pymemcache does what pymemcache's FallbackClient does",
      arguments: [(UInt64(1), ProtocolChoice.auto), (2, .classic), (3, .auto), (4, .classic)])
    func sameAsPymemcache(_ seed: UInt64, _ choice: ProtocolChoice) async throws {
      let servers = try (0..<4).map { _ in try MemcachedServer() }
      let theirs = try PymemcachePeer(new: servers[0], old: servers[1])
      let ours = try OurPeer(new: servers[2], old: servers[3], choice)
      defer {
        theirs.stop()
        ours.stop()
      }
      var generator = SeededGenerator(seed: seed)
      for step in 0..<1500 {
        if step % 100 == 0 { try seedOlderTiers(servers, using: &generator) }
        let operation = RandomOperation.random(using: &generator)
        let expected = try theirs.perform(operation)
        let actual = try await ours.perform(operation)
        guard actual == expected else {
          Issue.record("seed \(seed), step \(step), \(operation): pymemcache \(expected), ours \(actual)")
          return
        }
      }
      try await expectSameState(servers[0], servers[2], "new, seed \(seed)")
      try await expectSameState(servers[1], servers[3], "old, seed \(seed)")
    }

    // The old cluster has what applications once put there; the clients under test never write to it.
    private func seedOlderTiers(_ servers: [MemcachedServer], using generator: inout SeededGenerator) throws {
      var commands = ""
      for _ in 0..<6 {
        let key = RandomOperation.key(using: &generator)
        let value = "old-\(Int.random(in: 0..<1000, using: &generator))"
        commands += "set \(key) 5 0 \(value.utf8.count)\r\n\(value)\r\n"
      }
      for server in [servers[1], servers[3]] {
        let connection = try RawConnection(to: server.address)
        try connection.send(commands)
        for _ in 0..<6 { #expect(try connection.readLine() == "STORED") }
      }
    }

    private func expectSameState(_ left: MemcachedServer, _ right: MemcachedServer, _ name: String)
      async throws
    {
      for number in 0..<12 {
        let states = try [left, right].map { try state(of: "key-\(number)", on: $0) }
        #expect(states[0].value == states[1].value, "key-\(number) of \(name)")
        #expect(abs(states[0].ttl - states[1].ttl) <= 5, "ttl of key-\(number) of \(name)")
      }
    }

    /// Value, flags and cas as the server sends them, and the ttl apart: two servers may differ by moments.
    private func state(of key: String, on server: MemcachedServer) throws -> (value: String, ttl: Int) {
      let connection = try RawConnection(to: server.address)
      try connection.send("mg \(key) t\r\nmg \(key) s f c v\r\nmn\r\n")
      let ttl = try connection.readLine()
      let rest = try connection.read(until: "MN\r\n")
      return (String(decoding: rest, as: UTF8.self), Int(ttl.dropFirst(4)) ?? -2)
    }
  }
}

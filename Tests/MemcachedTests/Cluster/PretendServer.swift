// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import MemcachedTesting
import Reactor
import Testing

typealias Request = WireRequest

extension WireRequest {
  /// The opaque of a meta request as it stands on the wire: `O17`.
  var opaque: String { words.dropFirst().last { $0.hasPrefix("O") }.map(String.init) ?? "" }
}

/// A scripted server that opens connections as memcached does and leaves the rest to a test.
enum PretendServer {
  typealias Answer = @Sendable (_ connection: Int, _ request: Request) -> [ScriptedServer.Step]

  static func start(version: String = "1.6.18", answer: @escaping Answer) throws -> ScriptedServer {
    try .answeringRequests { connection, request in
      opening(request, version) ?? answer(connection, request)
    }
  }

  private static func opening(_ request: Request, _ version: String) -> [ScriptedServer.Step]? {
    switch request.line {
    case "mn": [.send("MN\r\n")]
    case "version": [.send("VERSION \(version)\r\n")]
    case "stats": [.send("STAT pid 7\r\nSTAT uptime 5\r\nSTAT time 1700000000\r\nEND\r\n")]
    case "stats settings": [.send("STAT item_size_max 2097152\r\nEND\r\n")]
    case "quit": [.close]
    default: nil
    }
  }
}

extension ScriptedServer {
  var nodeAddress: NodeAddress { .tcp(host: "127.0.0.1", port: address.port) }
}

/// A `ServerNode` on a loop of its own, with times that a busy machine does not exceed by chance.
final class Subject: Sendable {
  typealias Outcome = Result<Reply, MemcachedError>

  private let runner: LoopRunner
  private let node: LoopBound<ServerNode>
  private let log: LoopBound<StateLog>

  init(_ address: NodeAddress, _ change: (inout NodeSettings) -> Void = { _ in }) throws {
    var settings = NodeSettings()
    settings.connectTimeout = .seconds(5)
    settings.operationTimeout = .seconds(5)
    settings.shortestBackOff = .milliseconds(5)
    change(&settings)
    let runner = try LoopRunner(name: "subject")
    self.runner = runner
    (node, log) = runner.run { [settings] loop in
      let (node, log) = (ServerNode(address, settings: settings, loop: loop), StateLog())
      node.whenStateChanges { log.add($0.state) }
      return (LoopBound(node, on: loop), LoopBound(log, on: loop))
    }
  }

  deinit { runner.run { [node] _ in node.use().close() } }

  var status: NodeStatus { runner.run { [node] _ in node.use().status } }

  /// The states that the node has told of, once there are enough.
  func states(
    until isEnough: @escaping ([NodeStatus.State]) -> Bool = { _ in true }
  ) throws -> [NodeStatus.State] {
    try runner.wait(upTo: .seconds(20)) { [log] _, done in log.use().wait(until: isEnough, done) }
  }

  /// Submits all in one turn; their outcomes in the order of the commands, once there are all.
  func outcomes(_ commands: [Command], within timeout: Duration = .seconds(20)) throws -> [Outcome] {
    try completions(commands, within: timeout).sorted { $0.index < $1.index }.map(\.outcome)
  }

  /// The same in the order in which they completed.
  func completions(
    _ commands: [Command], within timeout: Duration = .seconds(20), thenClose: Bool = false
  ) throws -> [(index: Int, outcome: Outcome)] {
    try runner.wait(upTo: timeout + .seconds(5)) { [node] loop, done in
      var all: [(index: Int, outcome: Outcome)] = []
      for (index, command) in commands.enumerated() {
        node.use().submit(command, deadline: .current() + timeout) { outcome in
          all.append((index, outcome))
          if all.count == commands.count { done(all) }
        }
      }
      if thenClose { node.use().close() }
    }
  }

  func outcome(_ command: Command, within timeout: Duration = .seconds(20)) throws -> Outcome {
    try outcomes([command], within: timeout)[0]
  }

  func reply(_ command: Command) throws -> Reply { try outcome(command).get() }

  /// Does `body` with the node, on its loop.
  func onLoop<Value>(
    _ body: (ServerNode, EventLoop, @escaping (Value) -> Void) throws -> Void
  ) throws -> Value {
    try runner.wait(upTo: .seconds(20)) { [node] in try body(node.use(), $0, $1) }
  }

  /// Waits until a request has been answered, so that the connection is there; false after 10 s.
  func becomesUsable() throws -> Bool {
    let limit = Instant.current() + .seconds(10)
    while Instant.current() < limit {
      if case .success = try outcome(Command(.version)) { return true }
      // While it is down a request fails at once, and nothing tells when that ends.
      try pause(.milliseconds(2))
    }
    return false
  }

  /// Lets time pass on the node's loop.
  func pause(_ duration: Duration) throws {
    let _: Bool = try onLoop { _, loop, done in loop.schedule(after: duration) { done(true) } }
  }
}

/// The states that a node tells of. Bound to the node's loop.
final class StateLog {
  private var states: [NodeStatus.State] = []
  private var waiting: (isEnough: ([NodeStatus.State]) -> Bool, done: ([NodeStatus.State]) -> Void)?

  func add(_ state: NodeStatus.State) {
    states.append(state)
    look()
  }

  func wait(
    until isEnough: @escaping ([NodeStatus.State]) -> Bool, _ done: @escaping ([NodeStatus.State]) -> Void
  ) {
    waiting = (isEnough, done)
    look()
  }

  private func look() {
    guard let waiting, waiting.isEnough(states) else { return }
    self.waiting = nil
    waiting.done(states)
  }
}

// Short words for commands, and for how they ended.
extension Command {
  static func get(_ key: String = "k") throws -> Command { Command(try Key(key), .get(isPeek: false)) }

  static func set(
    _ value: String, _ key: String = "k", _ mode: StoreMode = .set, noreply: Bool = false
  ) throws -> Command {
    try set(Array(value.utf8), key, mode, noreply: noreply)
  }

  static func set(
    _ value: [UInt8], _ key: String = "k", _ mode: StoreMode = .set, noreply: Bool = false
  ) throws -> Command {
    Command(
      try Key(key), .store(mode, value: value, flags: 0, exptime: .never), noreply: noreply)
  }

  static func delete(_ key: String = "k", _ token: CASToken? = nil) throws -> Command {
    Command(try Key(key), .delete(ifUnchanged: token))
  }
}

extension Result<Reply, MemcachedError> {
  /// `hit v`, `stored`, or `timeout unknown`: the failure's word and what became of a write.
  var text: String {
    switch self {
    case .success(.hit(let item)): "hit \(String(decoding: item.value, as: UTF8.self))"
    case .success(.stored): "stored"
    case .success(let reply): "\(reply)"
    case .failure(let error): "\(error.word) \(error.outcome.rawValue)"
    }
  }

  var failure: MemcachedError? {
    if case .failure(let error) = self { error } else { nil }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Reactor
import Testing

/// A node that talks to a real memcached, held to the same promises as the memory node.
@Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
struct ServerConformanceTests {
  @Test(
    "a node keeps all promises",
    arguments: [
      (ProtocolChoice.classic, NodeConformance.Capabilities.classic, MemcachedServer.Transport.tcp),
      (.meta, .meta, .tcp), (.auto, .meta, .unix),
    ])
  func aNodeKeepsAllPromises(
    choice: ProtocolChoice, capabilities: NodeConformance.Capabilities, transport: MemcachedServer.Transport
  ) async throws {
    let violations = try await Self.onThread {
      try NodeConformance.run(
        NodeConformance.cases(for: capabilities), capabilities: capabilities,
        // The only way to let a server's own clock go on.
        wait: { Thread.sleep(forTimeInterval: Double($0)) },
        makeNode: { try Self.perform(choice, transport) })
    }
    for violation in violations { Issue.record(violation) }
  }

  private static func perform(
    _ choice: ProtocolChoice, _ transport: MemcachedServer.Transport
  ) throws -> NodeConformance.Perform {
    let server = try MemcachedServer(arguments: NodeConformance.serverArguments, transport: transport)
    var settings = NodeSettings()
    settings.wireProtocol = choice
    // Two cores may be busy with other tests.
    settings.operationTimeout = .seconds(5)
    let node = try BlockingNode { ServerNode(server.nodeAddress, settings: settings, loop: $0) }
    // The server lives as long as the closure that needs it.
    return { command in withExtendedLifetime(server) { node.perform(command) } }
  }

  // The threads that run tests are as few as the cores: not to be kept waiting for a server's clock.
  private static func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      do {
        try startThread(named: "conformance") { continuation.resume(with: Result { try body() }) }
      } catch { continuation.resume(throwing: error) }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import GnuTLS
import MemcachedTesting
import Reactor
import Testing

@testable import Memcached

/// A copy that a stopped primary has in its socket's buffer, and a delete through another worker's connection.
@Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
struct HungPrimaryTests {
  private struct Case: Sendable, CustomTestStringConvertible {
    let transport: MemcachedServer.Transport
    let choice: ProtocolChoice
    let isPromotion: Bool

    var testDescription: String { "\(transport) \(choice)" + (isPromotion ? " promotion" : "") }
  }

  private static let cases = [
    Case(transport: .tcp, choice: .meta, isPromotion: false),
    Case(transport: .tcp, choice: .classic, isPromotion: false),
    Case(transport: .unix, choice: .meta, isPromotion: false),
    Case(transport: .tcp, choice: .meta, isPromotion: true),
  ]

  @Test("the delete waits until the copy is settled, and the value does not come back", arguments: cases)
  private func deleteOfHungCopy(_ test: Case) throws {
    let server = try MemcachedServer(transport: test.transport)
    try deleteOfHungCopy(server, HungPair(server, test.choice), isPromotion: test.isPromotion)
  }

  @Test("so it is over TLS, where the end of the session is the end of the stream")
  func overTLS() throws {
    let authority = try CertificateAuthority()
    let server = try MemcachedServer(transport: .tls(authority.issue()))
    var configuration = TLSContext.Configuration()
    configuration.authoritiesFile = authority.path
    let pair = try HungPair(server, .meta, TLSContext(configuration))
    try deleteOfHungCopy(server, pair, isPromotion: false)
  }

  private func deleteOfHungCopy(_ server: MemcachedServer, _ pair: HungPair, isPromotion: Bool) throws {
    try pair.leaveCopy(isPromotion: isPromotion, with: server)
    try pair.beginDelete()
    // Long after the add's time is up, when its connection has been given up.
    try pair.waitUntilPrimaryIsLost()
    #expect(pair.deleted == nil)
    server.resume()
    #expect(try pair.waitForDelete().get() == .deleted)
    #expect(try HungPrimaryTests.has("k", server) == false)
  }

  @Test(
    "a primary that is killed meanwhile settles it: the delete goes on and fails, long before its deadline")
  private func killed() throws {
    let server = try MemcachedServer()
    let pair = try HungPair(server, .meta)
    try pair.leaveCopy(isPromotion: false, with: server)
    try pair.beginDelete()
    try pair.waitUntilPrimaryIsLost()
    #expect(pair.deleted == nil)
    server.kill()
    guard case .failure(let error) = try pair.waitForDelete() else { return #expect(Bool(false)) }
    #expect(error != .heldBack)
  }

  private static func has(_ key: String, _ server: MemcachedServer) throws -> Bool {
    let connection = try RawConnection(to: server.plainAddress)
    try connection.send("get \(key)\r\n")
    return try connection.readLine() != "END"
  }
}

/// Two clients, as two workers have them, of one primary; the older tier is in memory.
private final class HungPair: Sendable {
  /// Only touched on the loop.
  private final class Parts {
    let old = UnreliableNode("old")
    let primaries: [ServerNode]
    let clients: [FallbackClient]
    var deleted: Result<Reply, MemcachedError>?

    init(_ address: NodeAddress, _ settings: NodeSettings, _ loop: EventLoop) {
      let coordination = TierCoordination()
      let primaries = (0..<2).map { _ in ServerNode(address, settings: settings, loop: loop) }
      let olderNodes: [any Node] = [old, MemoryNode(store: old.store, name: "old")]
      self.primaries = primaries
      clients = (0..<2).map { index in
        let tiers = [("new", primaries[index] as any Node), ("old", olderNodes[index])]
          .map { Tier(name: $0.0, cluster: Cluster(nodes: [$0.1])) }
        return FallbackClient(
          tiers: tiers, operationTimeout: .seconds(20), coordination: coordination, loop: loop)
      }
    }
  }

  private let runner: LoopRunner
  private let parts: LoopBound<Parts>

  init(_ server: MemcachedServer, _ choice: ProtocolChoice, _ tls: TLSContext? = nil) throws {
    var settings = NodeSettings()
    settings.tls = tls
    settings.operationTimeout = .milliseconds(100)
    settings.connectTimeout = .seconds(5)
    settings.wireProtocol = choice
    let runner = try LoopRunner(name: "clients")
    self.runner = runner
    parts = runner.run { [settings, address = server.nodeAddress] loop in
      LoopBound(Parts(address, settings, loop), on: loop)
    }
    for index in 0..<2 {
      try waitUntil { parts in parts.primaries[index].status.state == .up }
    }
  }

  deinit { runner.run { [parts] _ in for client in parts.use().clients { client.close() } } }

  var deleted: Result<Reply, MemcachedError>? { runner.run { [parts] _ in parts.use().deleted } }

  // The states of a node have no event.
  private func waitUntil(_ isSo: @escaping (Parts) -> Bool) throws {
    let _: Bool = try runner.wait(upTo: .seconds(30)) { [parts] loop, done in
      func look() {
        if isSo(parts.use()) { return done(true) }
        loop.schedule(after: .milliseconds(2)) { look() }
      }
      look()
    }
  }

  /// The first client's add of `k` is sent to a primary that is stopped when it comes.
  func leaveCopy(isPromotion: Bool, with server: MemcachedServer) throws {
    // The read of the older tier that the add follows is held until then.
    let _: Bool = try runner.wait { [parts] _, done in
      let (old, client) = (parts.use().old, parts.use().clients[0])
      try old.put("k", "v")
      var reads = 0
      old.holds = { _ in
        reads += 1
        guard reads == (isPromotion ? 2 : 1) else { return false }
        done(true)
        return true
      }
      if isPromotion { client.promote(try Key("k")) { _ in } } else { client.get(try Key("k")) { _ in } }
    }
    server.suspend()
    runner.run { [parts] _ in parts.use().old.release() }
  }

  /// The second client's delete of `k`.
  func beginDelete() throws {
    try runner.run { [parts] _ in
      let parts = parts.use()
      parts.clients[1].delete(try Key("k")) { parts.deleted = $0.result }
    }
  }

  /// Until the first client's connection has been given up; as long as the node is suspect, it has not.
  func waitUntilPrimaryIsLost() throws {
    try waitUntil { ![.up, .suspect].contains($0.primaries[0].status.state) }
  }

  func waitForDelete() throws -> Result<Reply, MemcachedError> {
    try waitUntil { $0.deleted != nil }
    return try #require(deleted)
  }
}

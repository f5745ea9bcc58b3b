// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Reactor
import Testing

/// Nodes of real servers: by every kind of address, and with what concerns a whole server.
@Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
struct ServerNodeAddressTests {
  private static var hasIPv6: Bool {
    guard let address = SocketAddress(numericHost: "::1", port: 0) else { return false }
    return (try? Socket.listening(on: address).localAddress()) != nil
  }

  private static func roundTrip(_ address: NodeAddress) throws {
    let node = try Subject(address)
    guard case .stored = try node.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
    #expect(try node.outcome(.get()).text == "hit v")
    #expect(node.status.state == .up && node.status.wireProtocol == .meta)
  }

  @Test("localhost is a name that resolves")
  func localhost() throws {
    let server = try MemcachedServer()
    try Self.roundTrip(.tcp(host: "localhost", port: server.address.port))
    withExtendedLifetime(server) {}
  }

  @Test("an IPv6 address", .enabled(if: hasIPv6, "this machine has no IPv6 loopback"))
  func version6() throws {
    let server = try MemcachedServer(arguments: ["-l", "::1"])
    try Self.roundTrip(.tcp(host: "::1", port: server.address.port))
    withExtendedLifetime(server) {}
  }

  @Test("a unix socket")
  func unixSocket() throws {
    let server = try MemcachedServer(transport: .unix)
    try Self.roundTrip(server.nodeAddress)
    withExtendedLifetime(server) {}
  }

  // A name with spaces is refused by the resolver itself, so that no name server is waited for.
  @Test("a host that nobody knows is down, and the status says why")
  func unknownHost() throws {
    let node = try Subject(.tcp(host: "no such host", port: 1)) { $0.shortestBackOff = .seconds(5) }
    #expect(try node.outcome(.set("v")).text == "down not-applied")
    #expect(node.status.state == .ejected && node.status.lastError?.kind == .unresolved)
  }

  @Test("a path that is no socket is down")
  func noSocket() throws {
    let node = try Subject(.unix(path: "/nowhere/m.sock")) { $0.shortestBackOff = .seconds(5) }
    #expect(try node.outcome(.set("v")).text == "down not-applied")
    #expect(node.status.lastError?.kind == .connectFailed)
  }

  // MARK: What the server says of itself

  @Test("classic can be asked for on a server that speaks meta")
  func classicForced() throws {
    let server = try MemcachedServer()
    let node = try Subject(server.nodeAddress) { $0.wireProtocol = .classic }
    #expect(try node.reply(.set("v")) == .stored(nil))
    #expect(try node.reply(.get()).item?.ttl == .unknown)
    #expect(node.status.wireProtocol == .classic)
  }

  @Test(
    "an item too large for the server is refused before it costs the one that is there",
    arguments: [ProtocolChoice.auto, .classic])
  func tooLarge(choice: ProtocolChoice) throws {
    let server = try MemcachedServer(arguments: ["-I", "2m"])
    let node = try Subject(server.nodeAddress) { $0.wireProtocol = choice }
    guard case .stored = try node.reply(.set("kept")) else { return #expect(Bool(false), "not stored") }
    let failure = try #require(try node.outcome(.set([UInt8](repeating: 1, count: 2 << 20))).failure)
    guard case .tooLarge(let limit) = failure.kind else { return #expect(Bool(false), "\(failure)") }
    #expect(failure.outcome == .notApplied)
    #expect(try node.outcome(.set([UInt8](repeating: 1, count: limit + 1))).failure?.kind == failure.kind)
    #expect(try node.outcome(.get()).text == "hit kept")
    let largest = [UInt8](repeating: 1, count: limit)
    guard case .stored = try node.reply(.set(largest)) else { return #expect(Bool(false), "not stored") }
    #expect(try node.reply(.get()).item?.value == largest)
    #expect(node.status.itemSizeMax == 2 << 20)
  }

  @Test("version, statistics and a flush_all with and without delay")
  func wholeServer() throws {
    let server = try MemcachedServer()
    let node = try Subject(server.nodeAddress)
    guard case .version(let version) = try node.reply(Command(.version)) else { return #expect(Bool(false)) }
    #expect(version == node.status.version)
    guard case .stats(let statistics) = try node.reply(Command(.stats(argument: ""))) else {
      return #expect(Bool(false))
    }
    #expect(statistics.contains(Statistic(name: "pid", value: "\(server.pid ?? 0)")))
    _ = try node.reply(.set("v"))
    #expect(try node.reply(Command(.flushAll(delaySeconds: 100))) == .flushed)
    #expect(try node.outcome(.get()).text == "hit v")
    #expect(try node.reply(Command(.flushAll(delaySeconds: 0))) == .flushed)
    #expect(try node.reply(.get()) == .miss)
  }

  @Test("a token of before a restart does not fit after it")
  func restart() throws {
    let server = try MemcachedServer()
    let node = try Subject(server.nodeAddress)
    _ = try node.reply(.set("v"))
    let token = try #require(try node.reply(.get()).item?.cas)
    try server.restart()
    #expect(try node.becomesUsable())
    _ = try node.reply(.set("w"))
    #expect(try node.reply(.get()).item?.cas?.unique == token.unique)
    #expect(try node.reply(.set("x", "k", .cas(token))) == .exists)
    #expect(try node.outcome(.get()).text == "hit w")
  }
}

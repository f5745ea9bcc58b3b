// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import GnuTLS
import Memcached
import MemcachedTesting
import Reactor
import Testing

/// A node and real servers that ask for a user and a password (memcached's `-Y`).
@Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
struct ServerNodePasswordTests {
  private static let password = "alice:s3cret:with-colon"

  private func node(
    _ server: MemcachedServer, _ line: String?, _ change: (inout NodeSettings) -> Void = { _ in }
  ) throws -> Subject {
    let credentials = try line.map { try Credentials(line: $0) }
    return try Subject(server.nodeAddress) { settings in
      settings.credentials = credentials
      change(&settings)
    }
  }

  /// What the server says, asked by somebody who knows the password.
  private func ask(_ server: MemcachedServer, _ line: String, until end: String) throws -> String {
    let connection = try RawConnection(to: server.plainAddress)
    #expect(try connection.authenticate(Self.password))
    try connection.send("\(line)\r\n")
    return String(decoding: try connection.read(until: end), as: UTF8.self)
  }

  @Test(
    "the right password opens the connection, in either protocol", arguments: [ProtocolChoice.auto, .classic])
  func right(choice: ProtocolChoice) throws {
    let server = try MemcachedServer(password: Self.password)
    let node = try node(server, Self.password) { $0.wireProtocol = choice }
    guard case .stored = try node.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
    #expect(try node.outcome(.get()).text == "hit v")
    #expect(node.status.wireProtocol == (choice == .auto ? .meta : .classic))
    #expect(try node.outcome(.get("auth")).text == "miss")
  }

  @Test("it is said again on the next connection, after the server was away")
  func again() throws {
    let server = try MemcachedServer(password: Self.password)
    let node = try node(server, Self.password)
    #expect(try node.becomesUsable())
    try server.restart()
    #expect(try node.becomesUsable())
    guard case .stored = try node.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
  }

  @Test("it is said within TLS where there is TLS")
  func overTLS() throws {
    let authority = try CertificateAuthority()
    let server = try MemcachedServer(transport: .tls(authority.issue()), password: Self.password)
    var configuration = TLSContext.Configuration()
    configuration.authoritiesFile = authority.path
    let context = try TLSContext(configuration)
    let node = try node(server, Self.password) { $0.tls = context }
    guard case .stored = try node.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
  }

  @Test("a wrong password is an error that says so without it, and is not tried faster and faster")
  func wrong() throws {
    let server = try MemcachedServer(password: Self.password)
    let node = try node(server, "alice:wr0ng") { $0.shortestBackOff = .milliseconds(50) }
    #expect(try node.outcome(.set("v")).text == "down not-applied")
    try node.pause(.milliseconds(500))
    let error = try #require(node.status.lastError)
    #expect(error.kind == .unauthenticated)
    #expect(error.detail == "the server refuses the user alice with its password")
    // 50, 100, 200 and 400 ms between them, each give or take a quarter: at most four in 550 ms.
    let statistics = try ask(server, "stats", until: "END\r\n")
    let errors = try #require(statistics.firstMatch(of: /STAT auth_errors (\d+)/)?.output.1)
    #expect((1...5).contains(Int(errors) ?? 0), "\(errors) errors")
  }

  @Test("a server that wants a password is down for a node without")
  func missing() throws {
    let server = try MemcachedServer(password: Self.password)
    let node = try node(server, nil)
    #expect(try node.outcome(.get()).text == "down not-applied")
    #expect(node.status.lastError?.detail == "the server wants a user and a password")
  }

  @Test("a server that wants none is spoken to, and has no item with the password")
  func notWanted() throws {
    let server = try MemcachedServer()
    let node = try node(server, Self.password)
    guard case .stored = try node.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
    #expect(try node.outcome(.get("auth")).text == "miss")
    let connection = try RawConnection(to: server.address)
    try connection.send("stats\r\n")
    let statistics = String(decoding: try connection.read(until: "END\r\n"), as: UTF8.self)
    #expect(statistics.contains("STAT total_items 1\r\n"))
  }
}

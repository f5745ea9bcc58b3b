// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import GnuTLS
import Memcached
import MemcachedTesting
import Reactor
import Testing

/// A node that speaks to real servers by TLS, and whom it does not speak to.
@Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
struct ServerNodeTLSTests {
  private let authority: CertificateAuthority

  init() throws { authority = try CertificateAuthority() }

  private func server(
    _ arguments: [String] = [], _ certificate: CertificateAuthority.Certificate? = nil
  ) throws -> MemcachedServer {
    try MemcachedServer(arguments: arguments, transport: .tls(certificate ?? authority.issue()))
  }

  private func context(
    _ change: (inout TLSContext.Configuration) -> Void = { _ in }
  ) throws -> TLSContext {
    var configuration = TLSContext.Configuration()
    configuration.authoritiesFile = authority.path
    change(&configuration)
    return try TLSContext(configuration)
  }

  private func node(_ address: NodeAddress, _ context: TLSContext) throws -> Subject {
    try Subject(address) { $0.tls = context }
  }

  /// What the node is down for; it is tried again and again, and never comes up.
  private func reason(_ address: NodeAddress, _ context: TLSContext) throws -> MemcachedError {
    let node = try node(address, context)
    #expect(try node.outcome(.set("v")).text == "down not-applied")
    return try #require(node.status.lastError)
  }

  // MARK: Whom to trust

  @Test(
    "a server of the right authority is spoken to, by address and by name",
    arguments: ["127.0.0.1", "localhost"])
  func trusted(host: String) throws {
    let server = try server()
    let node = try node(.tcp(host: host, port: server.address.port), context())
    guard case .stored = try node.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
    #expect(try node.outcome(.get()).text == "hit v")
    #expect(node.status.wireProtocol == .meta)
    // It is that server, and what came by TLS is there for those who come without.
    let plain = try RawConnection(to: server.plainAddress)
    try plain.send("get k\r\n")
    #expect(try plain.readLine() == "VALUE k 0 1")
  }

  @Test("a server of another authority is not spoken to")
  func otherAuthority() throws {
    let server = try server([], CertificateAuthority().issue())
    let reason = try reason(server.nodeAddress, context())
    #expect(reason.kind == .untrusted)
    #expect(reason.detail.contains("NOT trusted") && reason.detail.contains("issuer is unknown"))
  }

  @Test("a server that the system's authorities do not know is not spoken to")
  func systemAuthorities() throws {
    // Without a store in the system there is no such context, which is said at once.
    guard let context = try? context({ $0.authoritiesFile = nil }) else { return }
    let server = try server()
    #expect(try reason(server.nodeAddress, context).kind == .untrusted)
  }

  @Test(
    "a certificate for another name, of the past, or for another purpose is refused, and the reason said",
    arguments: [
      (["DNS:other.example", "IP:127.0.0.2"], 2, CertificateAuthority.Purpose.server, "name"),
      (["IP:127.0.0.1"], -1, .server, "expired"),
      (["IP:127.0.0.1"], 2, .client, "purpose"),
    ])
  func unfit(names: [String], days: Int, purpose: CertificateAuthority.Purpose, reason expected: String)
    throws
  {
    let server = try server([], authority.issue(names, days: days, for: purpose))
    let reason = try reason(server.nodeAddress, context())
    #expect(reason.kind == .untrusted)
    #expect(reason.detail.contains(expected), "\(reason)")
    #expect(reason.detail.contains("127.0.0.1"))
    // It was asked for nothing.
    let plain = try RawConnection(to: server.plainAddress)
    try plain.send("stats\r\n")
    let statistics = String(decoding: try plain.read(until: "END\r\n"), as: UTF8.self)
    #expect(statistics.contains("STAT cmd_set 0\r\n"))
  }

  @Test("without verification any certificate will do")
  func unverified() throws {
    let server = try server([], CertificateAuthority().issue(["DNS:other.example"], days: -1))
    let node = try node(server.nodeAddress, context { $0.verifies = false })
    guard case .stored = try node.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
  }

  @Test("a server that wants a certificate gets ours, and without one the node says why it is down")
  func clientCertificate() throws {
    let certificate = try authority.issue(for: .client)
    let server = try server(["-o", "ssl_verify_mode=2,ssl_ca_cert=\(authority.path)"])
    let withOne = try node(
      server.nodeAddress,
      context { ($0.certificateFile, $0.keyFile) = (certificate.path, certificate.keyPath) })
    guard case .stored = try withOne.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
    let reason = try reason(server.nodeAddress, context())
    #expect(reason.detail.lowercased().contains("certificate"), "\(reason)")
  }

  // MARK: What is no TLS

  @Test("a server without TLS gets nothing but the beginning of a handshake")
  func plainServer() throws {
    let server = try ScriptedServer { $0.new.isEmpty ? [] : [.send("ERROR\r\n")] }
    let reason = try reason(server.nodeAddress, context())
    #expect(reason.kind == .connectFailed && reason.detail.hasPrefix("TLS: "))
    // A record of the kind "handshake" (RFC 8446 §5.1), and no line of memcached's.
    #expect(server.received.allSatisfy { $0.isEmpty || $0[0] == 22 })
    #expect(!server.received.contains { String(decoding: $0, as: UTF8.self).contains("version") })
  }

  @Test("a server that says nothing is given up when the time to connect is over")
  func silentServer() throws {
    let server = try ScriptedServer { _ in [] }
    let context = try context()
    let node = try Subject(server.nodeAddress) {
      $0.tls = context
      $0.connectTimeout = .milliseconds(50)
    }
    #expect(try node.outcome(.get()).text == "down not-applied")
    #expect(node.status.lastError?.kind == .connectTimedOut)
  }

  @Test("a server that wants TLS is down for a node without")
  func plainNode() throws {
    let server = try server()
    let node = try Subject(server.nodeAddress)
    #expect(try node.outcome(.get()).text == "down not-applied")
  }
}

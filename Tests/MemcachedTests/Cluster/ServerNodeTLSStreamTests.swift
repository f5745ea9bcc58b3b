// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import GnuTLS
import Memcached
import MemcachedTesting
import Reactor
import Testing

/// Bytes through TLS: many, in pieces of every size, into full sockets, and when the server dies.
@Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
struct ServerNodeTLSStreamTests {
  private let server: MemcachedServer
  private let node: Subject

  init() throws {
    let authority = try CertificateAuthority()
    server = try MemcachedServer(arguments: ["-I", "2m", "-m", "256"], transport: .tls(authority.issue()))
    var configuration = TLSContext.Configuration()
    configuration.authoritiesFile = authority.path
    let context = try TLSContext(configuration)
    node = try Subject(server.nodeAddress) { settings in
      settings.tls = context
      settings.operationTimeout = .seconds(20)
    }
    #expect(try node.becomesUsable())
  }

  /// Bytes that differ from place to place and from number to number.
  private static func value(_ number: Int, _ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) ^ (number &* 7)) }
  }

  private func store(_ values: [[UInt8]]) throws {
    let outcomes = try node.outcomes(try values.enumerated().map { try .set($1, "k\($0)") })
    for outcome in outcomes { #expect(outcome.text == "stored") }
  }

  private func read(_ count: Int) throws -> [[UInt8]?] {
    try node.outcomes(try (0..<count).map { try .get("k\($0)") }).map { try $0.get().item?.value }
  }

  // 16,384 bytes are the most that a record holds.
  @Test(
    "values of any length around a record's come back whole",
    arguments: [0, 1, 8_191, 16_300, 16_383, 16_384, 16_385, 32_768, 100_000, 1 << 20])
  func lengths(length: Int) throws {
    try store([Self.value(1, length)])
    #expect(try read(1) == [Self.value(1, length)])
  }

  @Test("a hundred requests of one turn are answered, each with its own")
  func pipelined() throws {
    let values = (0..<100).map { Self.value($0, $0 * 37) }
    try store(values)
    #expect(try read(100) == values)
    #expect(node.status.inFlight == 0)
  }

  @Test("replies that fill many records are read to the last, though the socket tells of them once")
  func manyRecords() throws {
    let values = (0..<40).map { Self.value($0, 30_000 + $0) }
    try store(values)
    for _ in 0..<5 { #expect(try read(40) == values) }
  }

  @Test("more than the socket takes waits, and arrives unchanged")
  func fullSocket() throws {
    let values = (0..<24).map { Self.value($0, 1 << 20) }
    server.suspend()
    let resumed = try afterSending(24) { $0.resume() }
    try store(values)
    resumed.wait()
    #expect(try read(24) == values)
  }

  @Test("a server that is killed fails what is in flight, and is spoken to again when it is back")
  func killed() throws {
    server.suspend()
    let killed = try afterSending(3) { $0.kill() }
    let outcomes = try node.outcomes([.set("v"), .get(), .set([UInt8](repeating: 7, count: 1 << 20), "k2")])
    killed.wait()
    #expect(outcomes.map { $0.failure?.kind } == [.connectionLost, .connectionLost, .connectionLost])
    #expect(outcomes.map { $0.failure?.outcome } == [.unknown, .notApplied, .unknown])
    try server.restart()
    #expect(try node.becomesUsable())
    guard case .stored = try node.reply(.set("v")) else { return #expect(Bool(false), "not stored") }
    #expect(try node.outcome(.get()).text == "hit v")
  }

  /// Does something to the server once so many requests are on their way.
  private func afterSending(
    _ count: Int, _ trouble: @escaping @Sendable (MemcachedServer) -> Void
  ) throws -> DispatchSemaphore {
    let done = DispatchSemaphore(value: 0)
    try startThread(named: "trouble") { [server, node] in
      while node.status.inFlight < count {}
      // Each look is a turn of the node's loop, and what was queued leaves at the end of one.
      _ = node.status
      trouble(server)
      done.signal()
    }
    return done
  }

  @Test("closing says quit and ends the session, so that the server sees no broken connection")
  func close() throws {
    let before = try settledConnections()
    let closed: Bool = try node.onLoop { node, _, done in
      node.close()
      done(true)
    }
    #expect(closed)
    // The server notices in its own time, which nothing tells.
    let limit = Instant.current() + .seconds(10)
    var count = try currentConnections()
    while count != before - 1, Instant.current() < limit {
      usleep(5_000)
      count = try currentConnections()
    }
    #expect(count == before - 1)
  }

  /// Once the server has noticed the end of those before, each look's own among them.
  private func settledConnections() throws -> Int {
    var last = try currentConnections()
    var looks = 1
    while looks < 5 {
      let count = try currentConnections()
      looks = count == last ? looks + 1 : 1
      last = count
      usleep(5_000)
    }
    return last
  }

  private func currentConnections() throws -> Int {
    let plain = try RawConnection(to: server.plainAddress)
    try plain.send("stats\r\n")
    let text = String(decoding: try plain.read(until: "END\r\n"), as: UTF8.self)
    return Int(text.firstMatch(of: /STAT curr_connections (\d+)/)?.output.1 ?? "") ?? 0
  }
}

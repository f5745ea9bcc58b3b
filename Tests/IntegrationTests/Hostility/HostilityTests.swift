// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Reactor
import Testing

extension Program {
  /// What hostile and merely odd clients send, against the real program with a backend that remembers every
  /// command.
  ///
  /// All cases are under way at the same time: first everything is sent, then each client is answered.
  @Suite struct HostilityTests {
    private let backend: RecordingServer
    private let gateway: GatewayProcess

    init() throws {
      backend = try RecordingServer()
      gateway = try GatewayProcess(before: backend)
      try gateway.waitUntilReady()
    }

    @Test("each case is answered as defined or closed, and the backend sees its commands alone")
    func atOnce() throws { try run(HostileCase.all) { [$0] } }

    @Test("so it is when each byte comes alone")
    func byteByByte() throws { try run(HostileCase.all.filter(\.isShort)) { bytes in bytes.map { [$0] } } }

    @Test("so it is wherever the network cuts the bytes", arguments: 1...3 as ClosedRange<UInt64>)
    func inPieces(seed: UInt64) throws {
      var random = SeededGenerator(seed: seed)
      try run(HostileCase.all) { bytes in
        var (pieces, rest) = ([[UInt8]](), bytes[...])
        while !rest.isEmpty {
          let count = Int.random(in: 1...max(1, bytes.count / 2), using: &random)
          pieces.append(Array(rest.prefix(count)))
          rest = rest.dropFirst(count)
        }
        return pieces
      }
    }

    @Test("the 33 vectors of h1spec hold")
    func h1spec() throws {
      #expect(HostileCase.h1spec.count == 33)
      try run(HostileCase.h1spec) { [$0] }
      try run(HostileCase.h1spec) { bytes in bytes.map { [$0] } }
    }

    @Test(
      "so it is through TLS", .enabled(if: Proxy.Kind.tunnel.program != nil, "haproxy is not installed"))
    func throughTLS() throws {
      let authority = try CertificateAuthority()
      let certificate = try authority.issue()
      let gateway = try GatewayProcess(before: backend, HTTPSTests.listening(certificate))
      try gateway.waitUntilReady()
      let tunnel = try Proxy(.tunnel, before: try HTTPSTests.secureAddress(gateway))
      try run(HostileCase.all, by: tunnel.address) { [$0] }
      try run(HostileCase.h1spec, by: tunnel.address) { [$0] }
      // A record for each byte, where the network does not take several together.
      try run(HostileCase.smuggling.filter(\.isShort), by: tunnel.address) { bytes in bytes.map { [$0] } }
    }

    /// - Parameters:
    ///   - way: where the clients connect; nil: to the gateway itself.
    ///   - pieces: how the bytes of a case are cut.
    private func run(
      _ cases: [HostileCase], by way: SocketAddress? = nil, pieces: ([UInt8]) -> [[UInt8]]
    ) throws {
      let batch = UUID().uuidString.prefix(8)
      let clients = try cases.enumerated().map { index, hostile in
        try HostileClient(hostile, key: "\(batch)-\(index)-", address: way ?? gateway.socketAddress)
      }
      for client in clients { client.send(pieces) }
      for client in clients { client.finish() }
      // Whatever was on its way to the backend has left before this.
      #expect(try http(gateway.address, "GET", "/keys/\(batch)-last-").status == 200)

      var commands = CommandsByClient(backend.commands, batch: String(batch))
      for (index, client) in clients.enumerated() {
        let came = commands.take("\(batch)-\(index)-")
        #expect(came == client.expectedCommands, "\(client.hostile.name)")
      }
      #expect(commands.take("\(batch)-last-") == ["mg \(batch)-last-"])
      #expect(commands.rest == [], "commands of no case")
      #expect(backend.violations == [])
    }
  }
}

/// What reached the backend, by the beginnings of the keys.
private struct CommandsByClient {
  private var texts: [String: [String]] = [:]

  init(_ commands: [WireCommand], batch: String) {
    for command in commands {
      let key = String(decoding: command.key, as: UTF8.self)
      let words = key.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
      let owner = words.count == 3 ? "\(words[0])-\(words[1])-" : key
      texts[owner, default: []].append(command.text)
    }
    texts = texts.filter { $0.key.hasPrefix(batch) || !$0.key.contains("-") }
  }

  mutating func take(_ owner: String) -> [String] { texts.removeValue(forKey: owner) ?? [] }

  var rest: [String] { texts.flatMap(\.value) }
}

extension WireCommand {
  /// Verb, key and value.
  var text: String {
    let words = ["\(verb) \(String(decoding: key, as: UTF8.self))"]
    return (words + (value.map { [String(decoding: $0, as: UTF8.self)] } ?? [])).joined(separator: " ")
  }
}

extension HostileCase {
  /// Whether it is worth a system call a byte.
  fileprivate var isShort: Bool { bytes.utf8.count < 2_000 }
}

extension GatewayProcess {
  /// One worker, so that the backend sees commands in the order of the requests, and times that no machine
  /// needs.
  convenience init(before backend: RecordingServer, _ arguments: [String] = []) throws {
    let times = ["--node-timeout", "10s", "--operation-timeout", "20s", "--connect-timeout", "10s"]
    try self.init(["--tier", "new=\(backend.address)", "--workers", "1"] + times + arguments)
  }

  /// Where the data listener is.
  var socketAddress: SocketAddress {
    guard let port = UInt16(address.split(separator: ":").last ?? ""),
      let socketAddress = SocketAddress(numericHost: "127.0.0.1", port: port)
    else { preconditionFailure("the gateway listens on 127.0.0.1") }
    return socketAddress
  }
}

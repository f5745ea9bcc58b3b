// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import GnuTLS
import MemcachedTesting
import Reactor
import Testing

/// Sessions with openssl's server, which does what memcached does not: it speaks the version that it is told
/// to, and negotiates anew when it is typed an `R`.
@Suite struct TLSSessionTests {
  /// `openssl s_server` on a free port, what it prints, and the end of a pipe that it is typed into.
  private struct Server {
    let address: SocketAddress
    let input: FileHandle
    let output: LinePipe
    let process: ChildProcess
  }

  private let context: TLSContext
  private let certificate: CertificateAuthority.Certificate

  init() throws {
    let authority = try CertificateAuthority()
    certificate = try authority.issue()
    var configuration = TLSContext.Configuration()
    configuration.authoritiesFile = authority.path
    context = try TLSContext(configuration)
  }

  private func server(_ options: [String]) throws -> Server {
    let address = try MemcachedServer.freeAddress()
    let (input, output) = (try openPipe(), try LinePipe())
    let arguments = ["-accept", "\(address.port)", "-cert", certificate.path, "-key", certificate.keyPath]
    let process = try ChildProcess(
      try #require(ChildProcess.program("openssl")), ["s_server"] + arguments + options,
      streams: .init(input: input.readEnd, output: output.writeEnd))
    close(input.readEnd)
    output.closeWriting()
    try #require(output.line { $0 == "ACCEPT" } != nil)
    return Server(
      address: address, input: FileHandle(fileDescriptor: input.writeEnd, closeOnDealloc: true),
      output: output, process: process)
  }

  /// A session over a connected socket, and the socket, which has to outlive it.
  private final class Client {
    let socket: Socket
    let session: TLSSession

    init(_ address: SocketAddress, _ context: TLSContext) throws {
      let socket = try Socket.connecting(to: address)
      session = try TLSSession(context, descriptor: socket.descriptor, host: "127.0.0.1")
      self.socket = socket
      try wait(Int16(POLLOUT))
    }

    struct TimedOut: Error {}

    /// Waits until the socket is ready.
    func wait(_ events: Int16) throws {
      var descriptor = pollfd(fd: socket.descriptor, events: events, revents: 0)
      if poll(&descriptor, 1, 10_000) == 0 { throw TimedOut() }
    }

    func handshake() throws {
      while case .waits(let interest) = try session.handshake() {
        try wait(Int16(interest == .writable ? POLLOUT : POLLIN))
      }
    }

    func read() throws -> String {
      var buffer = [UInt8](repeating: 0, count: 1_000)
      while true {
        switch try buffer.withUnsafeMutableBytes({ try session.read(into: $0) }) {
        case .done(let count): return String(decoding: buffer.prefix(count), as: UTF8.self)
        case .wouldBlock: try wait(Int16(POLLIN))
        }
      }
    }
  }

  @Test("both versions that are offered are spoken", arguments: ["-tls1_2", "-tls1_3"])
  func versions(option: String) throws {
    let server = try server([option])
    let client = try Client(server.address, context)
    try client.handshake()
    let sent = try Array("hello\n".utf8).withUnsafeBytes { try client.session.write($0) }
    #expect(sent == .done(6))
    #expect(server.output.line { $0 == "hello" } != nil)
    try server.input.write(contentsOf: Data("answer\n".utf8))
    #expect(try client.read() == "answer\n")
    client.session.sayGoodbye()
    #expect(server.output.line { $0 == "DONE" } != nil)
  }

  @Test("a server of an older version is refused", arguments: ["-tls1", "-tls1_1"])
  func oldVersions(option: String) throws {
    let server = try server([option, "-cipher", "ALL:@SECLEVEL=0"])
    let client = try Client(server.address, context)
    let error = try #require(throws: TLSError.self) { try client.handshake() }
    #expect(error.kind == .failed)
  }

  @Test("a server that wants to negotiate anew is refused")
  func renegotiation() throws {
    let server = try server(["-tls1_2"])
    let client = try Client(server.address, context)
    try client.handshake()
    _ = try Array("hello\n".utf8).withUnsafeBytes { try client.session.write($0) }
    #expect(server.output.line { $0 == "hello" } != nil)
    try server.input.write(contentsOf: Data("R\n".utf8))
    let error = try #require(throws: TLSError.self) { try client.read() }
    #expect(error.description.contains("negotiate anew"))
  }

  @Test("new keys in the middle of a session are taken", arguments: ["k", "K"])
  func newKeys(command: String) throws {
    let server = try server(["-tls1_3"])
    let client = try Client(server.address, context)
    try client.handshake()
    _ = try Array("hello\n".utf8).withUnsafeBytes { try client.session.write($0) }
    #expect(server.output.line { $0 == "hello" } != nil)
    try server.input.write(contentsOf: Data("\(command)\n".utf8))
    // Whatever is typed behind a command in one piece is lost; the server looks at what is typed first.
    _ = try Array("more\n".utf8).withUnsafeBytes { try client.session.write($0) }
    #expect(server.output.line { $0 == "more" } != nil)
    try server.input.write(contentsOf: Data("answer\n".utf8))
    #expect(try client.read() == "answer\n")
    _ = try Array("again\n".utf8).withUnsafeBytes { try client.session.write($0) }
    #expect(server.output.line { $0 == "again" } != nil)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import GnuTLS
import Reactor

/// Whom a connection has to reach, where TLS is asked for.
struct TransportSecurity {
  let context: TLSContext
  /// A name, or a numeric address without brackets.
  let host: String
}

/// Why no more bytes can travel.
struct TransportError: Error {
  let cause: MemcachedError
  /// The server will do nothing more of what it was sent.
  let isPeerGone: Bool

  init(_ cause: MemcachedError, isPeerGone: Bool) {
    self.cause = cause
    self.isPeerGone = isPeerGone
  }

  init(_ error: SystemError) { self.init(MemcachedError(.connectionLost, "\(error)"), isPeerGone: true) }

  // Where only the session is broken, the server may yet do what was in it before.
  init(_ error: TLSError, _ kind: MemcachedError.Kind = .connectionLost) {
    self.init(MemcachedError(kind, "TLS: \(error)"), isPeerGone: error.kind == .disconnected)
  }
}

/// How a connection's bytes travel: over a socket as they are, or by TLS over it.
///
/// The one place that knows of both. Not a protocol: without TLS a read or a write costs one branch more.
struct Transport: ~Copyable {
  private let socket: Socket
  private let tls: TLSSession?

  /// Starts to connect. Nothing is sent before `secure` is done.
  init(to address: SocketAddress, security: TransportSecurity?) throws(MemcachedError) {
    let socket = try Transport.socket(connectingTo: address)
    tls = try security.map { security throws(MemcachedError) in
      try Transport.session(security, socket.descriptor)
    }
    self.socket = socket
  }

  private static func socket(connectingTo address: SocketAddress) throws(MemcachedError) -> Socket {
    do { return try Socket.connecting(to: address) } catch {
      throw MemcachedError(.connectFailed, "\(error)")
    }
  }

  private static func session(
    _ security: TransportSecurity, _ descriptor: Int32
  ) throws(MemcachedError) -> TLSSession {
    do { return try TLSSession(security.context, descriptor: descriptor, host: security.host) } catch {
      throw MemcachedError(.connectFailed, "TLS: \(error)")
    }
  }

  var descriptor: Int32 { socket.descriptor }

  /// What a started connect came to: nil when it succeeded.
  func connectError() -> SystemError? { socket.connectError() }

  /// Goes on with TLS's handshake; without TLS there is none.
  func secure() throws(TransportError) -> TLSSession.Progress {
    guard let tls else { return .done }
    do { return try tls.handshake() } catch {
      throw TransportError(error, error.kind == .untrusted ? .untrusted : .connectFailed)
    }
  }

  // MARK: Bytes

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> IOResult {
    if let tls { do { return try tls.read(into: buffer) } catch { throw TransportError(error) } }
    do { return try socket.read(into: buffer) } catch { throw TransportError(error) }
  }

  /// The most that one write should be given, where writes are seen as such by the server.
  var longestPiece: Int? { tls == nil ? nil : TLSSession.longestRecord }

  /// After `.wouldBlock` the same bytes have to come again, and maybe more behind them.
  func write(_ bytes: UnsafeRawBufferPointer) throws(TransportError) -> IOResult {
    if let tls { do { return try tls.write(bytes) } catch { throw TransportError(error) } }
    do { return try socket.write(bytes) } catch { throw TransportError(error) }
  }

  /// Whether there is more to read of which the socket does not tell.
  var hasBufferedInput: Bool { tls?.hasBufferedInput ?? false }

  // MARK: The end

  /// Best effort, as the connection ends either way, which the server notices.
  func sayGoodbye() {
    let farewell: StaticString = "quit\r\n"
    _ = try? write(UnsafeRawBufferPointer(start: farewell.utf8Start, count: farewell.utf8CodeUnitCount))
    tls?.sayGoodbye()
  }

  /// Tells the server that nothing more comes. What it says until it closes in turn is taken by `discard`.
  func endWriting(patienceSeconds: Int32) throws(SystemError) {
    tls?.sayGoodbye()
    try socket.endWriting(patienceSeconds: patienceSeconds)
  }

  func discard(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> IOResult {
    try socket.read(into: buffer)
  }

  func shutDown() { _ = Glibc.shutdown(socket.descriptor, Int32(SHUT_RDWR)) }
}

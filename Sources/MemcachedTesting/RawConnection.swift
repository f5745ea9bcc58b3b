// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// A blocking connection for tests that speak bytes.
public final class RawConnection {
  /// A read that did not get what it waited for.
  public struct Failure: Error, CustomStringConvertible {
    public enum Reason: String, Sendable {
      case timedOut = "timed out"
      case closed = "the peer closed the connection"
      case reset = "the peer reset the connection"
    }

    public let reason: Reason
    /// What had come until then.
    public let received: [UInt8]

    public var description: String {
      "\(reason.rawValue), having received \(String(decoding: received, as: UTF8.self).debugDescription)"
    }
  }

  private let descriptor: Int32
  private var received: [UInt8] = []

  /// Connects. Each read or write that takes longer than `timeout` fails.
  public init(to address: SocketAddress, timeout: Duration = .seconds(5)) throws(SystemError) {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = try syscall("socket") { Glibc.socket(address.family, kind, 0) }
    self.descriptor = descriptor
    let microseconds = timeout.wholeNanoseconds / 1_000
    var limit = timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      try syscall("setsockopt") {
        setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
      }
    }
    if !address.isUnix {
      var isOn: Int32 = 1
      try syscall("setsockopt") {
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
      }
    }
    try syscall("connect") { address.withPointer { Glibc.connect(descriptor, $0, $1) } }
  }

  deinit { Glibc.close(descriptor) }

  // MARK: Writing

  public func send(_ text: String) throws(SystemError) { try send(Array(text.utf8)) }

  public func send(_ bytes: [UInt8]) throws(SystemError) {
    var sent = 0
    while sent < bytes.count {
      let result = try syscallIO("send") {
        bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, noSignal) }
      }
      guard case .done(let count) = result else { throw SystemError(call: "send", code: ETIMEDOUT) }
      sent += count
    }
  }

  private var noSignal: Int32 { Int32(MSG_NOSIGNAL) }

  /// Tells the peer that nothing more comes, and goes on reading.
  public func closeWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Ends the connection with a reset, as a crashed machine's kernel would.
  public func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    // The descriptor stays ours until deinit; connecting it to nothing drops the connection now.
    var nowhere = sockaddr(
      sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
  }

  // MARK: Reading

  /// The next line, without its end (CR LF or LF).
  public func readLine() throws -> String {
    var line = try read(until: "\n").dropLast()
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return String(decoding: line, as: UTF8.self)
  }

  /// Everything up to and with `mark`.
  public func read(until mark: String) throws -> [UInt8] {
    let mark = Array(mark.utf8)
    var searched = 0
    while true {
      if let end = received.firstEnd(of: mark, from: searched) { return take(end) }
      searched = max(0, received.count - mark.count + 1)
      try receiveMore()
    }
  }

  /// Exactly so many bytes.
  public func read(count: Int) throws -> [UInt8] {
    while received.count < count { try receiveMore() }
    return take(count)
  }

  /// Everything until the peer closes the connection.
  public func readToEnd() throws -> [UInt8] {
    while true {
      do { try receiveMore() } catch let failure as Failure where failure.reason == .closed {
        return take(received.count)
      }
    }
  }

  private func take(_ count: Int) -> [UInt8] {
    defer { received.removeFirst(count) }
    return Array(received.prefix(count))
  }

  private func receiveMore() throws {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.recv(descriptor, &buffer, buffer.count, 0)
    if count > 0 {
      received += buffer.prefix(count)
    } else if count == 0 {
      throw Failure(reason: .closed, received: received)
    } else if errno == ECONNRESET {
      throw Failure(reason: .reset, received: received)
    } else if errno == EAGAIN {
      throw Failure(reason: .timedOut, received: received)
    } else if errno != EINTR {
      throw SystemError(call: "recv", code: errno)
    }
  }
}

extension [UInt8] {
  /// The offset behind the first occurrence of `mark` at or after `start`.
  func firstEnd(of mark: [UInt8], from start: Int = 0) -> Int? {
    guard count >= start + mark.count else { return nil }
    return (start...(count - mark.count)).first { self[$0..<($0 + mark.count)].elementsEqual(mark) }
      .map { $0 + mark.count }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Reactor

/// A TCP server on threads of its own that answers as a test says, and remembers every byte it was sent.
///
///     let server = try ScriptedServer.answeringLines { line in
///       line == "version" ? [.send("VERSION 1.6.18\r\n")] : [.send("ERR"), .pause(.seconds(1)), .close]
///     }
public final class ScriptedServer: Sendable {
  /// One thing that the server does.
  public enum Step: Sendable {
    case send([UInt8])
    /// Does nothing on this connection for a while; what comes meanwhile waits.
    case pause(Duration)
    /// Closes the connection after what was sent.
    case close
    /// Ends the connection with a reset, which may overtake what was sent.
    case reset

    public static func send(_ text: String) -> Step { .send(Array(text.utf8)) }
  }

  /// What a script answers to.
  public struct Received: Sendable {
    /// 0 for the first connection, and so on.
    public let connection: Int
    /// What came just now; empty once, when the connection was accepted.
    public let new: [UInt8]
    /// Everything that came on this connection so far.
    public let all: [UInt8]
  }

  public typealias Script = @Sendable (Received) -> [Step]

  /// Where it listens.
  public let address: SocketAddress
  private let log: Log

  /// Starts a server whose answers `script` gives, called on the connection's thread whenever bytes came.
  public init(_ script: @escaping Script) throws(SystemError) {
    guard let anyPort = SocketAddress(numericHost: "127.0.0.1", port: 0) else {
      preconditionFailure("127.0.0.1 is a numeric address")
    }
    let socket = try Socket.listening(on: anyPort)
    address = try socket.localAddress()
    // Reactor's sockets do not block; this server's threads want to.
    _ = fcntl(socket.descriptor, F_SETFL, 0)
    let listener = socket.release()
    log = Log(listener: listener)
    try startThread(named: "scripted server") { [log] in
      ScriptedServer.accept(on: listener, log, script)
    }
  }

  /// Starts a server that answers line by line. The lines come without their ends, one call each,
  /// however they were cut by the network; a data block counts as lines too.
  public static func answeringLines(
    _ answer: @escaping @Sendable (String) -> [Step]
  ) throws(SystemError) -> ScriptedServer {
    try ScriptedServer { received in
      let before = received.all.count - received.new.count
      let lineStart = received.all[..<before].lastIndex(of: 10).map { $0 + 1 } ?? 0
      let text = received.all[lineStart...]
      guard let end = text.lastIndex(of: 10) else { return [] }
      return text[..<end].split(separator: 10, omittingEmptySubsequences: false).flatMap {
        answer(String(decoding: $0.last == 13 ? $0.dropLast() : $0, as: UTF8.self))
      }
    }
  }

  deinit { stop() }

  /// Refuses connections from now on and ends those that there are.
  public func stop() { log.endAll() }

  // MARK: What came

  /// How many connections were accepted so far.
  public var connectionCount: Int { log.snapshot.count }

  /// Everything that came, connection by connection.
  public var received: [[UInt8]] { log.snapshot }

  /// What came on a connection, as text.
  public func text(of connection: Int = 0) -> String {
    let received = log.snapshot
    return connection < received.count ? String(decoding: received[connection], as: UTF8.self) : ""
  }

  /// Waits until what came, connection by connection, is as wanted. False when it is not in time.
  public func wait(upTo timeout: Duration = .seconds(5), until condition: ([[UInt8]]) -> Bool) -> Bool {
    log.wait(upTo: timeout, until: condition)
  }

  // MARK: Threads

  private static func accept(on listener: Int32, _ log: Log, _ script: @escaping Script) {
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      if descriptor < 0, errno == EINTR || errno == ECONNABORTED { continue }
      guard descriptor >= 0, let number = log.open(descriptor) else { break }
      do {
        try startThread(named: "scripted") { serve(descriptor, number, log, script) }
      } catch { preconditionFailure("no thread for a connection: \(error)") }
    }
    log.close(Log.listenerNumber)
  }

  private static func serve(_ descriptor: Int32, _ number: Int, _ log: Log, _ script: Script) {
    defer { log.close(number) }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var all: [UInt8] = []
    var new: [UInt8] = []
    repeat {
      for step in script(Received(connection: number, new: new, all: all)) {
        guard perform(step, descriptor) else { return }
      }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      new = Array(buffer.prefix(count))
      all += new
      log.append(new, number)
    } while true
  }

  /// False when the connection is over.
  private static func perform(_ step: Step, _ descriptor: Int32) -> Bool {
    switch step {
    case .send(let bytes): return sendAll(bytes, descriptor)
    case .pause(let duration):
      usleep(UInt32(clamping: duration.wholeNanoseconds / 1_000))
      return true
    case .close: return false
    case .reset:
      var option = linger(l_onoff: 1, l_linger: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
      return false
    }
  }

  private static func sendAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// What came on each connection, and which descriptors are open.
///
/// `@unchecked Sendable` because everything is only touched under the condition's lock.
private final class Log: @unchecked Sendable {
  private let condition = NSCondition()
  private var received: [[UInt8]] = []
  private var open: [Int: Int32]
  private var isEnded = false

  /// The listener's place among the connections' numbers.
  static let listenerNumber = -1

  init(listener: Int32) { open = [Log.listenerNumber: listener] }

  var snapshot: [[UInt8]] { condition.withLock { received } }

  /// The number of a new connection; nil, and it is closed, when the server was stopped.
  func open(_ descriptor: Int32) -> Int? {
    condition.withLock {
      if isEnded {
        Glibc.close(descriptor)
        return nil
      }
      received.append([])
      open[received.count - 1] = descriptor
      condition.broadcast()
      return received.count - 1
    }
  }

  func append(_ bytes: [UInt8], _ number: Int) {
    condition.withLock {
      received[number] += bytes
      condition.broadcast()
    }
  }

  // Only the thread that uses a descriptor closes it, and under the lock, so that `endAll` never shuts
  // down a number that has become somebody else's descriptor.
  func close(_ number: Int) {
    condition.withLock { if let descriptor = open.removeValue(forKey: number) { Glibc.close(descriptor) } }
  }

  /// Wakes all threads; each closes its descriptor.
  func endAll() {
    condition.withLock {
      isEnded = true
      for descriptor in open.values { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
  }

  func wait(upTo timeout: Duration, until isEnough: ([[UInt8]]) -> Bool) -> Bool {
    let limit = Date(timeIntervalSinceNow: Double(timeout.wholeNanoseconds) / 1e9)
    return condition.withLock {
      while !isEnough(received) { if !condition.wait(until: limit) { return isEnough(received) } }
      return true
    }
  }
}

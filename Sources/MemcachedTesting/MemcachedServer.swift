// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import Reactor
import Synchronization

/// A real `memcached`, started for a test on 127.0.0.1 or a unix socket and ended with it.
///
///     let server = try MemcachedServer(arguments: ["-m", "16"])
///     let connection = try RawConnection(to: server.address)
public final class MemcachedServer: Sendable {
  public enum Transport: Sendable {
    case tcp, unix
    /// By TLS, and on another port without, for tests to look into it.
    case tls(CertificateAuthority.Certificate)
  }

  /// Why there is no server.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Where it listens; stays the same when it is restarted.
  public var address: SocketAddress { place.address }
  /// Where it listens without TLS.
  public var plainAddress: SocketAddress { place.plain }
  private let place: Place
  private let arguments: [String]
  private let transport: Transport
  /// `user:password`, without which it answers nobody.
  private let password: String?
  private let directory: URL?
  private let child: Mutex<ChildProcess?>

  /// Where in `PATH` the program is; nil when it is not installed, for tests to say so.
  public static var program: String? { ChildProcess.program("memcached") }

  /// Starts a server and waits until it answers.
  ///
  /// - Parameters:
  ///   - arguments: its options beside those that say where to listen.
  ///   - password: `user:password` that it asks for.
  public init(arguments: [String] = [], transport: Transport = .tcp, password: String? = nil) throws {
    // As root, memcached wants to be told as whom to run.
    var arguments = arguments + (geteuid() == 0 ? ["-u", "root"] : [])
    directory = try MemcachedServer.makeDirectory(transport, password)
    if let directory, let password {
      let file = directory.appendingPathComponent("password").path
      try "\(password)\n".write(toFile: file, atomically: false, encoding: .utf8)
      arguments += ["-Y", file]
    }
    if case .tls(let certificate) = transport {
      arguments += ["-Z", "-o", "ssl_chain_cert=\(certificate.path),ssl_key=\(certificate.keyPath)"]
    }
    self.arguments = arguments
    self.transport = transport
    self.password = password
    let (child, place) = try MemcachedServer.start(arguments, transport, password, directory)
    self.place = place
    self.child = Mutex(child)
  }

  private static func makeDirectory(_ transport: Transport, _ password: String?) throws -> URL? {
    if case .unix = transport {} else if password == nil { return nil }
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    return directory
  }

  deinit {
    // By SIGTERM memcached takes a second to end.
    kill()
    // It is in the directory for temporary files: what cannot be removed now goes with the rest.
    if let directory { try? FileManager.default.removeItem(at: directory) }
  }

  /// The address as a cluster's configuration has it.
  public var nodeAddress: NodeAddress {
    address.isUnix
      ? .unix(path: String(address.description.dropFirst("unix:".count)))
      : .tcp(host: "127.0.0.1", port: address.port)
  }

  /// The process's number; nil when it was ended.
  public var pid: Int32? { child.withLock { $0?.pid } }

  // MARK: Trouble

  /// Ends it by SIGTERM and waits until it is gone.
  public func stop() { end(by: SIGTERM) }

  /// Ends it by SIGKILL and waits until it is gone. The kernel closes its connections.
  public func kill() { end(by: SIGKILL) }

  /// Stops it from running (SIGSTOP): it accepts connections, which the kernel does, and never answers.
  public func suspend() { child.withLock { $0?.suspend() } }

  /// Ends a suspension.
  public func resume() { child.withLock { $0?.signal(SIGCONT) } }

  /// Ends it if it runs, starts a new process at the same address and waits until that answers.
  public func restart() throws {
    kill()
    if case .unix(let path) = nodeAddress { unlink(path) }
    let started = try MemcachedServer.start(arguments, place, password)
    child.withLock { $0 = started }
  }

  private func end(by signal: Int32) {
    child.withLock { child in
      child?.end(by: signal)
      child = nil
    }
  }

  // MARK: Starting

  private struct Place {
    let address: SocketAddress
    let plain: SocketAddress

    var arguments: [String] {
      if address.isUnix { return ["-s", String(address.description.dropFirst("unix:".count))] }
      if address == plain { return ["-l", "127.0.0.1", "-p", "\(address.port)"] }
      return ["-l", "\(address),notls:\(plain)"]
    }
  }

  private static func start(
    _ arguments: [String], _ transport: Transport, _ password: String?, _ directory: URL?
  ) throws -> (ChildProcess, Place) {
    guard case .unix = transport, let directory else {
      return try startOnFreePort(arguments, transport, password)
    }
    let path = directory.appendingPathComponent("m.sock").path
    guard let address = SocketAddress(unixPath: path) else {
      throw Failure(description: "\(path) is too long for a unix socket")
    }
    let place = Place(address: address, plain: address)
    return (try start(arguments, place, password), place)
  }

  // Between our letting go of a free port and the server's taking it, another process may: then the
  // server ends at once, or it is somebody else's server that answers. Both are seen, and another port
  // is tried.
  private static func startOnFreePort(
    _ arguments: [String], _ transport: Transport, _ password: String?
  ) throws -> (ChildProcess, Place) {
    var lastError: (any Error)?
    for _ in 0..<8 {
      let address = try freeAddress()
      var place = Place(address: address, plain: address)
      if case .tls = transport { place = Place(address: address, plain: try freeAddress()) }
      do { return (try start(arguments, place, password), place) } catch { lastError = error }
    }
    throw lastError ?? Failure(description: "no free port")
  }

  /// A loopback address with a port that nobody listens on just now.
  public static func freeAddress() throws -> SocketAddress {
    guard let anyPort = SocketAddress(numericHost: "127.0.0.1", port: 0) else {
      preconditionFailure("127.0.0.1 is a numeric address")
    }
    return try Socket.listening(on: anyPort).localAddress()
  }

  private static func start(
    _ arguments: [String], _ place: Place, _ password: String?
  ) throws -> ChildProcess {
    guard let program else { throw Failure(description: "memcached is not in PATH") }
    let arguments = place.arguments + arguments
    let child = try ChildProcess(program, arguments)
    let commandLine = "memcached \(arguments.joined(separator: " "))"
    try waitUntilAnswering(child, commandLine) { try isAnswering(child.pid, place.plain, password) }
    return child
  }

  private static func waitUntilAnswering(
    _ child: ChildProcess, _ commandLine: String, _ isAnswering: () throws -> Bool
  ) throws {
    let deadline = Instant.current() + .seconds(10)
    while Instant.current() < deadline {
      if child.hasEnded { throw Failure(description: "it ended at once: \(commandLine)") }
      if try isAnswering() { return }
      // Nothing tells when another process begins to listen: asking again is all there is.
      usleep(2_000)
    }
    throw Failure(description: "no answer within 10 s: \(commandLine)")
  }

  private static func isAnswering(
    _ pid: pid_t, _ address: SocketAddress, _ password: String?
  ) throws -> Bool {
    guard let connection = try? RawConnection(to: address, timeout: .seconds(2)) else { return false }
    if let password { guard try connection.authenticate(password) else { return false } }
    try connection.send("stats\r\n")
    guard let answer = try? connection.read(until: "END\r\n") else { return false }
    if String(decoding: answer, as: UTF8.self).contains("STAT pid \(pid)\r\n") { return true }
    throw Failure(description: "another server listens at \(address)")
  }
}

extension RawConnection {
  /// Says `user:password` to a memcached; whether it takes them.
  public func authenticate(_ password: String) throws -> Bool {
    let value = password.split(separator: ":", maxSplits: 1).joined(separator: " ")
    try send("set auth 0 0 \(value.utf8.count)\r\n\(value)\r\n")
    return try readLine() == "STORED"
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// Asks a running gateway whether it is ready: one GET over one connection, within two seconds in all.
///
/// Its own few lines of HTTP rather than URLSession, which would bring libcurl and its friends into the
/// binary for the sake of a container's health check.
public struct HealthCheck {
  /// Why the gateway does not count as ready.
  public struct Failure: Error, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
  }

  let address: ListenAddress
  let path: String
  private static let timeout: Duration = .seconds(2)

  /// - Parameter url: `http://HOST[:PORT][/PATH]` or `unix:PATH`; without a path `/readyz` is asked.
  public init(url: String) throws(Failure) {
    do throws(InvalidValue) {
      if url.hasPrefix("unix:") {
        (address, path) = (try SettingsSyntax.listenAddress(url), "/readyz")
        return
      }
      guard url.hasPrefix("http://") else {
        throw InvalidValue("neither http://HOST[:PORT][/PATH] nor unix:PATH")
      }
      let rest = url.dropFirst(7)
      let authority = rest.prefix { $0 != "/" }
      let (host, port) = try SettingsSyntax.hostAndPort(String(authority), ports: 1...65535)
      address = .tcp(host: host, port: port ?? 80)
      path = rest.count > authority.count ? String(rest[authority.endIndex...]) : "/readyz"
      guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw InvalidValue("a path with spaces") }
    } catch {
      throw Failure("\(quoted(url)): \(error.reason)")
    }
  }

  /// Asks the gateway that was started with the same environment: the first of its data listeners.
  public init(environment: [String: String]) throws(Failure) {
    let listen = SettingDescription.of(.listen).variable
    let https = [SettingName.httpsCertificate, .httpsKey, .httpsClientAuthorities]
    let asked = [listen] + https.map { SettingDescription.of($0).variable }
    let given = environment.filter { asked.contains($0.key) }
    var settings = Settings()
    // Where it listens is all that counts here, and --insecure may have been its flag.
    do { settings = try .resolve(flags: [.insecure: ["true"]], environment: given) } catch {
      throw Failure("\(error)")
    }
    guard let first = settings.listen.first(where: { !$0.isSecure }) else {
      throw Failure("\(listen) has addresses with https:// alone: give --url")
    }
    address = first.reachableHere
    if case .tcp(_, 0) = address { throw Failure("\(listen) has port 0: give --url") }
    path = "/readyz"
  }

  /// Returns when the answer is 200.
  public func run() throws(Failure) {
    let deadline = Instant.current() + HealthCheck.timeout
    var failure = Failure("\(address): no address")
    for candidate in try addresses() {
      do {
        let status = try HealthCheck.ask(candidate, request, deadline)
        if status == "200" { return }
        throw Failure("answered \(status)")
      } catch {
        failure = Failure("\(candidate): \(error)")
      }
    }
    throw failure
  }

  private var request: String {
    let host = if case .tcp = address { "\(address)" } else { "localhost" }
    return "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
  }

  private func addresses() throws(Failure) -> [SocketAddress] {
    switch address {
    case .unix(let path): return SocketAddress(unixPath: path).map { [$0] } ?? []
    case .tcp(let host, let port), .https(let host, let port):
      do { return try Resolver.lookUp(host: host, port: port).get() } catch { throw Failure("\(error)") }
    }
  }

  // MARK: One question

  /// The status code of the answer, as text.
  private static func ask(_ address: SocketAddress, _ request: String, _ deadline: Instant) throws -> String {
    let socket = try Socket.connecting(to: address)
    try wait(for: POLLOUT, socket.descriptor, deadline)
    if let error = socket.connectError() { throw error }
    // The request is smaller than any socket's buffer: it goes in one write.
    let text = Array(request.utf8)
    guard try text.withUnsafeBytes({ try socket.write($0) }) == .done(text.count) else {
      throw Failure("the request was not taken")
    }
    return try status(of: try firstLine(socket, deadline))
  }

  private static func firstLine(_ socket: borrowing Socket, _ deadline: Instant) throws -> String {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 512)
    while !line.contains(UInt8(ascii: "\n")), line.count < 4096 {
      try wait(for: POLLIN, socket.descriptor, deadline)
      switch try buffer.withUnsafeMutableBytes({ try socket.read(into: $0) }) {
      case .wouldBlock: continue
      case .done(0): throw Failure("the connection ended without an answer")
      case .done(let count): line += buffer[..<count]
      }
    }
    return String(
      decoding: line.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// `HTTP/1.1 200 OK` → `200` (RFC 9112 §4).
  private static func status(of line: String) throws(Failure) -> String {
    let parts = line.split(separator: " ")
    guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].count == 3 else {
      throw Failure("no HTTP: \(quoted(String(line.prefix(80))))")
    }
    return String(parts[1])
  }

  private static func wait(for events: Int32, _ descriptor: Int32, _ deadline: Instant) throws {
    // Rounded up: cut off, it would give up before the time is over.
    let left = (max(.zero, deadline - .current()) + .microseconds(999)).wholeMilliseconds
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    if try syscall("poll", { poll(&entry, 1, Int32(clamping: left)) }) == 0 {
      throw Failure("no answer within \(DurationText.text(timeout))")
    }
  }
}

extension ListenAddress {
  /// Where a listener is reached from this machine: one on all addresses, on loopback.
  fileprivate var reachableHere: ListenAddress {
    switch self {
    case .tcp("0.0.0.0", let port): .tcp(host: "127.0.0.1", port: port)
    case .tcp("::", let port): .tcp(host: "::1", port: port)
    default: self
    }
  }
}

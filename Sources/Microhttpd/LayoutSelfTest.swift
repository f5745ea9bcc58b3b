// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

extension Daemon {
  /// The libmicrohttpd of this machine lays out requests in another way than `RequestGuard` expects.
  public struct LayoutMismatch: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Proves that the library's memory layout is what the request guard leans on; throws when it is not.
  ///
  /// Sends good and bad requests through a real daemon over socket pairs, on a loop of its own, which takes
  /// some milliseconds. Call it before serving: without the guard, requests can be smuggled.
  public static func selfTest() throws {
    let test = try LayoutSelfTest()
    defer { test.stop() }
    for vector in GuardVector.all { try test.check(vector) }
  }
}

/// A daemon that answers each request with its target.
final class LayoutSelfTest: ExchangeHandler {
  private let loop: EventLoop
  private var daemon: Daemon?
  private static let patience = Duration.seconds(5)

  init() throws {
    loop = try EventLoop()
    daemon = try Daemon(loop: loop, limits: Daemon.Limits(), handler: self)
  }

  /// Also breaks the circle of daemon and handler.
  func stop() {
    daemon?.stop()
    daemon = nil
  }

  func admit(_ exchange: Exchange) -> Response? { nil }
  func handle(_ exchange: Exchange) {
    let fields = FieldBlock([("First", "1"), ("Second", "2"), ("Third", "3")])
    exchange.answer(Response(status: 200, fields: fields, body: exchange.rawTarget))
  }

  /// What those fields are when `FieldHandover` fits the library.
  fileprivate static let fieldLines = "\r\nFirst: 1\r\nSecond: 2\r\nThird: 3\r\n"

  func refuse(_ exchange: Exchange, _ fault: RequestFault) -> Response { Response(status: 400) }
  func turnAway(_ exchange: Exchange) -> Response? { nil }

  func check(_ vector: GuardVector) throws {
    let reply = try exchange(Array(vector.bytes.utf8)) { vector.outcome.isComplete($0) }
    if !vector.outcome.isComplete(reply) {
      let text = String(decoding: reply.bytes.prefix(200), as: UTF8.self)
      throw Daemon.LayoutMismatch(
        description: "this libmicrohttpd is not as Crossfade expects: \(vector.name): got \(text)")
    }
  }

  struct Reply {
    var bytes: [UInt8] = []
    var isClosed = false
  }

  /// Sends a few bytes and turns the loop until `isComplete` or the patience ends.
  private func exchange(_ bytes: [UInt8], until isComplete: (Reply) -> Bool) throws -> Reply {
    var pair: [Int32] = [-1, -1]
    try syscall("socketpair") { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) }
    defer { close(pair[0]) }
    var address = sockaddr()
    address.sa_family = sa_family_t(AF_UNIX)
    guard let daemon, daemon.adopt(pair[1], &address, socklen_t(MemoryLayout<sa_family_t>.size)) else {
      throw SystemError(call: "MHD_add_connection", code: errno)
    }
    _ = try syscallIO("send") { send(pair[0], bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    let deadline = Instant.current() + LayoutSelfTest.patience
    var reply = Reply()
    while !isComplete(reply), !reply.isClosed, Instant.current() < deadline {
      try loop.turn(maxSleep: .milliseconds(5))
      try read(pair[0], into: &reply)
    }
    return reply
  }

  private func read(_ client: Int32, into reply: inout Reply) throws {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !reply.isClosed {
      let result = try syscallIO("recv") { recv(client, &buffer, buffer.count, Int32(MSG_DONTWAIT)) }
      guard case .done(let count) = result else { return }
      reply.bytes += buffer[..<count]
      reply.isClosed = count == 0
    }
  }
}

extension GuardVector.Outcome {
  /// Whether a reply is what this outcome looks like to the client.
  func isComplete(_ reply: LayoutSelfTest.Reply) -> Bool {
    let text = String(decoding: reply.bytes, as: UTF8.self)
    switch self {
    case .accepted(let targets):
      let parts = text.split(separator: "HTTP/1.1 ", omittingEmptySubsequences: false).dropFirst()
      return parts.count == targets.count
        && zip(parts, targets).allSatisfy {
          $0.hasPrefix("200 ") && $0.contains(LayoutSelfTest.fieldLines) && $0.hasSuffix("\r\n\r\n" + $1)
        }
    case .refused:
      // 1.0 closes without a word where it finds a NUL in the request line.
      let isAnswered = text.hasPrefix("HTTP/1.1 400 ") && !text.contains("HTTP/1.1 200 ")
      return reply.isClosed && (isAnswered || text.isEmpty)
    }
  }
}

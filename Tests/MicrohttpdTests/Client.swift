// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// A blocking HTTP client that speaks bytes. What does not come within 10 s is an error.
final class Client {
  struct Failure: Error, CustomStringConvertible {
    let description: String
    /// Nothing came in time, and the connection is open.
    var isSilence = false
  }

  struct Reply {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
    var closes: Bool { headers["connection"] == "close" }
  }

  let descriptor: Int32
  private var buffered: [UInt8] = []

  init(_ address: SocketAddress) throws {
    descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    try syscall("connect") { address.withPointer { Glibc.connect(descriptor, $0, $1) } }
  }

  deinit { close(descriptor) }

  convenience init(_ server: TestServer) throws { try self.init(server.address) }

  /// Sends all of it, or fails as the kernel says.
  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let rest = bytes[sent...]
      let result = try rest.withUnsafeBytes { rest in
        try syscallIO("send") { Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL)) }
      }
      guard case .done(let count) = result else { throw Failure(description: "send timed out") }
      sent += count
    }
  }

  func get(_ target: String) throws -> Reply {
    try send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
    return try reply()
  }

  func put(_ target: String, _ body: [UInt8], headers: String = "") throws -> Reply {
    try send("PUT \(target) HTTP/1.1\r\nHost: x\r\n\(headers)Content-Length: \(body.count)\r\n\r\n")
    try send(body)
    return try reply()
  }

  /// Reads one reply. `isHead`: that of a HEAD, which has no body whatever its `Content-Length` says.
  func reply(isHead: Bool = false) throws -> Reply {
    let head = try read(through: Array("\r\n\r\n".utf8))
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let colon = line.firstIndex(of: ":")!
      headers[line[..<colon].lowercased()] = String(line[line.index(colon, offsetBy: 2)...])
    }
    let status = Int(lines[0].split(separator: " ")[1])!
    let hasBody = !isHead && status != 304 && status != 204 && status >= 200
    let length = hasBody ? Int(headers["content-length"] ?? "0")! : 0
    return Reply(status: status, headers: headers, body: try read(length))
  }

  func read(_ count: Int) throws -> [UInt8] {
    while buffered.count < count, try fill() {}
    if buffered.count < count {
      throw Failure(description: "closed after \(buffered.count) of \(count) bytes")
    }
    defer { buffered.removeFirst(count) }
    return Array(buffered.prefix(count))
  }

  /// Whether the server has closed the connection, with nothing unread before it.
  func isClosed() throws -> Bool { try !fill() && buffered.isEmpty }

  /// Ends the sending side.
  func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Ends the connection with a reset.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    // An AF_UNSPEC connect resets at once, and leaves the closing of the descriptor to `deinit`.
    var nowhere = sockaddr()
    connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
  }

  private func read(through end: [UInt8]) throws -> [UInt8] {
    var searched = 0
    while true {
      for start in max(0, searched - end.count)..<max(0, buffered.count - end.count + 1)
      where buffered[start..<(start + end.count)].elementsEqual(end) {
        return try read(start + end.count)
      }
      searched = buffered.count
      if try !fill() {
        throw Failure(description: "closed after \(String(decoding: buffered, as: UTF8.self))")
      }
    }
  }

  /// Reads once; false at the end.
  private func fill() throws -> Bool {
    var piece = [UInt8](repeating: 0, count: 256 << 10)
    guard case .done(let count) = try syscallIO("recv", { recv(descriptor, &piece, piece.count, 0) }) else {
      throw Failure(description: "nothing came for 10 s after \(buffered.count) bytes", isSilence: true)
    }
    buffered += piece[..<count]
    return count > 0
  }
}

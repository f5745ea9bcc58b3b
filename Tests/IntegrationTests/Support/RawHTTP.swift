// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Glibc

/// One response as it came over the socket.
struct RawResponse {
  var status: Int
  var head: String
  var headers: [(name: String, value: String)]
  var body: [UInt8]

  /// The first field of that name.
  func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  var text: String { String(decoding: body, as: UTF8.self) }
}

/// An HTTP client that sends exactly the bytes it is given, and reads what comes with a time limit.
final class RawHTTP {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let descriptor: Int32
  private var buffer: [UInt8] = []

  /// Connects to `127.0.0.1:PORT` or `unix:PATH`.
  init(_ address: String, timeoutSeconds: Int = 10) throws {
    let isUnix = address.hasPrefix("unix:")
    descriptor = socket(isUnix ? AF_UNIX : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    let result = isUnix ? connectUnix(String(address.dropFirst(5))) : connectTCP(address)
    if result != 0 { throw Failure(description: "cannot connect to \(address): errno \(errno)") }
  }

  deinit { close(descriptor) }

  private func connectTCP(_ address: String) -> Int32 {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = UInt16(address.split(separator: ":").last ?? "")?.bigEndian ?? 0
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafeBytes(of: &name) { bytes in
      connect(
        descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self),  // a struct has an address
        socklen_t(bytes.count))
    }
  }

  private func connectUnix(_ path: String) -> Int32 {
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafeBytes(of: &name) { bytes in
      connect(
        descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self),  // likewise
        socklen_t(bytes.count))
    }
  }

  // MARK: Sending

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { throw Failure(description: "send: errno \(errno)") }
      sent += count
    }
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Ends our side of the connection; answers still come.
  func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes with a reset instead of a FIN.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  // MARK: Receiving

  /// Whether the server has closed the connection and sent nothing more.
  func isAtEnd() throws -> Bool { try buffer.isEmpty && fill() == 0 }

  /// The next response. A response to HEAD has no body, whatever its length says.
  func receive(isHead: Bool = false) throws -> RawResponse {
    let headEnd = try readHead()
    let head = String(decoding: buffer[..<headEnd], as: UTF8.self)
    buffer.removeFirst(headEnd + 4)
    let lines = head.components(separatedBy: "\r\n")
    let headers = lines.dropFirst().map { line in
      let colon = line.firstIndex(of: ":") ?? line.endIndex
      return (String(line[..<colon]), String(line[colon...].dropFirst().drop { $0 == " " }))
    }
    var response = RawResponse(
      status: Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0, head: head, headers: headers,
      body: [])
    if response.status == 100 { return try receive(isHead: isHead) }
    if isHead || response.status == 304 || response.status == 204 { return response }
    let length = Int(response.header("Content-Length") ?? "0") ?? 0
    while buffer.count < length {
      if try fill() == 0 { throw Failure(description: "the connection ended within a body") }
    }
    response.body = Array(buffer.prefix(length))
    buffer.removeFirst(length)
    return response
  }

  private func readHead() throws -> Int {
    while true {
      if let end = (0..<max(0, buffer.count - 3)).first(where: {
        Array(buffer[$0..<$0 + 4]) == [13, 10, 13, 10]
      }) {
        return end
      }
      if try fill() == 0 { throw Failure(description: "the connection ended before a response") }
    }
  }

  private func fill() throws -> Int {
    var piece = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &piece, piece.count, 0)
    if count < 0 { throw Failure(description: "recv: errno \(errno)") }
    buffer += piece.prefix(count)
    return count
  }

  // MARK: Whole requests

  /// Sends one request and reads its response.
  func request(
    _ method: String, _ target: String, headers: [String] = [], body: [UInt8]? = nil
  ) throws -> RawResponse {
    try begin(method, target, headers: headers, body: body)
    return try receive(isHead: method == "HEAD")
  }

  /// Sends one request, whose response is still to be received.
  func begin(_ method: String, _ target: String, headers: [String] = [], body: [UInt8]? = nil) throws {
    var head = "\(method) \(target) HTTP/1.1\r\nHost: crossfade\r\n"
    for header in headers { head += header + "\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    try send(Array((head + "\r\n").utf8) + (body ?? []))
  }
}

/// One request on a connection of its own.
func http(
  _ address: String, _ method: String, _ target: String, headers: [String] = [], body: String? = nil
) throws -> RawResponse {
  try RawHTTP(address).request(method, target, headers: headers, body: body.map { Array($0.utf8) })
}

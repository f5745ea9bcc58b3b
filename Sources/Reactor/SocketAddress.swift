// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CLinux
import Glibc

/// An address a stream socket connects or binds to.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
  /// The bytes of a `sockaddr_in`, `sockaddr_in6` or `sockaddr_un`.
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) { self.bytes = bytes }

  public init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
    bytes = [UInt8](UnsafeRawBufferPointer(start: address, count: Int(length)))
  }

  /// A unix socket's path: 1 to 107 bytes without NUL.
  public init?(unixPath path: String) {
    var address = sockaddr_un()
    let utf8 = Array(path.utf8)
    guard !utf8.isEmpty, !utf8.contains(0), utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      return nil
    }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: utf8) }
    let length = MemoryLayout<sa_family_t>.size + utf8.count + 1
    bytes = withUnsafeBytes(of: &address) { Array($0.prefix(length)) }
  }

  /// A unix socket's abstract name, without the NUL before it: 1 to 107 bytes (unix(7)).
  public init?(abstractName name: String) {
    let utf8 = Array(name.utf8)
    guard !utf8.isEmpty, utf8.count < MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size else {
      return nil
    }
    // Every byte up to the length counts, so there is none behind the name.
    bytes = withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) } + [0] + utf8
  }

  /// A numeric IPv4 or IPv6 address (no brackets); nil when `host` is a name.
  public init?(numericHost host: String, port: UInt16) {
    var v4 = sockaddr_in()
    if inet_pton(AF_INET, host, &v4.sin_addr) == 1 {
      v4.sin_family = sa_family_t(AF_INET)
      v4.sin_port = port.bigEndian
      bytes = withUnsafeBytes(of: &v4) { Array($0) }
      return
    }
    var v6 = sockaddr_in6()
    guard inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 else { return nil }
    v6.sin6_family = sa_family_t(AF_INET6)
    v6.sin6_port = port.bigEndian
    bytes = withUnsafeBytes(of: &v6) { Array($0) }
  }

  /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
  public var family: Int32 { withPointer { address, _ in Int32(address.pointee.sa_family) } }

  public var isUnix: Bool { family == AF_UNIX }

  /// The port of an internet address, 0 for a unix one.
  public var port: UInt16 { isUnix ? 0 : UInt16(bytes[2]) << 8 | UInt16(bytes[3]) }

  /// Whether only programs of this machine can reach it: 127.0.0.0/8, `::1`, unix sockets.
  public var isLoopback: Bool {
    switch family {
    case AF_INET: hostBytes.first == 127
    case AF_INET6: hostBytes.dropLast().allSatisfy { $0 == 0 } && hostBytes.last == 1
    default: true
    }
  }

  /// `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/x.sock`.
  public var description: String {
    switch family {
    case AF_INET: "\(numericHost):\(port)"
    case AF_INET6: "[\(numericHost)]:\(port)"
    default: "unix:" + String(decoding: bytes.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  // In a sockaddr_in the host is at byte 4, in a sockaddr_in6 at byte 8. Read from the bytes, since
  // Swift cannot load a struct with a union (in6_addr) from raw memory.
  private var hostBytes: ArraySlice<UInt8> { family == AF_INET ? bytes[4..<8] : bytes[8..<24] }

  private var numericHost: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      let result = hostBytes.withUnsafeBytes {
        inet_ntop(family, $0.baseAddress, text.baseAddress, socklen_t(text.count))
      }
      return result.map { String(cString: $0) } ?? "?"
    }
  }

  /// Calls `body` with the address as the C functions want it.
  public func withPointer<R, E: Error>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(E) -> R
  ) throws(E) -> R {
    // Aligned storage: `bytes` itself need not be aligned as a sockaddr.
    var storage = sockaddr_storage()
    withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes.prefix($0.count)) }
    let length = socklen_t(bytes.count)
    return try withUnsafePointer(to: &storage) { (pointer) throws(E) -> R in
      let address = UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      return try body(address, length)
    }
  }
}

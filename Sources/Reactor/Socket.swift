// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CLinux
import Glibc

/// A non-blocking stream socket that is closed when its owner lets go of it.
public struct Socket: ~Copyable {
  public let descriptor: Int32

  /// Takes over a descriptor.
  public init(owning descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Gives the descriptor away without closing it.
  public consuming func release() -> Int32 {
    let descriptor = self.descriptor
    discard self
    return descriptor
  }

  // MARK: Clients

  /// Starts to connect. The socket becomes writable when it is done; ask `connectError()` how.
  public static func connecting(to address: SocketAddress) throws(SystemError) -> Socket {
    let socket = Socket(
      owning: try syscall("socket") { Glibc.socket(address.family, cf_stream_nonblocking(), 0) })
    if !address.isUnix { try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
    let result = address.withPointer { Glibc.connect(socket.descriptor, $0, $1) }
    // EAGAIN: a unix socket whose backlog is full; it will not become writable by waiting.
    if result == -1, errno != EINPROGRESS, errno != EINTR { throw SystemError(call: "connect", code: errno) }
    return socket
  }

  /// What a started connect came to: nil when it succeeded.
  public borrowing func connectError() -> SystemError? {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == -1 { code = errno }
    return code == 0 ? nil : SystemError(call: "connect", code: code)
  }

  // MARK: Listeners

  /// Binds and listens. Internet sockets share their port with other sockets of this user that ask
  /// for the same (`SO_REUSEPORT`), which is how the workers divide new connections.
  public static func listening(on address: SocketAddress, backlog: Int32 = 4096) throws(SystemError) -> Socket
  {
    let socket = Socket(
      owning: try syscall("socket") { Glibc.socket(address.family, cf_stream_nonblocking(), 0) })
    if !address.isUnix {
      try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
      try socket.set(SOL_SOCKET, SO_REUSEPORT, 1)
      if address.family == AF_INET6 { try socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
    }
    try syscall("bind") { address.withPointer { Glibc.bind(socket.descriptor, $0, $1) } }
    try syscall("listen") { Glibc.listen(socket.descriptor, backlog) }
    return socket
  }

  /// The address that the socket is bound to: tells the port that the kernel chose for port 0.
  public borrowing func localAddress() throws(SystemError) -> SocketAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let fd = descriptor
    return try withUnsafeMutablePointer(to: &storage) { (pointer) throws(SystemError) -> SocketAddress in
      let address = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      try syscall("getsockname") { getsockname(fd, address, &length) }
      return SocketAddress(address, length: length)
    }
  }

  // MARK: Bytes

  public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> IOResult {
    let fd = descriptor
    return try syscallIO("recv") { recv(fd, buffer.baseAddress, buffer.count, 0) }
  }

  public borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> IOResult {
    let fd = descriptor
    return try syscallIO("send") { send(fd, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
  }

  // MARK: The end

  /// Sends no more: the peer reads what has been written and then the end. When it has closed, too, `read`
  /// comes to 0 or an error; and to an error when its machine has not been heard of for `patienceSeconds`.
  public borrowing func endWriting(patienceSeconds: Int32) throws(SystemError) {
    let fd = descriptor
    try syscall("shutdown") { shutdown(fd, Int32(SHUT_WR)) }
    if try localAddress().isUnix { return }
    try set(SOL_SOCKET, SO_KEEPALIVE, 1)
    for option in [TCP_KEEPIDLE, TCP_KEEPINTVL] {
      try set(Int32(IPPROTO_TCP), option, max(1, patienceSeconds / 4))
    }
    // Counts for probes, too, in whose number it would else be.
    try set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, patienceSeconds * 1_000)
  }

  private borrowing func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(SystemError) {
    var value = value
    let fd = descriptor
    try syscall("setsockopt") { setsockopt(fd, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) }
  }
}

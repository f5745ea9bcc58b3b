// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// Sockets that the service manager has bound for us (sd_listen_fds(3)): they take clients from before the
/// process starts until after it has ended, so that a restart loses none.
///
///     LISTEN_PID=1234  LISTEN_FDS=2  LISTEN_FDNAMES=data:admin     descriptors 3 and 4
struct SocketActivation {
  struct Passed {
    let descriptor: Int32
    let role: ListenerRole
    let address: SocketAddress
  }

  /// The first one that a manager passes.
  static let firstDescriptor: Int32 = 3

  let sockets: [Passed]

  /// Takes what the environment says is there; nothing when it is meant for another process.
  ///
  /// - Parameter first: where the descriptors begin.
  init(
    environment: [String: String], first: Int32 = SocketActivation.firstDescriptor
  ) throws(ListenError) {
    guard environment["LISTEN_PID"] == String(getpid()), let text = environment["LISTEN_FDS"] else {
      sockets = []
      return
    }
    guard let count = Int32(text), (0...64).contains(count) else {
      throw ListenError("LISTEN_FDS=\(text)", "it has to be a number from 0 to 64")
    }
    let names = try SocketActivation.names(environment["LISTEN_FDNAMES"], count: Int(count))
    var sockets: [Passed] = []
    for (index, role) in names.enumerated() {
      sockets.append(try SocketActivation.take(first + Int32(index), role))
    }
    self.sockets = sockets
  }

  private static func names(_ text: String?, count: Int) throws(ListenError) -> [ListenerRole] {
    guard let text else { return Array(repeating: .data, count: count) }
    let names = text.split(separator: ":", omittingEmptySubsequences: false)
    var roles: [ListenerRole] = []
    for name in names {
      guard let role = ListenerRole(rawValue: String(name)) else {
        throw ListenError(
          "the passed socket \"\(name)\"", "its name (FileDescriptorName=) is to be data or admin")
      }
      roles.append(role)
    }
    guard roles.count == count else {
      throw ListenError("LISTEN_FDNAMES=\(text)", "\(roles.count) names for \(count) sockets")
    }
    return roles
  }

  /// Only a stream socket that listens can be used; a datagram socket or a connection (Accept=yes) cannot.
  private static func take(_ descriptor: Int32, _ role: ListenerRole) throws(ListenError) -> Passed {
    do {
      guard try option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
        try option(SO_ACCEPTCONN, of: descriptor) != 0
      else {
        throw ListenError("descriptor \(descriptor)", "it is no listening stream socket (Accept=no)")
      }
      let flags = try syscall("fcntl") { fcntl(descriptor, F_GETFL) }
      try syscall("fcntl") { fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
      try syscall("fcntl") { fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
      let socket = Socket(owning: descriptor)
      let address = try socket.localAddress()
      return Passed(descriptor: socket.release(), role: role, address: address)
    } catch {
      throw error as? ListenError ?? ListenError("descriptor \(descriptor)", "\(error)")
    }
  }

  private static func option(_ name: Int32, of descriptor: Int32) throws(SystemError) -> Int32 {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    try syscall("getsockopt") { getsockopt(descriptor, SOL_SOCKET, name, &value, &length) }
    return value
  }
}

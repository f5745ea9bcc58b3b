// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// The file of a listening unix socket. It outlives its process, so the next one may find a stale file,
/// and must not take away one that is in use or that is something else.
struct UnixSocketFile: Sendable {
  /// Why a file was left alone.
  struct InTheWay: Error, CustomStringConvertible {
    let description: String
  }

  let path: String
  private let device: dev_t
  private let inode: ino_t

  /// The file that was just bound.
  init(_ path: String) throws(SystemError) {
    let status = try UnixSocketFile.status(path)
    self.path = path
    device = status.st_dev
    inode = status.st_ino
  }

  /// Removes the file, unless another process has put its own there meanwhile.
  func remove() {
    guard let status = try? UnixSocketFile.status(path), status.st_dev == device, status.st_ino == inode
    else {
      return
    }
    unlink(path)
  }

  /// Removes a socket's file on which nobody listens any more.
  static func removeStale(_ path: String, _ address: SocketAddress) throws {
    guard let status = try statusIfPresent(path) else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw InTheWay(description: "the file is no socket") }
    guard let failure = connectFailure(address) else {
      throw InTheWay(description: "another process listens there")
    }
    // Any other failure leaves it open whether the socket is in use: EAGAIN comes from a busy one.
    if failure.code != ECONNREFUSED { throw failure }
    try syscall("unlink") { unlink(path) }
  }

  private static func connectFailure(_ address: SocketAddress) -> SystemError? {
    do throws(SystemError) {
      let socket = try Socket.connecting(to: address)
      return socket.connectError()
    } catch {
      return error
    }
  }

  private static func statusIfPresent(_ path: String) throws(SystemError) -> stat? {
    do throws(SystemError) { return try status(path) } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
  }

  // lstat: a link to a socket is not ours to follow and remove.
  private static func status(_ path: String) throws(SystemError) -> stat {
    var status = stat()
    try syscall("lstat") { lstat(path, &status) }
    return status
  }
}

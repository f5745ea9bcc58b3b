// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CLinux
import Glibc

/// Which readiness of a descriptor a watcher wants to hear of. Errors and hang-ups are always told.
public struct Interest: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let readable = Interest(rawValue: cf_epollin() | cf_epollrdhup())
  /// The peer has ended its side of the connection.
  public static let peerEnd = Interest(rawValue: cf_epollrdhup())
  public static let writable = Interest(rawValue: cf_epollout())
  /// Of several loops that watch one listening socket, wake one (`EPOLLEXCLUSIVE`, Linux 4.5).
  public static let exclusive = Interest(rawValue: cf_epollexclusive())
}

/// What became ready.
public struct Readiness: Sendable {
  let events: UInt32
  public var isReadable: Bool { events & cf_epollin() != 0 }
  public var isWritable: Bool { events & cf_epollout() != 0 }
  /// The peer closed its side or the whole connection, or an error is pending: read to learn which.
  public var isHangup: Bool { events & (cf_epollerr() | cf_epollhup() | cf_epollrdhup()) != 0 }
}

/// The only caller of epoll. Level-triggered, so that a watcher may leave work for the next turn.
struct Poller: ~Copyable {
  private let descriptor: Int32
  private let events: UnsafeMutablePointer<epoll_event>
  private static let capacity = 256

  init() throws(SystemError) {
    descriptor = try syscall("epoll_create1") { epoll_create1(cf_epoll_cloexec()) }
    events = .allocate(capacity: Poller.capacity)
    events.initialize(repeating: epoll_event(), count: Poller.capacity)
  }

  deinit {
    events.deallocate()
    close(descriptor)
  }

  func add(_ fd: Int32, _ interest: Interest, token: UInt64) throws(SystemError) {
    try syscall("epoll_ctl(ADD)") {
      cf_epoll_ctl(descriptor, cf_epoll_ctl_add(), fd, interest.rawValue, token)
    }
  }

  func modify(_ fd: Int32, _ interest: Interest, token: UInt64) throws(SystemError) {
    try syscall("epoll_ctl(MOD)") {
      cf_epoll_ctl(descriptor, cf_epoll_ctl_mod(), fd, interest.rawValue, token)
    }
  }

  func remove(_ fd: Int32) throws(SystemError) {
    try syscall("epoll_ctl(DEL)") { cf_epoll_ctl(descriptor, cf_epoll_ctl_del(), fd, 0, 0) }
  }

  /// Waits up to `milliseconds` (−1: for ever) and returns how many events `event(_:)` holds.
  /// A signal that interrupts the wait counts as nothing ready.
  func wait(milliseconds: Int32) throws(SystemError) -> Int {
    let count = epoll_wait(descriptor, events, Int32(Poller.capacity), milliseconds)
    if count >= 0 { return Int(count) }
    if errno == EINTR { return 0 }
    throw SystemError(call: "epoll_wait", code: errno)
  }

  func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
    (cf_epoll_token(events + index), Readiness(events: cf_epoll_events(events + index)))
  }
}

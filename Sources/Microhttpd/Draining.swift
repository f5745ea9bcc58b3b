// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc
import Reactor

/// A drain that is under way.
struct Drain {
  let completion: () -> Void
  var timers: [EventLoop.Timer]
  var isOverdue = false

  func cancel() { for timer in timers { timer.cancel() } }
}

extension Daemon {
  /// How long a connection that never had a request may take to send one once a drain has begun: its client
  /// has just connected, and the request is on its way.
  private static let freshGrace = Duration.milliseconds(250)

  /// Takes what is in the backlog and stops accepting, answers all with `Connection: close`, ends idle
  /// connections; calls `completion` on the loop when the last connection has ended or `deadline` has
  /// passed. Call `stop()` then. Once only, and not from within `admit` or `handle`.
  ///
  /// A backlog that the connection limit does not let in is left: closing the listener resets it.
  public func drain(deadline: Instant, completion: @escaping () -> Void) {
    precondition(!isRunning, "drain() called by an exchange handler")
    precondition(drain == nil && daemon != nil, "a daemon drains once, before it stops")
    for listener in listeners where isListening { _ = accept(from: listener, atMost: .max) }
    stopListening()
    let grace = min(deadline, loop.now + Daemon.freshGrace)
    let timers = [
      loop.schedule(at: grace) { [weak self] in self?.endIdleConnections(fresh: true) },
      loop.schedule(at: deadline) { [weak self] in self?.drain?.isOverdue = true },
    ]
    drain = Drain(completion: completion, timers: timers)
    endIdleConnections(fresh: false)
  }

  func connectionChanged(_ descriptor: Int32, isOpen: Bool) {
    if isOpen {
      connectionCount += 1
      counters.connections += 1
      connections.open(descriptor)
      watchForEnd(descriptor)
      startSweeping()
    } else {
      unwatchForEnd(descriptor)
      connectionCount -= 1
      connections.close(descriptor)
      forgetAddress(of: descriptor)
    }
  }

  private func endIdleConnections(fresh: Bool) {
    for descriptor in connections.idle(fresh: fresh) { endIdleConnection(descriptor) }
  }

  /// Lets libmicrohttpd read an end of file, whereupon it closes the connection. The reading side only: a
  /// request that the kernel has already taken in is still read and answered.
  func endIdleConnection(_ descriptor: Int32) {
    // Can fail only when the client has already closed, which comes to the same.
    _ = shutdown(descriptor, Int32(SHUT_RD))
  }

  /// At the end of a turn, outside of libmicrohttpd, so that the completion may call `stop()`.
  func completeDrain() {
    guard let drain, drain.isOverdue || connectionCount == 0, !isDrained else { return }
    isDrained = true
    drain.cancel()
    drain.completion()
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc
import Reactor

/// A drain that is under way.
struct Drain {
  let completion: () -> Void
  var timers: [EventLoop.Timer]
  /// A connection without a request is ended. Not so at first: the answer before may have been on its way when
  /// the drain began, did not say that it is the last, and its client sends the next request.
  var endsIdle = false
  var isOverdue = false

  func cancel() { for timer in timers { timer.cancel() } }
}

extension Daemon {
  /// How long connections without a request stay once a drain has begun: a request may be on its way, and its
  /// client would find the connection reset. Those in use get their `Connection: close` meanwhile.
  private static let idleGrace = Duration.milliseconds(250)
  /// How long answers that no one waits for any longer may take to go out.
  private static let lastWords = Duration.milliseconds(250)

  /// From now on answers close their connections, so that clients go elsewhere one by one; new ones are still
  /// taken. What a drain may be preceded by.
  public func closeBehindAnswers() { isClosing = true }

  /// Takes what is in the backlog and lets go of the listeners, whose descriptors are to be closed at once.
  public func stopAccepting() {
    for listener in listeners where isListening { _ = accept(from: listener, atMost: .max) }
    stopListening()
    listeners = []
  }

  /// Stops accepting, answers all with `Connection: close`, ends idle connections; calls `completion` on the loop
  /// when the last connection has ended. What waits at `deadline` is refused as `outOfTime`, and a little later
  /// all is over. Call `stop()` then. Once only, and not from within `admit` or `handle`.
  ///
  /// A backlog that the connection limit does not let in is left: closing the listener resets it.
  public func drain(deadline: Instant, completion: @escaping () -> Void) {
    precondition(!isRunning, "drain() called by an exchange handler")
    precondition(drain == nil && daemon != nil, "a daemon drains once, before it stops")
    stopAccepting()
    isClosing = true
    let grace = min(deadline, loop.now + Daemon.idleGrace)
    let timers = [
      loop.schedule(at: grace) { [unowned self] in endIdleConnections() },
      loop.schedule(at: deadline) { [unowned self] in giveUp() },
      loop.schedule(at: deadline + Daemon.lastWords) { [unowned self] in drain?.isOverdue = true },
    ]
    drain = Drain(completion: completion, timers: timers)
  }

  private func giveUp() {
    givesUp = true
    // A run asks every exchange that waits.
    runs.isReady = true
  }

  func giveUp(_ exchange: Exchange) { exchange.giveUp(with: handler.refuse(exchange, .outOfTime)) }

  func connectionChanged(_ descriptor: Int32, isOpen: Bool) {
    if isOpen {
      connectionCount += 1
      if isSecure { handshakes += 1 }
      counters.connections += 1
      connections.open(descriptor)
      watchForEnd(descriptor)
      startSweeping()
    } else {
      if isSecure { leaveHandshake(descriptor) }
      unwatchForEnd(descriptor)
      connectionCount -= 1
      connections.close(descriptor)
      forgetAddress(of: descriptor)
      if isSecure { sessions[descriptor] = nil }
    }
  }

  private func endIdleConnections() {
    drain?.endsIdle = true
    for descriptor in connections.idle { endIdleConnection(descriptor) }
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

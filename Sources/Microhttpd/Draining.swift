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

/// What the daemon has to know of each connection, by descriptor: an array, since descriptors are small
/// numbers, so that a request costs it two stores.
struct ConnectionTable {
  private struct State: OptionSet {
    let rawValue: UInt8
    static let open = State(rawValue: 1)
    /// A request is being read, waits or is being answered.
    static let busy = State(rawValue: 2)
    /// It has had a request.
    static let used = State(rawValue: 4)
    /// The loop tells when its client ends it.
    static let watched = State(rawValue: 8)
  }

  private var states: [State] = []

  mutating func open(_ descriptor: Int32) {
    while states.count <= Int(descriptor) { states.append([]) }
    states[Int(descriptor)] = .open
  }

  mutating func close(_ descriptor: Int32) { states[Int(descriptor)] = [] }
  mutating func begin(_ descriptor: Int32) { states[Int(descriptor)].formUnion([.busy, .used]) }
  mutating func end(_ descriptor: Int32) { states[Int(descriptor)].remove(.busy) }

  mutating func noteWatched(_ descriptor: Int32, _ isWatched: Bool) {
    if isWatched {
      states[Int(descriptor)].insert(.watched)
    } else {
      states[Int(descriptor)].remove(.watched)
    }
  }

  func isWatched(_ descriptor: Int32) -> Bool { states[Int(descriptor)].contains(.watched) }
  func isOpen(_ descriptor: Int32) -> Bool { states[Int(descriptor)].contains(.open) }

  /// The open connections without a request; those that never had one only if `fresh`.
  func idle(fresh: Bool) -> [Int32] {
    states.indices.filter { index in
      let state = states[index]
      return state.contains(.open) && !state.contains(.busy) && (fresh || state.contains(.used))
    }.map(Int32.init)
  }
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
      connections.open(descriptor)
      watchForEnd(descriptor)
    } else {
      unwatchForEnd(descriptor)
      connectionCount -= 1
      connections.close(descriptor)
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

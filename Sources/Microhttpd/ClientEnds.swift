// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

/// Hears that a client has ended its side of its connection.
///
/// libmicrohttpd hears it, too, but overlooks an end that came together with the last bytes: it has asked for
/// more than there was, takes the socket for empty, and its edge-triggered epoll says it once. A client that
/// sends a request, ends its side and reads until the end would wait for the idle time.
final class EndWatch: ReadinessWatcher {
  private let descriptor: Int32
  private unowned let daemon: Daemon

  init(_ descriptor: Int32, _ daemon: Daemon) {
    self.descriptor = descriptor
    self.daemon = daemon
  }

  func becameReady(_ readiness: Readiness) { daemon.clientEnded(descriptor) }
}

extension Daemon {
  /// Begins to watch a new connection: a system call when it comes and one when it goes, none for a request.
  func watchForEnd(_ descriptor: Int32) {
    do {
      try loop.watch(descriptor, for: .peerEnd, EndWatch(descriptor, self))
      connections.noteWatched(descriptor, true)
    } catch {
      // No memory for the watch. Then the idle time ends the connection, if the library overlooks the end.
    }
  }

  func unwatchForEnd(_ descriptor: Int32) {
    guard connections.isWatched(descriptor) else { return }
    connections.noteWatched(descriptor, false)
    // Cannot fail: it is watched, and open until the library's callback returns.
    _ = try? loop.unwatch(descriptor)
  }

  func clientEnded(_ descriptor: Int32) {
    // It would be told in each turn until the connection is closed.
    unwatchForEnd(descriptor)
    ended.append(descriptor)
    runs.isReady = true
  }

  /// After a run, in which the library has read what came before the end: tells it once more. Told before, it
  /// would overlook that, too.
  func passOnEnds() {
    for descriptor in ended where connections.isOpen(descriptor) { endIdleConnection(descriptor) }
    ended.removeAll(keepingCapacity: true)
  }
}

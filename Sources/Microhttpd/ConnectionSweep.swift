// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor

// Ends connections whose client is too slow with a request, its head, its body, or the reading of an answer.
//
// libmicrohttpd only knows a time without a byte, so that a byte now and then lives for ever, and tells nobody
// that it has ended something: its time is off. A timer for each
// request would cost more than the request's parsing; so one timer a daemon looks at all connections, at
// most ten times within the shortest limit, while there is any connection. A limit is kept to within one
// such look.
extension Daemon {
  func startSweeping() {
    guard sweep == nil, let interval = sweepInterval else { return }
    // The loop holds the daemon until `stop()`, which cancels this; a weak reference would make each retain of
    // the daemon a slow one.
    sweep = loop.schedule(after: interval) { [unowned self] in
      sweep = nil
      endOverdueConnections()
      if connectionCount > 0 { startSweeping() }
    }
  }

  private var sweepInterval: Duration? {
    let times = [limits.headTime, limits.bodyTime, limits.writeTime, limits.idleTime]
    guard let shortest = times.filter({ $0 > .zero }).min() else { return nil }
    return max(.milliseconds(10), min(.seconds(1), shortest / 10))
  }

  private func endOverdueConnections() {
    for (descriptor, phase) in connections.overdue(now: loop.now, limits) {
      switch phase {
      case .fresh, .head: counters.headTimeouts += 1
      case .body: counters.bodyTimeouts += 1
      case .sending: counters.writeTimeouts += 1
      case .idle: counters.idleTimeouts += 1
      case .closed, .waiting: continue
      }
      if phase == .idle || phase == .fresh {
        endIdleConnection(descriptor)
      } else {
        // Both directions: a hang-up is what the library heeds in every state. Can fail only when the
        // client has already gone.
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
      }
    }
  }
}

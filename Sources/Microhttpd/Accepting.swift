// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc
import Reactor

/// A listening socket of the caller's.
final class Listener: ReadinessWatcher {
  let descriptor: Int32
  /// Other loops accept from it, too.
  let isShared: Bool
  private unowned let daemon: Daemon
  private var isWatched = false

  init(descriptor: Int32, isShared: Bool, daemon: Daemon) {
    self.descriptor = descriptor
    self.isShared = isShared
    self.daemon = daemon
  }

  /// Connections taken in one turn. From a socket that workers share, a small bite leaves some for the
  /// others.
  private var batch: Int { isShared ? 8 : 64 }

  func becameReady(_ readiness: Readiness) { _ = daemon.accept(from: self, atMost: batch) }

  func watch(on loop: EventLoop) throws(SystemError) {
    if isWatched { return }
    // POLLIN has the value of EPOLLIN by Linux's promise. `.readable` would not do: EPOLLEXCLUSIVE, which
    // wakes one worker of those that share a socket, does not go with EPOLLRDHUP.
    let arrivals = Interest(rawValue: UInt32(POLLIN))
    try loop.watch(descriptor, for: isShared ? [arrivals, .exclusive] : arrivals, self)
    isWatched = true
  }

  func unwatch(on loop: EventLoop) {
    guard isWatched else { return }
    isWatched = false
    // The one way to fail is that the caller has closed the socket already, which has ended the watch, too.
    _ = try? loop.unwatch(descriptor)
  }
}

extension Daemon {
  /// How long accepting rests when the process or the system is out of descriptors or memory.
  private static let acceptPauseMilliseconds: Int64 = 100

  /// Takes connections out of a backlog. Returns false when there is more and it may not be taken now.
  func accept(from listener: Listener, atMost limit: Int) -> Bool {
    var taken = 0
    while taken < limit {
      if connectionCount >= limits.connections { return false }
      switch acceptOne(listener) {
      case .added: taken += 1
      case .lost: continue
      case .none: return true
      case .exhausted:
        pauseAccepting()
        return false
      }
    }
    return true
  }

  private enum Arrival { case added, lost, none, exhausted }

  private func acceptOne(_ listener: Listener) -> Arrival {
    var storage = sockaddr_storage()
    return withUnsafeMutablePointer(to: &storage) { storage in
      let address = UnsafeMutableRawPointer(storage).assumingMemoryBound(to: sockaddr.self)
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let client = cmh_accept(listener.descriptor, address, &length)
      if client >= 0 { return take(client, address, length) }
      switch errno {
      case EAGAIN: return .none
      // Errors of the connection that was to come, not of the listener (accept(2)).
      case EINTR, ECONNABORTED, EPROTO, ENOPROTOOPT: return .lost
      case ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH: return .lost
      default: return .exhausted
      }
    }
  }

  private func take(_ client: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Arrival {
    guard admits(client, from: address) else {
      close(client)
      return .lost
    }
    if adopt(client, address, length) { return .added }
    // The library has closed it without a word of a connection.
    forgetAddress(of: client)
    return .exhausted
  }

  /// Gives a connected socket to libmicrohttpd, which closes it also when it cannot take it.
  func adopt(_ client: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Bool {
    guard let daemon else { return false }
    // Its request may be here already: read it in this turn.
    runs.isReady = true
    return cmh_add_connection(daemon, client, address, length) == 1
  }

  // MARK: Whether to accept

  /// Watches the listeners, or not: their clients wait in the backlog while no more may be taken.
  func updateListening() {
    let isWanted = drain == nil && acceptPause == nil && connectionCount < limits.connections
    if isWanted == isListening { return }
    // Drains and pauses have ceased to listen themselves.
    if !isWanted { counters.connectionPauses += 1 }
    if isWanted { resumeListening() } else { stopListening() }
  }

  func stopListening() {
    isListening = false
    acceptPause?.cancel()
    acceptPause = nil
    for listener in listeners { listener.unwatch(on: loop) }
  }

  private func resumeListening() {
    isListening = true
    do {
      for listener in listeners { try listener.watch(on: loop) }
    } catch {
      // No memory for the watch: as good as none for a connection.
      pauseAccepting()
    }
  }

  private func pauseAccepting() {
    stopListening()
    acceptPause = loop.schedule(after: .milliseconds(Daemon.acceptPauseMilliseconds)) { [unowned self] in
      acceptPause = nil
      updateListening()
    }
  }
}

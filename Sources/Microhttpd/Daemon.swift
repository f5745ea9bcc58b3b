// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc
import Reactor

/// A libmicrohttpd daemon on a worker's loop, with any number of listening sockets.
///
/// The library has no thread and no listening socket of its own: its epoll descriptor is nested in the
/// loop's, connections are accepted here and given to it, and `MHD_run` is called in the loop's turns
/// (DaemonTurns.swift says when).
///
///     loop ─► Listener ─► accept ─┐
///      │                          ▼
///      └───► takeTurn ─► MHD_run ─► access handler ─► Exchange ─► ExchangeHandler
///
/// It belongs to the loop's thread. Call `stop()` before letting go of it.
public final class Daemon {
  public struct Limits: Sendable, Hashable {
    /// Bytes of a request body.
    public var body = 8 << 20
    /// Connections at one time; more wait in the backlog.
    public var connections = 10_000
    /// Bytes of a connection's pool: bounds the request line and headers (414, 431). It also holds a record
    /// of some 60 bytes for each header and the head of the answer, so a request may take about half of it.
    public var connectionMemory = 8 << 10
    /// Seconds without a byte after which a connection is closed; 0 = never. It also ends exchanges that
    /// wait longer, so it has to be longer than any deadline.
    public var idleSeconds: UInt32 = 75
    public init() {}
  }

  /// libmicrohttpd did not start: no memory or no descriptor, or an option that it refuses.
  public struct StartFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Exchanges that wait for an answer.
  public internal(set) var waiting = 0
  public internal(set) var connectionCount = 0

  let loop: EventLoop
  let limits: Limits
  let handler: any ExchangeHandler
  /// nil after `stop()`.
  private(set) var daemon: OpaquePointer?
  private var epollDescriptor: Int32 = -1

  // When to run, see DaemonTurns.swift.
  var runs = RunSchedule()
  var isRunning = false

  // For the answers' `Date`.
  private var date = HTTPDate()
  var currentDate: HTTPDate {
    date.update(now: loop.now)
    return date
  }

  // Accepting, see Accepting.swift.
  var listeners: [Listener] = []
  var isListening = true
  var acceptPause: EventLoop.Timer?

  // What the library leaves undone, see ChunkedUploads.swift and ClientEnds.swift.
  var chunkedUploads = ChunkedUploads()
  /// Connections whose clients have ended their side since the last run.
  var ended: [Int32] = []

  // Ending, see Draining.swift.
  var connections = ConnectionTable()
  var drain: Drain?
  var isDrained = false

  /// Starts a daemon on `loop` without a listener. Throws `StartFailure` or a `SystemError`.
  public init(loop: EventLoop, limits: Limits, handler: any ExchangeHandler) throws {
    self.loop = loop
    self.limits = limits
    self.handler = handler
    // Not before all properties have their values: the callbacks' context is `self`.
    var options = callbackOptions()
    options.connection_memory = limits.connectionMemory
    options.connection_limit = UInt32(clamping: limits.connections)
    options.idle_seconds = limits.idleSeconds
    guard let daemon = cmh_start_daemon(&options) else {
      throw StartFailure(description: "libmicrohttpd does not start: \(SystemError.text(errno))")
    }
    let epoll = cmh_epoll_descriptor(daemon)
    do {
      try loop.watch(epoll, for: .readable, self)
    } catch {
      MHD_stop_daemon(daemon)
      throw error
    }
    self.daemon = daemon
    epollDescriptor = epoll
    loop.add(self)
  }

  /// Accepts connections of a listening socket from now on. The descriptor stays the caller's, who closes it
  /// after a completed drain or `stop()`.
  public func listen(_ descriptor: Int32, isUnix: Bool) throws {
    let listener = Listener(descriptor: descriptor, isUnix: isUnix, daemon: self)
    if isListening { try listener.watch(on: loop) }
    listeners.append(listener)
  }

  /// Frees everything. Exchanges still waiting are gone. Not to be called by an `ExchangeHandler` from
  /// within `admit` or `handle`.
  public func stop() {
    precondition(!isRunning, "stop() called by an exchange handler")
    guard let daemon else { return }
    stopListening()
    drain?.cancel()
    drain = nil
    loop.remove(self)
    // Cannot fail: the descriptor is watched since `init` and open until the next line but one.
    _ = try? loop.unwatch(epollDescriptor)
    self.daemon = nil
    MHD_stop_daemon(daemon)
  }
}

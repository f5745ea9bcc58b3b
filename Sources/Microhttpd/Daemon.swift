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
  /// libmicrohttpd did not start: no memory or no descriptor, or an option that it refuses.
  public struct StartFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Exchanges that wait for an answer.
  public internal(set) var waiting = 0
  /// Called whenever one of them has been answered or has gone. Not the place to answer another.
  public var whenFewerWait: (() -> Void)?
  public internal(set) var connectionCount = 0
  public internal(set) var counters = Counters()
  /// Bytes of request bodies that are held, see `Limits.bodyMemory`.
  public internal(set) var bodyMemory = 0
  /// Of the daemons that count together; nil = as many connections an address as it likes. Set it first.
  public var addressLimit: AddressLimit?

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

  // TLS, see SecureConnections.swift.
  let isSecure: Bool
  var tls: (any TLSSessions)?
  /// Connections with TLS that have not had a request, and may still be in their handshake.
  var handshakes = 0
  var sessions: [Int32: (session: OpaquePointer, owner: any TLSSessions)] = [:]

  // Limits, see ConnectionSweep.swift and AddressLimit.swift.
  var connections = ConnectionTable()
  var sweep: EventLoop.Timer?
  var addresses: [Int32: AddressLimit.Address] = [:]

  // Ending, see Draining.swift.
  /// Every answer closes its connection.
  var isClosing = false
  /// What waits is not waited for any longer.
  var givesUp = false
  var drain: Drain?
  var isDrained = false

  /// Starts a daemon on `loop` without a listener. Throws `StartFailure` or a `SystemError`.
  ///
  /// - Parameter tls: gives its connections their certificate; nil = it speaks without TLS.
  public init(
    loop: EventLoop, limits: Limits, handler: any ExchangeHandler, tls: (any TLSSessions)? = nil
  ) throws {
    self.loop = loop
    self.limits = limits
    self.handler = handler
    self.tls = tls
    isSecure = tls != nil
    // Not before all properties have their values: the callbacks' context is `self`.
    var options = callbackOptions()
    options.connection_memory = limits.connectionMemory
    options.connection_limit = UInt32(clamping: limits.connections)
    guard let daemon = try start(options) else {
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

  private func start(_ options: cmh_daemon_options) throws(StartFailure) -> OpaquePointer? {
    var options = options
    guard let tls else { return cmh_start_daemon(&options) }
    if MHD_is_feature_supported(.FEATURE_HTTPS_CERT_CALLBACK) != .YES {
      throw StartFailure(description: "this libmicrohttpd was built without TLS")
    }
    return tls.priorities.withCString { priorities in
      options.tls_priorities = priorities
      return cmh_start_daemon(&options)
    }
  }

  /// Accepts connections of a listening socket from now on. The descriptor stays the caller's, who closes it
  /// after a completed drain or `stop()`. It `isShared` when other loops accept from the same socket.
  public func listen(_ descriptor: Int32, isShared: Bool) throws {
    let listener = Listener(descriptor: descriptor, isShared: isShared, daemon: self)
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
    sweep?.cancel()
    sweep = nil
    loop.remove(self)
    // Cannot fail: the descriptor is watched since `init` and open until the next line but one.
    _ = try? loop.unwatch(epollDescriptor)
    self.daemon = nil
    MHD_stop_daemon(daemon)
  }
}

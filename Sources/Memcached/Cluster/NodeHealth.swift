// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// Decides whether a server is asked. Pure: the time comes with each event, and what is to be done goes back.
///
///     connecting ─handshake─► up ─timeout─► suspect ─answer in time─► up
///         │ ▲                                  └─`ejectAfter` timeouts in a row─► ejected
///         │ └─lost── up, suspect
///         └─failed─► ejected ─back-off is over─► probing ─handshake─► up
///                       ▲                           └─failed──┐
///                       └─────────────────────────────────────┘
///
/// | state | a connection | a request |
/// |---|---|---|
/// | connecting | is being made, the first time or after a loss | waits for it within its deadline |
/// | up, suspect | is there | is sent |
/// | ejected, probing | is not tried yet, is being made | fails at once |
///
/// An ejected node keeps its keys: handed to another node for a while, they would be found there with
/// their old values the next time that this happens.
///
/// **What counts as a timeout** is that the server did not answer a request within the node's own timeout.
/// That a caller had less time left says nothing of the server. `ejectAfter` of them in a row eject;
/// an answer in its time begins the count anew, while a handshake does not, and a late answer neither: of
/// a server that shakes hands and is late with everything else, each request would cost its timeout.
struct NodeHealth {
  /// What the node has to do about an event.
  enum Action: Hashable {
    case none
    /// Make a new connection now.
    case reconnect
    /// Drop the connection, and begin to make a new one at that time.
    case eject(probeAt: Instant)
  }

  private(set) var state = NodeStatus.State.connecting
  /// Why it is neither up nor on its way there for the first time.
  private(set) var lastError: MemcachedError?
  private let settings: NodeSettings
  private let jitter: () -> Double
  /// In a row.
  private var timeouts = 0
  /// Ejections without a good connection between them: each doubles the wait.
  private var ejections = 0
  private var connectedAt: Instant?
  /// Whether a request on this connection was answered in time.
  private var hasAnswered = false
  /// A connection that ends sooner was no good one, whatever its handshake said.
  static let shortestLife: Duration = .seconds(1)

  /// - Parameter jitter: a factor around 1 for each wait: many gateways must not knock at a server that comes
  ///   back in the same instant.
  init(_ settings: NodeSettings, jitter: @escaping () -> Double = { .random(in: 0.75...1.25) }) {
    self.settings = settings
    self.jitter = jitter
  }

  /// Whether requests are sent, or wait for a connection that is being made.
  var takesRequests: Bool {
    switch state {
    case .connecting, .up, .suspect: true
    case .ejected, .probing, .closed: false
    }
  }

  // MARK: Connections

  /// The handshake is done.
  mutating func connected(now: Instant) -> Action {
    precondition(state == .connecting || state == .probing, "a node that is \(state) makes no connection")
    connectedAt = now
    hasAnswered = false
    // A connection that replaces one on which requests timed out is under the same suspicion.
    state = timeouts == 0 ? .up : .suspect
    if state == .up { lastError = nil }
    return .none
  }

  /// No connection could be made.
  mutating func attemptFailed(_ cause: MemcachedError, now: Instant) -> Action {
    lastError = cause
    return eject(now)
  }

  /// The connection that was there has ended.
  /// - Parameter isGivenUp: by us, because a reply was late. Whether the server still shakes hands is then
  ///   the question, and no answer to it.
  mutating func lost(_ cause: MemcachedError, isGivenUp: Bool, now: Instant) -> Action {
    guard let connectedAt else { preconditionFailure("a connection that is lost was there") }
    lastError = cause
    self.connectedAt = nil
    let hasLived = now - connectedAt >= NodeHealth.shortestLife
    // A server that drops each connection soon after the handshake is not worth hurrying for.
    if !hasLived, !isGivenUp { return eject(now) }
    if hasLived { ejections = 0 }
    state = .connecting
    return .reconnect
  }

  /// The wait is over; a connection is being made.
  mutating func probe() -> Action {
    precondition(state == .ejected, "a node that is \(state) is not probed")
    state = .probing
    return .none
  }

  private mutating func eject(_ now: Instant) -> Action {
    state = .ejected
    connectedAt = nil
    timeouts = 0
    let doubled = settings.shortestBackOff * (1 << min(ejections, 16))
    ejections += 1
    return .eject(probeAt: now + min(doubled, settings.longestBackOff) * jitter())
  }

  // MARK: Requests

  /// A request was answered in its time. The first after a handshake or a timeout is enough to tell.
  mutating func answered() -> Action {
    hasAnswered = true
    timeouts = 0
    if state == .suspect {
      state = .up
      lastError = nil
    }
    return .none
  }

  /// So many requests were not answered within the node's timeout, or found no connection in it.
  mutating func timedOut(_ count: Int, now: Instant) -> Action {
    guard takesRequests else { return .none }
    timeouts += count
    let requests = timeouts == 1 ? "a request" : "\(timeouts) requests in a row"
    lastError = MemcachedError(.timedOut, "no answer to \(requests) within \(settings.operationTimeout)")
    if timeouts < settings.ejectAfter {
      if state == .up { state = .suspect }
      return .none
    }
    guard connectedAt != nil else {
      // The attempt that is under way is as good a probe as a new one.
      state = .probing
      timeouts = 0
      return .none
    }
    if hasAnswered { ejections = 0 }
    return eject(now)
  }

  mutating func close() -> Action {
    state = .closed
    connectedAt = nil
    return .none
  }
}

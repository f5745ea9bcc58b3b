// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import DequeModule
import Glibc
import Reactor

/// Hop 7: one memcached server. Keeps a connection to it, and decides what happens while there is none.
///
///     opening ──handshake──► up ──lost──► opening ──failed──► down ──back-off──► (tries again) ─► up
///
/// While a connection is being made for the first time, or again after a loss, requests wait for it
/// within their deadlines. Once an attempt has failed, requests fail at once until one succeeds: a
/// server that is away must not cost each request its timeout.
public final class ServerNode: Node {
  private enum Phase {
    case opening
    case up(ServerIdentity)
    case down(MemcachedError)
    case closed
  }

  /// A request that waits for a connection.
  private struct Pending {
    let command: Command
    let deadline: Instant
    let completion: Completion
  }

  /// A look-up of the host's name, which cannot be called back; its answer may come after the node is gone.
  private final class LookUp {
    var isWanted = true
  }

  public let name: String
  private let address: NodeAddress
  private let settings: NodeSettings
  private let loop: EventLoop
  private var phase = Phase.opening
  private var connection: Connection?
  private var openedAt = Instant.distantFuture
  private var pending: Deque<Pending> = []
  private var candidates: ArraySlice<SocketAddress> = []
  private var failedAttempts = 0
  private var lookUp: LookUp?
  private var openTimer: EventLoop.Timer?
  private var retryTimer: EventLoop.Timer?
  private var sweepTimer: EventLoop.Timer?
  private var sweepDue = Instant.distantFuture
  private var lastIdentity: ServerIdentity?

  /// Makes the node and starts to connect. `address` is of a server, not `memory`.
  public init(_ address: NodeAddress, settings: NodeSettings = NodeSettings(), loop: EventLoop) {
    if case .memory = address { preconditionFailure("a memory tier has no server") }
    self.address = address
    self.name = "\(address)"
    self.settings = settings
    self.loop = loop
    findAddresses()
  }

  deinit {
    lookUp?.isWanted = false
    for timer in [openTimer, retryTimer, sweepTimer] { timer?.cancel() }
    connection?.abandon()
  }

  public var status: NodeStatus {
    var status = NodeStatus(
      state: .connecting, wireProtocol: lastIdentity?.wireProtocol, version: lastIdentity?.version?.text,
      inFlight: pending.count + (connection?.inFlightCount ?? 0), itemSizeMax: lastIdentity?.itemSizeMax)
    switch phase {
    case .opening: break
    case .up: status.state = .up
    case .closed: status.state = .closed
    case .down(let error):
      status.state = .down
      status.lastError = error
    }
    return status
  }

  // MARK: Requests

  public func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    let deadline = min(deadline, loop.now + settings.operationTimeout)
    switch phase {
    case .up(let identity): submit(command, deadline, identity, completion)
    case .opening:
      if pending.count >= settings.maximumInFlight { return completion(.failure(overloaded)) }
      pending.append(Pending(command: command, deadline: deadline, completion: completion))
      sweep(by: deadline)
    case .down(let cause): completion(.failure(error(.down, "not connected: \(cause.detail)")))
    case .closed: completion(.failure(error(.closed, "the client was closed")))
    }
  }

  private func submit(
    _ command: Command, _ deadline: Instant, _ identity: ServerIdentity, _ completion: @escaping Completion
  ) {
    guard let connection else { preconditionFailure("a node that is up has a connection") }
    if let answer = Admission.answer(command, identity) {
      return completion(answer.mapError { error($0.kind, $0.detail) })
    }
    if connection.inFlightCount >= settings.maximumInFlight
      || connection.unwrittenBytes > settings.maximumUnwritten
    {
      return completion(.failure(overloaded))
    }
    connection.send(
      command, deadline: deadline, unixTime: Int64(time(nil)), completion: command.noreply ? nil : completion)
    sweep(by: deadline)
    if command.noreply { completion(.success(.accepted)) }
  }

  private var overloaded: MemcachedError {
    error(.overloaded, "\(status.inFlight) requests are waiting for this node")
  }

  private func error(_ kind: MemcachedError.Kind, _ detail: String) -> MemcachedError {
    MemcachedError(kind, detail, node: name)
  }

  public func close() {
    if case .closed = phase { return }
    phase = .closed
    for timer in [openTimer, retryTimer, sweepTimer] { timer?.cancel() }
    connection?.close()
    connection = nil
    failPending(error(.closed, "the client was closed"))
  }

  private func failPending(_ cause: MemcachedError) {
    let waiting = pending
    pending = []
    for request in waiting { request.completion(.failure(cause)) }
  }

  // MARK: Deadlines

  // One timer for all requests of the node, set to the earliest deadline known: a timer a request
  // would cost more than the request's own bytes.
  private func sweep(by deadline: Instant) {
    if sweepTimer != nil, sweepDue <= deadline { return }
    sweepTimer?.cancel()
    sweepDue = deadline
    sweepTimer = loop.schedule(at: deadline) { [unowned self] in sweep() }
  }

  private func sweep() {
    sweepTimer = nil
    let now = loop.now
    connection?.expire(now: now, patience: settings.operationTimeout)
    expirePending(now)
    let waiting = pending.lazy.map(\.deadline).min()
    let sent = connection?.nextDeadline
    // A request that timed out leaves a slot that is watched for its late reply, or for silence.
    let silence = (connection?.inFlightCount ?? 0) > 0 ? now + settings.operationTimeout : nil
    if let next = [waiting, sent, silence].compactMap({ $0 }).min() { sweep(by: next) }
  }

  private func expirePending(_ now: Instant) {
    let expired = pending.filter { $0.deadline <= now }
    if expired.isEmpty { return }
    pending.removeAll { $0.deadline <= now }
    for request in expired {
      request.completion(.failure(error(.timedOut, "no connection before the deadline")))
    }
  }
}

// MARK: - Connecting

extension ServerNode: ConnectionOwner {
  private func findAddresses() {
    switch address {
    case .unix(let path):
      guard let address = SocketAddress(unixPath: path) else {
        return attemptFailed(error(.connectFailed, "the path of a unix socket has 1 to 107 bytes"))
      }
      use([address])
    case .tcp(let host, let port):
      if let address = SocketAddress(numericHost: host, port: port) { return use([address]) }
      let lookUp = LookUp()
      self.lookUp = lookUp
      Resolver.resolve(host: host, port: port, on: loop) { [unowned self] result in
        guard lookUp.isWanted, !isClosed else { return }
        switch result {
        case .success(let addresses): use(addresses)
        case .failure(let failure): attemptFailed(error(.unresolved, failure.description))
        }
      }
    case .memory: preconditionFailure("a memory tier has no server")
    }
  }

  private var isClosed: Bool {
    if case .closed = phase { return true }
    return false
  }

  private func use(_ addresses: [SocketAddress]) {
    candidates = addresses[...]
    openTimer?.cancel()
    openTimer = loop.schedule(after: settings.connectTimeout) { [unowned self] in openTimedOut() }
    connectToNextCandidate(error(.connectFailed, "no address to connect to"))
  }

  private func connectToNextCandidate(_ lastError: MemcachedError) {
    guard let address = candidates.popFirst() else { return attemptFailed(lastError) }
    let handshake = Handshake(
      choice: settings.wireProtocol, nodeName: name, bootFallback: UInt64.random(in: .min ... .max))
    do throws(SystemError) {
      connection = try Connection(
        to: address, handshake: handshake, nodeName: name, loop: loop,
        owner: self)
    } catch {
      connectToNextCandidate(self.error(.connectFailed, "\(error) (\(address))"))
    }
  }

  private func openTimedOut() {
    let text = "no connection within \(settings.connectTimeout)"
    candidates = []
    // Ends in `ended`, which counts the attempt as failed.
    connection?.end(error(.connectTimedOut, text))
  }

  func opened(_ connection: Connection, _ identity: ServerIdentity) {
    openTimer?.cancel()
    openedAt = loop.now
    phase = .up(identity)
    lastIdentity = identity
    let waiting = pending
    pending = []
    // In the order in which they came; each within what is left of its deadline.
    for request in waiting {
      submit(request.command, deadline: request.deadline, completion: request.completion)
    }
  }

  func ended(_ connection: Connection, _ cause: MemcachedError) {
    guard self.connection === connection, !isClosed else { return }
    self.connection = nil
    guard case .up = phase else { return connectToNextCandidate(cause) }
    // A server that drops each connection soon after the handshake is not worth hurrying for.
    if loop.now - openedAt < .seconds(1) { return attemptFailed(cause) }
    failedAttempts = 0
    phase = .opening
    findAddresses()
  }

  private func attemptFailed(_ cause: MemcachedError) {
    openTimer?.cancel()
    phase = .down(cause)
    failPending(error(.down, "not connected: \(cause.detail)"))
    if isClosed { return }
    let doubled = settings.shortestBackOff * (1 << min(failedAttempts, 16))
    failedAttempts += 1
    // Jitter of ±25 %: many gateways must not knock at a server that comes back in the same instant.
    let delay = min(doubled, settings.longestBackOff) * Double.random(in: 0.75...1.25)
    retryTimer = loop.schedule(after: delay) { [unowned self] in findAddresses() }
  }
}

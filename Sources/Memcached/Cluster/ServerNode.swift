// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import DequeModule
import Glibc
import Reactor

/// Hop 7: one memcached server. Keeps a connection to it, and does what its `NodeHealth` decides.
///
/// While a connection is being made for the first time, or again after a loss, requests wait for it
/// within their deadlines. While the node is ejected they fail at once: a server that is away must not
/// cost each request its timeout.
public final class ServerNode: Node {
  /// A request that waits for a connection.
  private struct Pending {
    let command: Command
    let deadline: Instant
    /// As `Slot.lateAt`.
    let lateAt: Instant
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
  private var health: NodeHealth
  private var tellState: (NodeStatus) -> Void = { _ in }
  /// The one that is there or is being opened.
  private var connection: Connection?
  /// What the connection's server is; nil until the connection is open.
  private var identity: ServerIdentity? { didSet { admission = identity.map(Admission.init) } }
  // Asked for each request: a look at the identity would copy it.
  private var admission: Admission?
  /// Of earlier connections: commands that the server may yet do.
  private var lingering: [Lingering] = []
  private var pending: Deque<Pending> = []
  private var candidates: ArraySlice<SocketAddress> = []
  private var lookUp: LookUp?
  private var openTimer: EventLoop.Timer?
  private var probeTimer: EventLoop.Timer?
  private var sweepTimer: EventLoop.Timer?
  private var sweepDue = Instant.distantFuture
  private var lastIdentity: ServerIdentity?

  /// Makes the node and starts to connect. `address` is of a server, not `memory`.
  public init(_ address: NodeAddress, settings: NodeSettings = NodeSettings(), loop: EventLoop) {
    if case .memory = address { preconditionFailure("a memory tier has no server") }
    if case .unix = address, settings.tls != nil { preconditionFailure("TLS is for a host, not for a path") }
    self.address = address
    self.name = "\(address)"
    self.settings = settings
    self.loop = loop
    health = NodeHealth(settings)
    findAddresses()
  }

  deinit {
    lookUp?.isWanted = false
    for timer in [openTimer, probeTimer, sweepTimer] { timer?.cancel() }
    for rest in lingering { rest.giveUp() }
    connection?.abandon()
  }

  public var status: NodeStatus {
    // The questions of a handshake are in flight, too, and nobody's requests.
    let sent = identity == nil ? 0 : connection?.inFlightCount ?? 0
    return NodeStatus(
      state: health.state, wireProtocol: lastIdentity?.wireProtocol, version: lastIdentity?.version?.text,
      lastError: health.lastError, inFlight: pending.count + sent, waiting: pending.count,
      itemSizeMax: lastIdentity?.itemSizeMax)
  }

  public func whenStateChanges(_ tell: @escaping (NodeStatus) -> Void) { tellState = tell }

  // MARK: Requests

  public func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    let lateAt = loop.now + settings.operationTimeout
    take(command, min(deadline, lateAt), lateAt, completion)
  }

  private func take(
    _ command: Command, _ deadline: Instant, _ lateAt: Instant, _ completion: @escaping Completion
  ) {
    if let admission { return send(command, admission, deadline, lateAt, completion) }
    guard health.takesRequests else { return completion(.failure(refusal)) }
    if pending.count >= settings.maximumInFlight { return completion(.failure(overloaded)) }
    pending.append(Pending(command: command, deadline: deadline, lateAt: lateAt, completion: completion))
    sweep(by: deadline)
  }

  private func send(
    _ command: Command, _ admission: Admission, _ deadline: Instant, _ lateAt: Instant,
    _ completion: @escaping Completion
  ) {
    guard let connection else { preconditionFailure("what has been identified is at a connection's end") }
    if Admission.isAsked(of: command), let answer = admission.answer(command) {
      return completion(answer.mapError { error($0.kind, $0.detail) })
    }
    if connection.inFlightCount >= settings.maximumInFlight
      || connection.unwrittenBytes > settings.maximumUnwritten
    {
      return completion(.failure(overloaded))
    }
    connection.send(
      command, deadline: deadline, lateAt: lateAt, unixTime: command.isWrite ? Int64(time(nil)) : 0,
      completion: command.noreply ? nil : completion)
    sweep(by: deadline)
    if command.noreply { completion(.success(.accepted)) }
  }

  /// What every request gets while none is taken.
  private var refusal: MemcachedError {
    if health.state == .closed { return error(.closed, "the client was closed") }
    return error(.down, "not connected" + (health.lastError.map { ": \($0.detail)" } ?? ""))
  }

  private var overloaded: MemcachedError {
    error(.overloaded, "\(status.inFlight) requests are waiting for this node")
  }

  private func error(_ kind: MemcachedError.Kind, _ detail: String) -> MemcachedError {
    MemcachedError(kind, detail, node: name)
  }

  public func close() {
    if health.state == .closed { return }
    for timer in [openTimer, probeTimer, sweepTimer] { timer?.cancel() }
    let connection = self.connection
    dropConnection()
    note { $0.close() }
    for rest in lingering { rest.giveUp() }
    lingering = []
    connection?.close()
  }

  private func dropConnection() {
    connection = nil
    identity = nil
  }

  /// Tells the health of an event and does what follows from it.
  private func note(_ event: (inout NodeHealth) -> NodeHealth.Action) {
    let before = health.state
    let action = event(&health)
    if health.state != before { tellState(status) }
    switch action {
    case .none: break
    case .reconnect: findAddresses()
    case .eject(let due): eject(probeAt: due)
    }
    if !health.takesRequests { failPending() }
  }

  private func eject(probeAt due: Instant) {
    openTimer?.cancel()
    probeTimer = loop.schedule(at: due) { [unowned self] in
      note { $0.probe() }
      findAddresses()
    }
    let connection = self.connection
    dropConnection()
    connection?.end(error(.connectionLost, "the server did not answer in time"))
  }

  private func failPending() {
    let waiting = pending
    pending = []
    for request in waiting { request.completion(.failure(refusal)) }
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
    connection?.expire(now: now, patience: settings.patience)
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
    // The health first, as in `Connection.expire`.
    let lateCount = expired.count(where: { $0.lateAt <= now })
    if lateCount > 0 { note { $0.timedOut(lateCount, now: now) } }
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
        guard lookUp.isWanted, health.state != .closed else { return }
        switch result {
        case .success(let addresses): use(addresses)
        case .failure(let failure): attemptFailed(error(.unresolved, failure.description))
        }
      }
    case .memory: preconditionFailure("a memory tier has no server")
    }
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
      choice: settings.wireProtocol, credentials: settings.credentials, nodeName: name,
      bootFallback: UInt64.random(in: .min ... .max))
    do throws(MemcachedError) {
      connection = try Connection(
        to: address, security: security, handshake: handshake, nodeName: name, loop: loop,
        owner: self)
    } catch {
      connectToNextCandidate(self.error(error.kind, "\(error.detail) (\(address))"))
    }
  }

  private var security: TransportSecurity? {
    guard let context = settings.tls, case .tcp(let host, _) = address else { return nil }
    return TransportSecurity(context: context, host: host)
  }

  private func openTimedOut() {
    let text = "no connection within \(settings.connectTimeout)"
    candidates = []
    // Ends in `ended`, which counts the attempt as failed.
    connection?.end(error(.connectTimedOut, text))
  }

  func opened(_ connection: Connection, _ identity: ServerIdentity) {
    openTimer?.cancel()
    self.identity = identity
    lastIdentity = identity
    note { $0.connected(now: loop.now) }
    let waiting = pending
    pending = []
    // In the order in which they came; each within what is left of its deadline, and of the node's: on a server
    // that shakes hands and then says nothing, one that had to wait for that is as late as any other.
    for request in waiting { take(request.command, request.deadline, request.lateAt, request.completion) }
  }

  func answered(_ connection: Connection) { note { $0.answered() } }

  func timedOut(_ connection: Connection, _ count: Int) { note { $0.timedOut(count, now: loop.now) } }

  func ended(_ connection: Connection, _ cause: MemcachedError, rest: Lingering?) {
    if let rest {
      lingering.append(rest)
      rest.whenSettled = { [unowned self, unowned rest] in lingering.removeAll { $0 === rest } }
    }
    guard self.connection === connection else { return }
    let wasOpen = identity != nil
    dropConnection()
    if !wasOpen { return connectToNextCandidate(cause) }
    note { $0.lost(cause, isGivenUp: connection.isGivenUp, now: loop.now) }
  }

  private func attemptFailed(_ cause: MemcachedError) { note { $0.attemptFailed(cause, now: loop.now) } }
}

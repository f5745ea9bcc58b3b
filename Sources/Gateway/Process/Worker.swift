// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import GnuTLS
import Logging
import Memcached
import Microhttpd
import Reactor

/// A thread that owns a loop, a libmicrohttpd daemon and a whole `FallbackClient` with connections of its
/// own. Workers share their port, the settings and the content of memory tiers, and nothing else, so that
/// a request is never handed from thread to thread. Worker 0 serves the admin listeners beside its own.
///
///     start ─► open ─► (serves) ─► announce drain ─► drain ─► end
///
/// Everything here is called on the loop's thread; from outside it is reached through a `LoopBound`.
public final class Worker {
  public let index: Int
  public private(set) var settings: Settings
  public let loop: EventLoop
  public private(set) var client: FallbackClient
  public let log: Logger
  /// All workers, for answers that concern the whole process. Set before the first request.
  public private(set) var group = WorkerGroup([])
  public private(set) var isDraining = false
  let metrics = WorkerMetrics()

  private var listeners: [Listener]
  private var servers: [Server] = []
  private var context: ServiceContext?
  private var watch: NodeWatch?
  private var owedWatch: OwedWatch?
  private var migration: MigrationSampler?

  private var generation: Int
  private var reconfiguration: Reconfiguration?

  private struct Server {
    let role: ListenerRole
    let isSecure: Bool
    let service: HTTPService
    let daemon: Daemon
  }

  init(
    index: Int, settings: Settings, listeners: [Listener], factory: NodeFactory, log: Logger, loop: EventLoop
  ) {
    self.index = index
    self.settings = settings
    self.listeners = listeners
    self.log = log
    self.loop = loop
    generation = factory.generation
    client = factory.makeClient(loop: loop)
  }

  /// The nodes as this worker sees them: by tier, then by node.
  public var nodeStatuses: [[NodeStatus]] { client.tiers.map { $0.cluster.nodes.map(\.status) } }

  /// The same, unless its tiers are others by now, or not yet those.
  private func nodeStatuses(of generation: Int) -> [[NodeStatus]]? {
    generation == self.generation ? nodeStatuses : nil
  }

  /// What it has counted, and how things stand.
  private var measurements: Measurements {
    var measurements = Measurements(
      metrics, client,
      servers.map {
        .init(
          role: $0.role, connections: $0.daemon.connectionCount, inFlight: $0.daemon.waiting,
          limits: $0.daemon.counters)
      })
    measurements.generation = generation
    return measurements
  }

  // MARK: Serving

  /// Begins to take connections.
  func open(_ group: WorkerGroup, _ factory: NodeFactory, _ access: AccessControl?) throws {
    self.group = group
    if index == 0 { reconfiguration = Reconfiguration(factory, access, group, loop: loop, log: log) }
    let context = makeContext()
    context.access = access
    self.context = context
    for role in [ListenerRole.data, .admin] {
      for isSecure in [false, true] { try open(role, isSecure, context) }
    }
  }

  /// What cannot be reached while it drains is told nobody: nothing changes then.
  func change(_ change: @escaping TierChange, _ completion: @escaping ChangeOutcome) {
    guard let reconfiguration, !isDraining else { return completion(.failure(.draining)) }
    reconfiguration.change(change) { [self] result in
      if case .success = result { watchNodes() }
      completion(result)
    }
  }

  /// Begins to keep back what comes, and calls `completion` when what has begun has ended, or at the limit.
  func holdBack(until limit: Instant, _ completion: @escaping @Sendable () -> Void) {
    let own = servers.filter { $0.role == .data }
    for server in own { server.service.holdBack() }
    var timer: EventLoop.Timer?
    let end = {
      timer?.cancel()
      for server in own { server.daemon.whenFewerWait = nil }
      completion()
    }
    let look = { if own.allSatisfy({ $0.daemon.waiting <= $0.service.heldCount }) { end() } }
    timer = loop.schedule(at: limit, end)
    for server in own { server.daemon.whenFewerWait = look }
    look()
  }

  /// Answers from now on with the tiers and settings of that factory, also what was kept back.
  func adopt(_ factory: NodeFactory, _ access: AccessControl?) {
    (settings, generation) = (factory.settings, factory.generation)
    client = factory.makeClient(loop: loop, succeeding: client)
    let context = makeContext()
    context.access = access
    self.context = context
    for server in servers { server.service.adopt(context, crossOrigin: crossOrigin(server.role)) }
    for server in servers { server.service.goOn() }
  }

  /// A daemon speaks TLS or does not.
  private func open(_ role: ListenerRole, _ isSecure: Bool, _ context: ServiceContext) throws {
    let own = listeners.filter { $0.role == role && $0.isSecure == isSecure }
    if own.isEmpty { return }
    if isSecure, group.https == nil {
      throw StartError(description: "\(own[0].name) has no certificate")
    }
    let service = makeService(role, context)
    let daemon = try Daemon(
      loop: loop, limits: limits(role), handler: service,
      tls: isSecure ? group.https : nil)
    if role == .data { daemon.addressLimit = group.addressLimit }
    servers.append(Server(role: role, isSecure: isSecure, service: service, daemon: daemon))
    for listener in own { try daemon.listen(listener.descriptor, isShared: listener.isShared) }
  }

  /// Shows other certificates to those who connect from now on.
  func renewCertificates(_ https: TLSServerContext) {
    for server in servers where server.isSecure { server.daemon.renew(https) }
  }

  /// Begins to log which nodes come and go, as all workers see them, and what is owed: one worker's business.
  func watchNodes() {
    if isDraining { return }
    let tiers = client.tiers.map { (name: $0.name, nodes: $0.cluster.nodes.map(\.name)) }
    watch?.stop()
    owedWatch?.stop()
    let watch = NodeWatch(tiers: tiers, workers: group.count, log: log, loop: loop, succeeding: self.watch)
    self.watch = watch
    let bound = LoopBound(watch, on: loop)
    group.forEach { $0.tellStates(to: bound) }
    beginMigrationWindow()
    let former = owedWatch
    owedWatch = nil
    if client.tiers.count == 1 { return }
    owedWatch = OwedWatch(client, loop: loop, log: log, succeeding: former)
    owedWatch?.check()
  }

  /// Of the tiers that there are now. Only where it can be asked for.
  private func beginMigrationWindow() {
    migration?.stop()
    if settings.admin.isEmpty { return }
    let migration = MigrationSampler(
      generation: generation, workers: group.count, length: settings.migration.window, loop: loop
    ) { [unowned self] in group.collect(on: loop, { $0.measurements }, completion: $0) }
    migration.sample()
    self.migration = migration
    context?.migration = migration
  }

  /// Tells how the nodes are, now and whenever that changes.
  private func tellStates(to watch: LoopBound<NodeWatch>) {
    for (tier, part) in client.tiers.enumerated() {
      for (position, node) in part.cluster.nodes.enumerated() {
        let tell = { [index] (status: NodeStatus) in
          _ = watch.post { $0.changed(status, worker: index, tier: tier, node: position) }
        }
        node.whenStateChanges(tell)
        tell(node.status)
      }
    }
  }

  private func makeService(_ role: ListenerRole, _ context: ServiceContext) -> HTTPService {
    HTTPService(
      context, routes: role == .data ? Routes.data : Routes.admin, crossOrigin: crossOrigin(role))
  }

  private func crossOrigin(_ role: ListenerRole) -> CrossOrigin? {
    role == .data ? CrossOrigin(settings.corsOrigins) : nil
  }

  private func makeContext() -> ServiceContext {
    let context = ServiceContext(
      client: client, loop: loop, settings: settings, version: Version.current, worker: index,
      metrics: metrics, requestIDs: self.context?.requestIDs)
    context.isDraining = { [unowned self] in isDraining }
    context.collectNodeStatuses = { [unowned self, generation] completion in
      group.collect(on: loop, { $0.nodeStatuses(of: generation) }) { completion($0.compactMap { $0 }) }
    }
    if migration?.generation == generation { context.migration = migration }
    if index == 0 {
      context.changeTiers = { [unowned self] tierChange, completion in
        change(tierChange) { [self] outcome in completion(outcome.map { _ in self.context ?? context }) }
      }
    }
    context.collectBackfillCounts = { [unowned self] completion in
      group.collect(on: loop, { $0.client.backfillCounts }, completion: completion)
    }
    context.collectMeasurements = { [unowned self] completion in
      group.collect(on: loop, { $0.measurements }, completion: completion)
    }
    let choice = RequestLog.Choice(settings)
    let requests = RequestLog(log, loop: loop, choice)
    context.reportProblem = { requests.note($0, $1, $2) }
    if choice.isOfAnswers { context.answerLog = requests }
    return context
  }

  /// Requests in flight are not limited on admin listeners: who looks after a gateway that is full must get in.
  private func limits(_ role: ListenerRole) -> Daemon.Limits {
    var limits = Daemon.Limits()
    limits.body = HTTPService.longestBody(settings)
    limits.connections = settings.maximumConnections
    limits.idleTime = settings.idleTimeout
    limits.connectionMemory = settings.connectionMemory
    limits.headTime = settings.headTimeout
    limits.bodyTime = settings.bodyTimeout
    limits.writeTime = settings.writeTimeout
    limits.bodyMemory = settings.maximumBodyMemory
    if role == .data { limits.inFlight = settings.maximumInFlight }
    return limits
  }

  // MARK: Ending

  /// Says that it is about to drain.
  func announceDrain() { isDraining = true }

  /// Has answers close their connections; new ones are still taken.
  func closeBehindAnswers() {
    for server in servers where server.role == .data { server.daemon.closeBehindAnswers() }
  }

  /// Takes no more data connections, and serves those that there are.
  func stopAccepting() { stopAccepting(.data) }

  private func stopAccepting(_ role: ListenerRole) {
    for server in servers where server.role == role { server.daemon.stopAccepting() }
    // The daemons have let go of them; open, they would let clients connect whom nobody answers.
    for listener in listeners where listener.role == role { close(listener.descriptor) }
    listeners.removeAll { $0.role == role }
  }

  /// Takes no more data connections, and answers what is in flight. The admin listener stays and says so.
  func drain(deadline: Instant, completion: @escaping () -> Void) {
    isDraining = true
    watch?.stop()
    owedWatch?.stop()
    migration?.stop()
    drain(.data, deadline, completion)
  }

  /// Ends the admin listener, the connections to the nodes, and the loop.
  func end(deadline: Instant) {
    drain(.admin, deadline) { [self] in
      for server in servers { server.daemon.stop() }
      servers = []
      client.close()
      loop.stop()
    }
  }

  private func drain(_ role: ListenerRole, _ deadline: Instant, _ completion: @escaping () -> Void) {
    stopAccepting(role)
    let ending = servers.filter { $0.role == role }
    if ending.isEmpty { return completion() }
    var missing = ending.count
    for server in ending {
      server.daemon.drain(deadline: deadline) {
        missing -= 1
        if missing == 0 { completion() }
      }
    }
  }
}

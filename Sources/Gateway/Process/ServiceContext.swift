// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Reactor

/// What the handlers of one worker share. Bound to the worker's loop.
final class ServiceContext {
  let client: FallbackClient
  let loop: EventLoop
  let settings: Settings
  /// Crossfade's own version.
  let version: String
  let json: JSONCoding
  let cacheStatus: CacheStatus
  let serverTiming: ServerTiming
  let tierNames: [String]
  let requestIDs: RequestIDs
  let metrics: WorkerMetrics
  /// Nil where the tiers know keys as callers do.
  private let keyPrefix: KeyPrefix?

  /// Whom the gateway serves; nil = anybody, anything. A reload puts another in its place.
  var access: AccessControl?
  /// Whether the worker has stopped taking connections.
  var isDraining: () -> Bool = { false }
  /// Gathers the nodes as each worker sees them: by worker, tier and node. Completes on this loop.
  var collectNodeStatuses: (@escaping ([[[NodeStatus]]]) -> Void) -> Void
  /// Gathers what became of the backfills of each worker. Completes on this loop.
  var collectBackfillCounts: (@escaping ([BackfillCounts]) -> Void) -> Void
  /// Told of requests that are answered, where anybody wants to know; nil elsewhere.
  var answerLog: RequestLog?
  /// Gathers what each worker has measured. Completes on this loop.
  var collectMeasurements: (@escaping ([Measurements]) -> Void) -> Void
  /// What all workers have counted of late; nil where nobody can ask for it.
  var migration: MigrationSampler?
  /// Changes the tiers of the whole process, and completes on this loop with the context that has them. Nil
  /// where they cannot be changed.
  var changeTiers:
    ((@escaping TierChange, @escaping (Result<ServiceContext, ChangeRefusal>) -> Void) -> Void)?
  /// Told of every problem, with the id that its caller was given.
  var reportProblem: (Problem, String, any IncomingRequest) -> Void = { _, _, _ in }

  init(
    client: FallbackClient, loop: EventLoop, settings: Settings, version: String, worker: Int = 0,
    metrics: WorkerMetrics = WorkerMetrics(), requestIDs: RequestIDs? = nil
  ) {
    self.client = client
    self.metrics = metrics
    collectMeasurements = { completion in completion([Measurements(metrics, client, [])]) }
    collectNodeStatuses = { completion in completion([client.tiers.map { $0.cluster.nodes.map(\.status) }]) }
    collectBackfillCounts = { completion in completion([client.backfillCounts]) }
    self.loop = loop
    self.settings = settings
    json = JSONCoding(maximumOperations: settings.maximumKeysPerRequest)
    self.version = version
    tierNames = client.tiers.map(\.name)
    cacheStatus = CacheStatus(
      tierNames: tierNames, assumedTTL: client.coordination.backfill.assumedTTL)
    serverTiming = ServerTiming(tierNames: tierNames)
    self.requestIDs = requestIDs ?? RequestIDs(worker: worker)
    keyPrefix = settings.keyPrefix
  }

  /// The tiers of these names; all when there are none.
  func checkTiers(_ names: [String]) throws(Problem) {
    let known = client.tiers.map(\.name)
    for name in names where !known.contains(name) {
      throw Problem(.noSuchTier, "there is no tier `\(name)`; the tiers are \(known.joined(separator: ", "))")
    }
  }

  /// Whether the tiers know keys by other names than callers do.
  var changesKeys: Bool { keyPrefix != nil }

  /// What the tiers know a key of the caller's by; nil where they know it as the caller does.
  func storedKey(_ key: Key, of caller: Token?) throws(Problem) -> Key? {
    if let caller { try caller.check(key) }
    return try keyPrefix?.storedKey(key)
  }

  /// The answer that tells `request`'s caller of `problem`.
  func response(_ problem: Problem, to request: any IncomingRequest) -> Response {
    let id = identify(problem, of: request)
    // Fields of a request whose client has gone are gone too; nobody will read the answer.
    let asText = !request.isGone && Representation.problemAsText(request.headers("Accept"))
    return problem.response(instance: id, asText: asText, json)
  }

  /// The id under which the caller and the log are told of `problem`: the caller's own, or one of ours.
  func identify(_ problem: Problem, of request: any IncomingRequest) -> String {
    let id = request.givenID ?? requestIDs.next()
    request.notes.id = id
    reportProblem(problem, id, request)
    return id
  }
}

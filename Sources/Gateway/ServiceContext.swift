// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
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
  let tierNames: [String]
  let requestIDs: RequestIDs

  /// Whether the worker has stopped taking connections.
  var isDraining: () -> Bool = { false }
  /// Gathers the nodes as each worker sees them: by worker, tier and node. Completes on this loop.
  var collectNodeStatuses: (@escaping ([[[NodeStatus]]]) -> Void) -> Void
  /// Gathers what became of the backfills of each worker. Completes on this loop.
  var collectBackfillCounts: (@escaping ([BackfillCounts]) -> Void) -> Void
  /// Told of every problem of status 500 or more, with the id that its caller was given.
  var reportProblem: (Problem, String) -> Void = { _, _ in }

  init(
    client: FallbackClient, loop: EventLoop, settings: Settings, version: String, worker: Int = 0
  ) {
    self.client = client
    collectNodeStatuses = { completion in completion([client.tiers.map { $0.cluster.nodes.map(\.status) }]) }
    collectBackfillCounts = { completion in completion([client.backfillCounts]) }
    self.loop = loop
    self.settings = settings
    json = JSONCoding(maximumOperations: settings.maximumKeysPerRequest)
    self.version = version
    tierNames = client.tiers.map(\.name)
    cacheStatus = CacheStatus(
      tierNames: tierNames, assumedTTL: client.coordination.backfill.assumedTTL)
    requestIDs = RequestIDs(worker: worker)
  }

  /// The tiers of these names; all when there are none.
  func checkTiers(_ names: [String]) throws(Problem) {
    let known = client.tiers.map(\.name)
    for name in names where !known.contains(name) {
      throw Problem(.noSuchTier, "there is no tier `\(name)`; the tiers are \(known.joined(separator: ", "))")
    }
  }

  /// The answer that tells `request`'s caller of `problem`.
  func response(_ problem: Problem, to request: any IncomingRequest) -> Response {
    let id = identify(problem)
    // Fields of a request whose client has gone are gone too; nobody will read the answer.
    let asText = !request.isGone && Representation.problemAsText(request.headers("Accept"))
    return problem.response(instance: id, asText: asText, json)
  }

  /// The id under which the caller, and the log if it is one of ours, are told of `problem`.
  func identify(_ problem: Problem) -> String {
    let id = requestIDs.next()
    if problem.type.status >= 500 { reportProblem(problem, id) }
    return id
  }
}

/// Gives each request that needs one an id of its own: process, worker, number.
///
/// Made only when it is needed, as most requests never show theirs.
final class RequestIDs {
  private let prefix: String
  private var count: UInt64 = 0

  /// Processes of one machine differ by number, those before and after a restart by the start's time.
  init(worker: Int, processID: Int32 = getpid(), startedAt: Int = time(nil)) {
    prefix = "\(String(startedAt, radix: 16))-\(processID)-\(worker)-"
  }

  func next() -> String {
    count += 1
    return prefix + String(count)
  }
}

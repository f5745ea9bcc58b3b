// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor

/// Logs requests that were not done. Those that were leave no line: that is what proxies have access logs for.
///
///     debug   every one
///     info    those of status 500 and above: the first ten of a second, then how many more there were
///
/// An outage would else be a line a request, and `node ejected` has told of it already.
final class RequestLog {
  static let linesPerSecond = 10

  private let log: Logger
  private let loop: EventLoop
  private var windowEnd: Instant
  private var lineCount = 0
  private var omittedCount = 0
  private var timer: EventLoop.Timer?

  init(_ log: Logger, loop: EventLoop) {
    self.log = log
    self.loop = loop
    windowEnd = loop.now
  }

  deinit { timer?.cancel() }

  /// - Parameter id: under which its caller was told of the problem.
  func note(_ problem: Problem, _ id: String, _ request: any IncomingRequest) {
    let isOurs = problem.type.status >= 500
    if log.logLevel <= .debug {
      let message: Logger.Message = isOurs ? "request failed" : "request refused"
      let metadata = RequestLog.metadata(problem, id, request)
      return log.log(level: isOurs ? .info : .debug, message, metadata: metadata)
    }
    guard isOurs, log.logLevel <= .info else { return }
    if loop.now >= windowEnd { (windowEnd, lineCount) = (loop.now + .seconds(1), 0) }
    if lineCount == RequestLog.linesPerSecond { return omit() }
    lineCount += 1
    log.info("request failed", metadata: RequestLog.metadata(problem, id, request))
  }

  private func omit() {
    omittedCount += 1
    if timer != nil { return }
    timer = loop.schedule(at: windowEnd) { [unowned self] in
      timer = nil
      log.info("more requests failed", metadata: ["count": "\(omittedCount)"])
      omittedCount = 0
    }
  }

  /// The path's pattern in place of the path: keys may be somebody's names.
  private static func metadata(
    _ problem: Problem, _ id: String, _ request: any IncomingRequest
  ) -> Logger.Metadata {
    var metadata: Logger.Metadata = [
      "instance": "\(id)", "status": "\(problem.type.status)", "type": "\(problem.type.rawValue)",
      "method": "\(request.method.name)", "detail": "\(problem.detail)",
    ]
    let facts = [
      ("route", Router.pattern(of: request.rawTarget)), ("tier", problem.tier), ("node", problem.node),
      ("outcome", problem.outcome?.rawValue), ("trace_id", request.traceID),
    ]
    for case (let name, let value?) in facts { metadata[name] = "\(value)" }
    return metadata
  }
}

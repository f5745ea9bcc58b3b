// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor

/// Logs requests: those that were not done, and of the others what the settings ask for.
///
///     request refused     at debug: every one below status 500
///     request failed      those of status 500 and above: the first ten of a second, then how many more there
///                         were, unless at debug. An outage would else be a line a request, and `node ejected`
///                         has told of it already
///     slow request        what took as long as --slow-log says, with what each tier took
///     request answered    by --access-log
///     request abandoned   by either, when its client left before the answer
///
/// No line has a value, and none a key unless --log-keys asks for targets: keys may be somebody's names.
final class RequestLog {
  static let linesPerSecond = 10

  /// Which requests have lines beside those that failed.
  struct Choice {
    var access = AccessLog.off
    /// One of so many, where they are sampled.
    var sample = 1
    /// Zero: none is slow.
    var slow: Duration = .zero
    var hasTargets = false

    /// Whether anything is to be said of requests that were done.
    var isOfAnswers: Bool { access != .off || slow > .zero }
  }

  private let log: Logger
  private let loop: EventLoop
  private let choice: Choice
  private let slowMicroseconds: UInt32
  private var answerCount = 0
  private var windowEnd: Instant
  private var lineCount = 0
  private var omittedCount = 0
  private var timer: EventLoop.Timer?

  init(_ log: Logger, loop: EventLoop, _ choice: Choice = Choice()) {
    self.log = log
    self.loop = loop
    self.choice = choice
    let slow = choice.slow.wholeNanoseconds / 1_000
    slowMicroseconds = slow == 0 ? .max : UInt32(clamping: slow)
    windowEnd = loop.now
  }

  deinit { timer?.cancel() }

  /// - Parameter id: under which its caller was told of the problem.
  func note(_ problem: Problem, _ id: String, _ request: any IncomingRequest) {
    guard problem.type.status >= 500 else {
      if log.logLevel <= .debug {
        log.debug("request refused", metadata: metadata(problem, id, request))
      }
      return
    }
    if log.logLevel <= .debug {
      return log.info("request failed", metadata: metadata(problem, id, request))
    }
    guard log.logLevel <= .info else { return }
    if loop.now >= windowEnd { (windowEnd, lineCount) = (loop.now + .seconds(1), 0) }
    if lineCount == RequestLog.linesPerSecond { return omit() }
    lineCount += 1
    log.info("request failed", metadata: metadata(problem, id, request))
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

  // MARK: Answers

  /// Whether the line of a request that is about to be answered will tell of tiers.
  func wantsSteps(_ request: any IncomingRequest) -> Bool {
    choice.access != .off || microseconds(of: request) >= slowMicroseconds
  }

  /// - Parameter status: of the answer that is about to be on its way.
  func noteAnswer(_ request: any IncomingRequest, status: Int, requestBytes: Int, responseBytes: Int) {
    answerCount &+= 1
    let time = microseconds(of: request)
    let isSlow = time >= slowMicroseconds
    guard isSlow || isChosen(status) else { return }
    var metadata = metadata(of: request)
    metadata["instance"] = (request.notes.id ?? request.givenID).map { "\($0)" }
    metadata["status"] = .stringConvertible(status)
    metadata["duration_ms"] = .stringConvertible(Double(time) / 1_000)
    metadata["bytes_in"] = .stringConvertible(requestBytes)
    metadata["bytes_out"] = .stringConvertible(responseBytes)
    metadata["tiers"] = request.notes.steps.map { "\($0)" }
    if isSlow { return log.warning("slow request", metadata: metadata) }
    log.info("request answered", metadata: metadata)
  }

  func noteAbandoned(_ request: any IncomingRequest) {
    let time = microseconds(of: request)
    guard choice.access != .off || time >= slowMicroseconds else { return }
    var metadata = metadata(of: request)
    metadata["duration_ms"] = .stringConvertible(Double(time) / 1_000)
    log.info("request abandoned", metadata: metadata)
  }

  private func isChosen(_ status: Int) -> Bool {
    switch choice.access {
    case .off: false
    case .all: true
    case .errors: RequestLog.isError(status)
    case .sampled: RequestLog.isError(status) || answerCount % choice.sample == 0
    }
  }

  /// "There is none" and "it has changed" are answers to a question.
  private static func isError(_ status: Int) -> Bool { status >= 400 && status != 404 && status != 412 }

  private func microseconds(of request: any IncomingRequest) -> UInt32 {
    loop.now.microseconds(since: request.notes.begun)
  }

  // MARK: Metadata

  /// The path's pattern stands for the path.
  private func metadata(of request: any IncomingRequest) -> Logger.Metadata {
    var metadata: Logger.Metadata = ["method": "\(request.method.name)"]
    metadata["route"] = Router.pattern(of: request.rawTarget).map { "\($0)" }
    metadata["trace_id"] = request.traceID.map { "\($0)" }
    metadata["token"] = request.notes.caller.map { "\($0)" }
    if choice.hasTargets { metadata["target"] = "\(String(decoding: request.rawTarget, as: UTF8.self))" }
    return metadata
  }

  private func metadata(
    _ problem: Problem, _ id: String, _ request: any IncomingRequest
  ) -> Logger.Metadata {
    var metadata = metadata(of: request)
    metadata["instance"] = "\(id)"
    metadata["status"] = .stringConvertible(problem.type.status)
    metadata["type"] = "\(problem.type.rawValue)"
    // Of what its caller did wrong the detail may repeat what he sent, keys among it.
    if problem.type.status >= 500 || choice.hasTargets { metadata["detail"] = "\(problem.detail)" }
    let facts = [
      ("tier", problem.tier), ("node", problem.node), ("outcome", problem.outcome?.rawValue),
    ]
    for case (let name, let value?) in facts { metadata[name] = "\(value)" }
    return metadata
  }
}

extension RequestLog.Choice {
  init(_ settings: Settings) {
    self.init(
      access: settings.accessLog, sample: settings.accessLogSample, slow: settings.slowLog,
      hasTargets: settings.logKeys)
  }
}

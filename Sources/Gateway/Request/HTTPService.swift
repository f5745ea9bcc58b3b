// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd

/// Answers what a worker's listeners of one kind receive: the door between the HTTP layer and handlers.
final class HTTPService: ExchangeHandler {
  private var context: ServiceContext
  private let router: Router
  private var crossOrigin: CrossOrigin?
  /// Requests that wait for other tiers; nil while none do.
  private var held: [any IncomingRequest]?

  /// - Parameter crossOrigin: nil where pages of other origins have no business, as on admin listeners.
  init(_ context: ServiceContext, routes: [Route], crossOrigin: CrossOrigin? = nil) {
    self.context = context
    self.crossOrigin = crossOrigin
    router = Router(routes)
  }

  // MARK: Changes

  /// Keeps what comes from now on until `goOn`.
  func holdBack() { held = held ?? [] }

  /// Those of them whose client still waits.
  var heldCount: Int { held?.count { !$0.isGone } ?? 0 }

  /// Answers from now on what is asked with this context; what has begun ends with the one that it began with.
  func adopt(_ context: ServiceContext, crossOrigin: CrossOrigin?) {
    self.context = context
    self.crossOrigin = crossOrigin
  }

  /// Answers what was held.
  func goOn() {
    let waiting = held ?? []
    held = nil
    for request in waiting where !request.isGone { answer(request) }
  }

  /// The longest body that any route takes.
  static func longestBody(_ settings: Settings) -> Int {
    max(longestValueBody(settings), settings.maximumBatchLength, Limits.smallBodyLength)
  }

  /// The JSON form of the longest value, all of it escaped.
  private static func longestValueBody(_ settings: Settings) -> Int {
    settings.maximumValueLength * Limits.jsonBytesPerByte + Limits.jsonEnvelopeLength
  }

  func admit(_ exchange: Exchange) -> Response? { refusal(exchange) }

  func handle(_ exchange: Exchange) { answer(exchange) }

  func refuse(_ exchange: Exchange, _ fault: RequestFault) -> Response {
    let problem =
      switch fault {
      case .malformed(let reason): Problem(.malformedRequest, reason)
      case .unknownExpectation: Problem(.expectationFailed, "`Expect` can be `100-continue` and nothing else")
      case .outOfTime: HTTPService.outOfTime(exchange)
      case .bodyTooLarge(let limit): Problem(.tooLarge, "the body is longer than \(limit) bytes")
      case .noBodyMemory: Problem(.busy, "the bodies of other requests take all the memory for them")
      }
    return response(problem, to: exchange)
  }

  func turnAway(_ exchange: Exchange) -> Response? {
    // Whoever would restart a gateway that does not say that it lives would make its load the others'.
    if exchange.rawTarget.starts(with: "/livez".utf8) || exchange.rawTarget.starts(with: "/readyz".utf8) {
      return nil
    }
    return response(Problem(.busy, "as many requests as may be wait for an answer"), to: exchange)
  }

  func willAnswer(_ exchange: Exchange, with response: Response) {
    let (begun, received) = (exchange.notes.begun, exchange.receivedBytes)
    // Those leave without their body.
    let sent = exchange.method == .head || response.status == 304 ? 0 : response.body.count
    context.metrics.noteAnswer(
      route: exchange.notes.route, status: response.status,
      microseconds: context.loop.now.microseconds(since: begun),
      requestBytes: received, responseBytes: sent)
    context.answerLog?.noteAnswer(
      exchange, status: response.status, requestBytes: received, responseBytes: sent)
  }

  func wasAbandoned(_ exchange: Exchange) {
    context.metrics.count(.requestAbandoned)
    context.answerLog?.noteAbandoned(exchange)
  }

  /// The gateway ends before the answer is there. A write may be made yet, or have been.
  private static func outOfTime(_ exchange: Exchange) -> Problem {
    var problem = Problem(.closed, "the gateway ends and cannot wait for the answer")
    if exchange.method != .get, exchange.method != .head { problem.outcome = .unknown }
    return problem
  }

  func answer(_ request: any IncomingRequest) {
    if held != nil {
      held?.append(request)
      return
    }
    guard let crossOrigin else { return serve(request) }
    serve(CrossOriginRequest(request, crossOrigin))
  }

  private func serve(_ request: any IncomingRequest) {
    do throws(Problem) {
      switch try router.destination(request.method, request.rawTarget) {
      case .options(let allow):
        var response = Response(status: 204, headers: [("Allow", allow)])
        crossOrigin?.appendPreflight(for: request, allow: allow, to: &response.fields)
        request.answer(response)
      case .route(let route, let key, let query):
        request.note(route: route.number)
        let caller = try context.access?.admit(request, needing: route.need, now: context.loop.now)
        try route.handler(Call(request, context, caller: caller, key: key, query: query))
      }
    } catch {
      request.answer(context.response(error, to: request))
    }
  }

  /// Refuses by its announced length a body that could not be taken, before it is on the way, and whatever may be
  /// long from those who may not send it.
  ///
  /// A refusal here ends the connection, so a request that is merely wrong is answered in `answer`.
  func refusal(_ request: any IncomingRequest) -> Response? {
    let length = request.contentLength ?? 0
    guard length > Limits.smallBodyLength || isChunkedAndControlled(request) else { return nil }
    do throws(Problem) {
      let route = try router.route(request.method, request.rawTarget)
      if let route {
        request.note(route: route.number)
        try context.access?.check(request, needing: route.need, now: context.loop.now)
      }
      let limit = lengthLimit(request, route?.bodyUse ?? .arguments)
      if length <= limit { return nil }
      throw Problem(.tooLarge, "the body has \(length) bytes; at most \(limit) can be taken here")
    } catch {
      return response(error, to: request)
    }
  }

  private func isChunkedAndControlled(_ request: any IncomingRequest) -> Bool {
    context.access != nil && request.header("Transfer-Encoding") != nil
  }

  /// For requests that are refused before they are answered.
  private func response(_ problem: Problem, to request: any IncomingRequest) -> Response {
    var response = context.response(problem, to: request)
    crossOrigin?.append(for: request, to: &response.fields)
    return response
  }

  private func lengthLimit(_ request: any IncomingRequest, _ use: Route.BodyUse) -> Int {
    switch use {
    case .arguments: return Limits.smallBodyLength
    case .value:
      let type = request.header("Content-Type").flatMap(MediaType.init)
      let isJSON = type?.isJSON ?? false
      return isJSON ? HTTPService.longestValueBody(context.settings) : context.settings.maximumValueLength
    case .batch: return context.settings.maximumBatchLength
    }
  }
}

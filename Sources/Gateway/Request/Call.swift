// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Reactor

/// A request that has found its handler: what was asked, and the way to answer.
///
/// An object, because every completion on its way captures it.
final class Call {
  let request: any IncomingRequest
  let context: ServiceContext
  let query: Query
  /// Nil for a request of its own.
  let part: BatchPart?
  /// Nil where nobody is asked who they are.
  let caller: Token?
  private let ownKey: Key?
  private let ownStoredKey: Key?
  /// The seconds of `Prefer: wait` that are the time of this call; nil when the settings' are.
  private var waitSeconds: Int?
  /// Whether the answer is to say what each tier took.
  private var tellsTiming = false

  /// Throws when the key is none of the caller's, or too long for what the tiers know it by.
  init(
    _ request: any IncomingRequest, _ context: ServiceContext, caller: Token?, key: Key?, query: Query,
    part: BatchPart? = nil
  ) throws(Problem) {
    ownStoredKey = if let key { try context.storedKey(key, of: caller) ?? key } else { nil }
    self.request = request
    self.context = context
    self.query = query
    self.part = part
    self.caller = caller
    ownKey = key
  }

  /// The key of the path or of the operation, as the caller knows it. Only for routes that have one.
  var key: Key {
    guard let ownKey else { preconditionFailure("the route's path has no {key}") }
    return ownKey
  }

  /// The same as the tiers know it.
  var storedKey: Key {
    guard let ownStoredKey else { preconditionFailure("the route's path has no {key}") }
    return ownStoredKey
  }

  /// The name of the tier that gave `answer`.
  func tierName(_ answer: Answer) -> String { context.tierNames[answer.tier] }

  /// Why a write failed, with what became of it in each tier that it was to change, in the order of its steps.
  func problem(_ error: MemcachedError, ofWrite answer: Answer) -> Problem {
    var problem = Problem(error, tier: tierName(answer), isWrite: true)
    if answer.others.isEmpty { return problem }
    let older = answer.others.map { visit in
      let error: MemcachedError? = if case .error(let error) = visit.outcome { error } else { nil }
      return TierOutcome(tier: context.client.tiers[visit.tier].name, error)
    }
    problem.tiers = older + [TierOutcome(tier: tierName(answer), error)]
    return problem
  }

  // MARK: Answering

  func respond(_ response: consuming Response) {
    guard let waitSeconds else { return request.answer(response) }
    response.add("Preference-Applied", "wait=\(waitSeconds)")
    request.answer(response)
  }

  /// - Parameter answer: of a write that was done; tells where a stale copy is owed.
  func respond(_ result: WriteResult, _ answer: Answer) {
    if let part { return part.complete(.written(result)) }
    var response = result.response(context.json)
    context.cacheStatus.appendOwed(answer, to: &response.fields)
    appendTiming(answer, to: &response.fields)
    respond(response)
  }

  func appendTiming(_ answer: Answer, to fields: inout FieldBlock) {
    if tellsTiming { context.serverTiming.append(answer, to: &fields) }
    guard let log = context.answerLog, part == nil, log.wantsSteps(request) else { return }
    request.notes.steps = context.serverTiming.text(answer)
  }

  /// - Parameter answer: what the tiers came to.
  func fail(_ problem: Problem, _ answer: Answer) {
    var problem = problem
    appendTiming(answer, to: &problem.fields)
    fail(problem)
  }

  func fail(_ problem: Problem) {
    if let part { return part.complete(.failed(problem)) }
    respond(context.response(problem, to: request))
  }

  func respond(json body: some Encodable) { respond(.of(.json, context.json.encode(body))) }

  // MARK: Reading the request

  /// The form of the answer, or 406.
  func negotiate(_ offers: [Representation]) throws(Problem) -> Representation {
    if let form = Representation.negotiate(request, offers: offers) { return form }
    let names = offers.map(\.rawValue).joined(separator: ", ")
    throw Problem(.notAcceptable, "this can be given as \(names)")
  }

  /// What the client is told of the caller's wishes, among them the time for it (`Prefer: wait`). The answer
  /// confirms that it was given so much, so call this once.
  /// - Parameter isSequence: several commands: the whole of it ends when one command would.
  func options(isSequence: Bool = false, noreply: Bool = false) -> RequestOptions {
    if let part { return RequestOptions(deadline: part.deadline) }
    let preferences = preferences
    // Who is answered at once is not waited for.
    waitSeconds = noreply ? nil : preferences?.waitSeconds
    tellsTiming = !noreply && (context.settings.serverTiming || preferences?.timing ?? false)
    let seconds = waitSeconds.map { Duration.seconds($0) }
    let time = seconds ?? (isSequence ? context.settings.operationTimeout : nil)
    return RequestOptions(deadline: time.map { context.loop.now + $0 }, noreply: noreply)
  }

  /// Whether the caller does not want to wait for the outcome (`Prefer: respond-async`). A batch does: its
  /// next operation of a key begins when the one before it is done.
  var prefersNoReply: Bool { part == nil && preferences?.respondAsync ?? false }

  var preferences: Preferences? {
    // Nearly no request has any, and looking for a single field is the quicker way to know.
    request.header("Prefer") == nil ? nil : Preferences(request.headers("Prefer"))
  }

  /// Whether the body is in JSON form; any other media type means that the body is the value itself.
  func hasJSONBody() throws(Problem) -> Bool {
    try refuseCoding()
    // What most clients send: taking the field apart would cost as much as all the rest of a small PUT.
    if let form = Representation.announced(by: request) { return form == .json }
    guard let field = request.header("Content-Type") else { return false }
    // Whether the body is the value or describes it must not be anybody's guess.
    if request.headers("Content-Type").count > 1 {
      throw Problem(.unsupportedMediaType, "`Content-Type` is given twice")
    }
    guard let type = MediaType(field) else {
      throw Problem(.unsupportedMediaType, "`\(field)` is no media type")
    }
    guard type.isJSON else { return false }
    guard type.isReadable else { throw Problem(.unsupportedMediaType, "JSON is read as UTF-8 only") }
    return true
  }

  /// What a body is coded with would be lost: no backend keeps it beside the bytes (RFC 9110 §8.4, §15.5.16).
  private func refuseCoding() throws(Problem) {
    guard let coding = request.header("Content-Encoding"), coding.lowercased() != "identity" else { return }
    throw Problem(
      .unsupportedMediaType,
      "`Content-Encoding: \(coding)` could not be told to readers: send the bytes as they are, without it")
  }

  /// The arguments in the body of a request that can also have them in its query; nil when there is no body.
  func arguments<Body: Decodable>(_ type: Body.Type) throws(Problem) -> Body? {
    if request.body.isEmpty { return nil }
    let isJSON = try hasJSONBody()
    guard isJSON || request.header("Content-Type") == nil else {
      throw Problem(.unsupportedMediaType, "the arguments are JSON: send `Content-Type: application/json`")
    }
    try refuseQuery()
    return try context.json.decode(type, from: request.body)
  }

  func refuseQuery() throws(Problem) {
    if query.isEmpty { return }
    throw Problem(.invalidQuery, "the arguments are in the body and in the query: give one")
  }

  /// The `key` member of a body may repeat the key of the path, so that what was read can be sent back.
  func check(memberKey: String?) throws(Problem) {
    guard let memberKey, !memberKey.utf8.elementsEqual(key.bytes) else { return }
    throw Problem(.invalidBody, "`key` is `\(memberKey)`, the path's is `\(key)`")
  }
}

extension Response {
  /// An answer that no cache may use without asking again.
  static func of(_ form: Representation, status: Int = 200, _ body: [UInt8]) -> Response {
    Response(status: status, fields: form.fields, body: body)
  }

  /// Every ETag but that of an older tier's hit is strong.
  mutating func add(eTag token: CASToken?, isWeak: Bool = false, _ form: Representation = .json) {
    guard let token else { return }
    fields.begin("ETag")
    ETag.write(token, isWeak: isWeak, form, to: &fields)
  }
}

extension Representation {
  /// What every answer of this form begins with, written once.
  fileprivate var fields: FieldBlock {
    switch self {
    case .json: Representation.jsonFields
    case .octets: Representation.octetFields
    case .text: Representation.textFields
    }
  }

  private static let jsonFields = fields(of: .json)
  private static let octetFields = fields(of: .octets)
  private static let textFields = fields(of: .text)

  private static func fields(of form: Representation) -> FieldBlock {
    var fields = FieldBlock([
      ("Content-Type", form.rawValue), ("Cache-Control", "no-cache"), ("Vary", "Accept"),
      ("X-Content-Type-Options", "nosniff"),
    ])
    // Room for those of an item: the first that is written makes a copy, and that one need not grow.
    fields.reserve(160)
    return fields
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// Why a request was not done, as its caller is told (RFC 9457). Handlers throw it or answer with it.
struct Problem: Error {
  var type: ProblemType
  /// What is wrong this time, for people; names what was given and what is allowed.
  var detail: String
  var tier: String?
  var node: String?
  /// The server's own line.
  var memcached: String?
  /// With 412, what the precondition found: `exists`, `changed` or `missing`.
  var reason: String? { type.status == 412 ? type.rawValue : nil }
  /// What became of a write; nil where nothing was written.
  var outcome: MemcachedError.WriteOutcome?
  /// What became of it in each tier, for an operation on several that failed.
  var tiers: [TierOutcome]?
  /// Fields beside those that every problem has.
  var fields = FieldBlock()

  init(_ type: ProblemType, _ detail: String) {
    self.type = type
    self.detail = detail
  }

  /// A tier's failure. Only writes say what became of them.
  init(_ error: MemcachedError, tier: String?, isWrite: Bool) {
    self.init(ProblemType(error.kind), error.detail)
    self.tier = tier
    node = error.node
    memcached = error.serverLine
    outcome = isWrite ? error.outcome : nil
  }

  /// A reply that no server gives to this command: a mistake on one side that must not look like success.
  init(unexpected reply: Reply, tier: String?) {
    self.init(.protocolViolation, "the reply does not belong to this command: \(reply.word)")
    self.tier = tier
  }

  /// The same problem with one more field.
  func with(_ name: StaticString, _ value: String) -> Problem {
    var problem = self
    problem.fields.append(name, value)
    return problem
  }
}

extension Problem {
  /// The body's members (RFC 9457 §3.1, and ours). Those that are nil are left out.
  struct Body: Encodable {
    var type: String
    var title: String
    var status: Int
    var detail: String
    var instance: String
    var reason: String?
    var tier: String?
    var node: String?
    var memcached: String?
    var outcome: String?
    var tiers: [TierOutcome]?
  }

  func body(instance: String) -> Body {
    Body(
      type: type.uri, title: type.title, status: type.status, detail: detail,
      instance: instance, reason: reason, tier: tier, node: node, memcached: memcached,
      outcome: outcome?.rawValue, tiers: tiers)
  }

  /// The same for eyes: one line that says it, then a line for each fact.
  func text(instance: String) -> String {
    var text = "\(type.status) \(type.title): \(detail)\n"
    let facts = [
      ("reason", reason), ("tier", tier), ("node", node), ("memcached", memcached),
      ("outcome", outcome?.rawValue), ("instance", instance),
    ]
    for case (let name, let value?) in facts { text += "\(name): \(value)\n" }
    for part in tiers ?? [] {
      let place = [part.tier, part.node].compactMap { $0 }.joined(separator: " ")
      text += "in \(place): \(part.outcome)" + (part.detail.map { " (\($0))" } ?? "") + "\n"
    }
    return text
  }

  /// The whole answer. 404 and some other failures may be cached by rule of thumb (RFC 9110 §15.1), which
  /// `no-cache` forbids.
  func response(instance: String, asText: Bool, _ json: JSONCoding) -> Response {
    var response = Response(
      status: type.status,
      body: asText ? Array(text(instance: instance).utf8) : json.encode(body(instance: instance)))
    response.add("Content-Type", asText ? "text/plain; charset=utf-8" : "application/problem+json")
    response.add("Cache-Control", "no-cache")
    response.add("Vary", "Accept")
    response.add("X-Content-Type-Options", "nosniff")
    response.fields.append(fields)
    if let proxyStatus { response.add("Proxy-Status", proxyStatus) }
    if type.status == 503 { response.add("Retry-After", String(Limits.retryAfterSeconds)) }
    return response
  }
}

extension Reply {
  /// The reply's name without what it carries: values do not belong in messages.
  fileprivate var word: String {
    switch self {
    case .hit: "hit"
    case .seen: "seen"
    case .miss: "miss"
    case .stored: "stored"
    case .notStored: "not stored"
    case .exists: "exists"
    case .deleted: "deleted"
    case .touched: "touched"
    case .counter: "counter"
    case .notNumeric: "not numeric"
    case .flushed: "flushed"
    case .version: "version"
    case .stats: "stats"
    case .accepted: "accepted"
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// What a caller says of the item that it expects to find: the fields of a request, or the members of an
/// operation in a batch that stand for them.
struct Preconditions {
  var ifMatch: ETagCondition?
  var ifNoneMatch: ETagCondition?

  init(_ request: any IncomingRequest) throws(Problem) {
    ifMatch = try request.condition("If-Match")
    ifNoneMatch = try request.condition("If-None-Match")
  }

  /// Nil is a field that is not there. A broken one is an error: whoever sends it relies on it.
  init(ifMatch: String?, ifNoneMatch: String?) throws(Problem) {
    self.ifMatch = try ifMatch.map { field throws(Problem) in try ETagCondition("If-Match", [field]) }
    self.ifNoneMatch = try ifNoneMatch.map { field throws(Problem) in
      try ETagCondition("If-None-Match", [field])
    }
  }

  /// For verbs that have no conditional form.
  func refuse() throws(Problem) {
    if ifMatch != nil { throw .unconditional("If-Match") }
    if ifNoneMatch != nil { throw .unconditional("If-None-Match") }
  }
}

/// The condition on which a write is done (RFC 9110 §13), as the memcached verb that checks it.
enum WriteCondition: Hashable, Sendable {
  case none
  /// `If-None-Match: *`: only if the key is absent.
  case absent
  /// `If-Match: *`: only if the key is present.
  case present
  /// `If-Match: "…"`: only if the item still has one of these tokens. Empty when no tag can match: a
  /// weak one (§13.1.1 compares strongly), or one that we did not give out.
  case unchanged([CASToken])

  /// A precondition that memcached cannot check is an error: to do the write all the same is the one thing
  /// that its caller did not ask for.
  init(_ preconditions: Preconditions) throws(Problem) {
    switch (preconditions.ifMatch, preconditions.ifNoneMatch) {
    case (nil, nil): self = .none
    case (nil, .any): self = .absent
    case (nil, .tags):
      throw Problem(
        .invalidPrecondition, "`If-None-Match` of a write can only be `*`: memcached has no \"unless it is\"")
    case (.any, nil): self = .present
    case (.tags(let tags), nil): self = .unchanged(try WriteCondition.tokens(tags))
    default:
      throw Problem(.invalidPrecondition, "`If-Match` and `If-None-Match` cannot both hold: give one")
    }
  }

  private static func tokens(_ tags: [ETag]) throws(Problem) -> [CASToken] {
    guard tags.count <= Limits.entityTags else {
      throw Problem(
        .invalidPrecondition, "`If-Match` has \(tags.count) tags; at most \(Limits.entityTags) are tried")
    }
    return tags.compactMap { $0.isWeak ? nil : $0.token }
  }
}

/// The conditions of a read.
struct ReadConditions {
  enum Verdict: Hashable, Sendable {
    case send, notModified, failed
  }

  private let ifMatch: ETagCondition?
  private let ifNoneMatch: ETagCondition?

  init(_ preconditions: Preconditions) {
    ifMatch = preconditions.ifMatch
    ifNoneMatch = preconditions.ifNoneMatch
  }

  /// In the order of RFC 9110 §13.2.2, for an item that is there and would be sent in this form.
  func verdict(_ token: CASToken?, isWeak: Bool, _ form: Representation) -> Verdict {
    switch ifMatch {
    case .tags(let tags):
      guard let token, !isWeak, tags.contains(where: { $0.matchesStrongly(token) }) else { return .failed }
    case nil, .any: break
    }
    switch ifNoneMatch {
    case nil: return .send
    case .any: return .notModified
    case .tags(let tags):
      guard let token else { return .send }
      return tags.contains { $0.matchesWeakly(token, form) } ? .notModified : .send
    }
  }
}

extension IncomingRequest {
  /// The entity tags of a field; nil when the request does not have it.
  fileprivate func condition(_ name: StaticString) throws(Problem) -> ETagCondition? {
    // Nearly no request has one, and looking for a single field is the quicker way to know.
    if header(name) == nil { return nil }
    return try ETagCondition(name, headers(name))
  }

  /// For verbs that have no conditional form.
  func refusePreconditions() throws(Problem) {
    for name: StaticString in ["If-Match", "If-None-Match"] where header(name) != nil {
      throw .unconditional(name)
    }
  }
}

extension ETagCondition {
  /// The fields of that name, which are there.
  fileprivate init(_ name: StaticString, _ fields: [String]) throws(Problem) {
    guard let condition = ETagCondition(fields: fields) else {
      let value = fields.joined(separator: ", ")
      throw Problem(.invalidPrecondition, "`\(name): \(value)` is neither * nor a list of \"tags\"")
    }
    self = condition
  }
}

extension Problem {
  fileprivate static func unconditional(_ name: StaticString) -> Problem {
    Problem(.invalidPrecondition, "memcached cannot do this on a condition: leave out `\(name)`")
  }
}

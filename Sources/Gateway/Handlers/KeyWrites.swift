// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Hop 4 of a request: everything that changes one key, but for counters.

import Glibc
import Memcached
import Microhttpd

/// `PUT`, `DELETE /keys/{key}`, `POST /keys/{key}/append`, `/prepend`, `/touch`.
///
/// | request                        | verb    | not done                          |
/// |--------------------------------|---------|-----------------------------------|
/// | PUT                            | set     |                                   |
/// | PUT, `If-None-Match: *`        | add     | 412 exists                        |
/// | PUT, `If-Match: *`             | replace | 412 missing                       |
/// | PUT, `If-Match: "…"`           | cas     | 412 changed, 412 missing          |
/// | DELETE, also with `If-Match: *`| delete  | 404                               |
/// | DELETE, `If-Match: "…"`        | delete  | 412 changed, 404 (RFC 9110 §13.2.1)|
/// | append, prepend, touch         | the same| 404                               |
///
/// Each is in two halves, of which the first reads the arguments: those of a batch's operations come in
/// another form.
enum KeyWrites {
  static func put(_ call: Call) throws(Problem) {
    let condition = try WriteCondition(Preconditions(call.request))
    put(call, try NewItem(call), condition)
  }

  static func put(_ call: Call, _ item: NewItem, _ condition: WriteCondition) {
    let (client, key) = (call.context.client, call.storedKey)
    var options: RequestOptions { call.options(noreply: call.prefersNoReply) }
    switch condition {
    case .none:
      client.set(key, item.value, flags: item.flags, exptime: item.exptime, options) {
        finish(call, $0) { _ in nil }
      }
    case .absent:
      client.add(key, item.value, flags: item.flags, exptime: item.exptime, options) {
        // Only add tells that the key was not there before, so only it is 201.
        finish(call, $0, status: 201) { $0 == .notStored ? .exists() : nil }
      }
    case .present:
      client.replace(key, item.value, flags: item.flags, exptime: item.exptime, options) {
        finish(call, $0) { $0 == .notStored || $0 == .miss ? .missing() : nil }
      }
    case .unchanged(let tokens):
      ifUnchanged(tokens, call, absent: .missing()) { token, options, completion in
        client.cas(
          key, item.value, token: token, flags: item.flags, exptime: item.exptime, options,
          completion: completion)
      }
    }
  }

  static func delete(_ call: Call) throws(Problem) {
    try delete(call, WriteCondition(Preconditions(call.request)))
  }

  static func delete(_ call: Call, _ condition: WriteCondition) throws(Problem) {
    let (client, key) = (call.context.client, call.storedKey)
    switch condition {
    case .none, .present:
      client.delete(key, call.options(noreply: call.prefersNoReply)) { finish(call, $0, refusal: absence) }
    case .unchanged(let tokens):
      ifUnchanged(tokens, call, absent: .notFound()) { token, options, completion in
        client.delete(key, ifUnchanged: token, options, completion: completion)
      }
    case .absent:
      throw Problem(.invalidPrecondition, "there is nothing to delete under `If-None-Match: *`")
    }
  }

  static func append(_ call: Call) throws(Problem) {
    try call.request.refusePreconditions()
    append(call, try NewItem.piece(call))
  }

  static func append(_ call: Call, _ value: [UInt8]) {
    let options = call.options(noreply: call.prefersNoReply)
    call.context.client.append(call.storedKey, value, options) { finish(call, $0, refusal: absence) }
  }

  static func prepend(_ call: Call) throws(Problem) {
    try call.request.refusePreconditions()
    prepend(call, try NewItem.piece(call))
  }

  static func prepend(_ call: Call, _ value: [UInt8]) {
    let options = call.options(noreply: call.prefersNoReply)
    call.context.client.prepend(call.storedKey, value, options) { finish(call, $0, refusal: absence) }
  }

  static func touch(_ call: Call) throws(Problem) {
    try call.request.refusePreconditions()
    if let body = try call.arguments(TouchRequest.self) {
      try call.check(memberKey: body.key)
      try touch(call, body)
    } else {
      touch(call, try call.query.exptime())
    }
  }

  static func touch(_ call: Call, _ body: TouchRequest) throws(Problem) {
    touch(call, try Exptime(ttl: body.ttl, unixTime: Int64(time(nil)), .invalidBody))
  }

  private static func touch(_ call: Call, _ exptime: Exptime) {
    let options = call.options(noreply: call.prefersNoReply)
    call.context.client.touch(call.storedKey, exptime: exptime, options) {
      finish(call, $0, refusal: absence)
    }
  }

  private typealias Attempt = (CASToken, RequestOptions, @escaping (Answer) -> Void) -> Void

  /// A write with `If-Match: "…"`. If it was refused a look tells why: a tag of before the server's restart, or
  /// a weak one, is refused without asking, and what the primary says is not true of older tiers.
  /// `absent`: what is answered when no tier has the key.
  private static func ifUnchanged(
    _ tokens: [CASToken], _ call: Call, absent: Problem, attempt: @escaping Attempt
  ) {
    // The outcome of several cannot be left open, so only a single one is sent without waiting.
    let options = call.options(isSequence: true, noreply: tokens.count == 1 && call.prefersNoReply)
    tryEach(tokens[...], options, attempt) { answer in
      guard case .success(let reply) = answer.result, reply == .exists || reply == .miss else {
        return finish(call, answer) { _ in nil }
      }
      call.context.client.get(call.storedKey, isPeek: true, options) { look in
        if case .success(.miss) = look.result { call.fail(absent, look) } else { call.fail(.changed(), look) }
      }
    }
  }

  /// Tries one token after the other until one is not refused as changed; of none it is known at once.
  private static func tryEach(
    _ tokens: ArraySlice<CASToken>, _ options: RequestOptions, _ attempt: @escaping Attempt,
    finally finish: @escaping (Answer) -> Void
  ) {
    guard let token = tokens.first else { return finish(Answer(.success(.exists))) }
    let rest = tokens.dropFirst()
    attempt(token, options) { answer in
      guard case .success(.exists) = answer.result, !rest.isEmpty else { return finish(answer) }
      tryEach(rest, options, attempt, finally: finish)
    }
  }

  /// `refusal`: what a reply means that is no success.
  private static func finish(
    _ call: Call, _ answer: Answer, status: Int = 204, refusal: (Reply) -> Problem?
  ) {
    switch answer.result {
    case .success(.stored(let token)): call.respond(.stored(status: status, token), answer)
    case .success(.deleted), .success(.touched): call.respond(.stored(status: status, nil), answer)
    case .success(.accepted): call.respond(.accepted, answer)
    case .success(let reply):
      call.fail(refusal(reply) ?? Problem(unexpected: reply, tier: call.tierName(answer)), answer)
    case .failure(let error): call.fail(call.problem(error, ofWrite: answer), answer)
    }
  }

  private static func absence(_ reply: Reply) -> Problem? {
    reply == .miss || reply == .notStored ? .notFound() : nil
  }
}

extension Problem {
  static func notFound() -> Problem { Problem(.notFound, "no tier that was asked has the key") }
  static func exists() -> Problem { Problem(.exists, "exists: the key is there already") }
  static func changed() -> Problem { Problem(.changed, "changed: the item is not the one of the tag") }
  static func missing() -> Problem { Problem(.missing, "missing: there is no such key") }
}

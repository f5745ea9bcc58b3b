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
enum KeyWrites {
  static func put(_ call: Call) throws(Problem) {
    let condition = try WriteCondition(call.request)
    let item = try NewItem(call)
    let (client, key, options) = (call.context.client, call.key, call.options(noreply: call.prefersNoReply))
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
      tryEach(tokens[...], call) { token, options, completion in
        client.cas(
          key, item.value, token: token, flags: item.flags, exptime: item.exptime, options,
          completion: completion)
      } finally: { answer in
        finish(call, answer) { $0 == .exists ? .changed() : $0 == .miss ? .missing() : nil }
      }
    }
  }

  static func delete(_ call: Call) throws(Problem) {
    let (client, key) = (call.context.client, call.key)
    switch try WriteCondition(call.request) {
    case .none, .present:
      client.delete(key, call.options(noreply: call.prefersNoReply)) { finish(call, $0, refusal: absence) }
    case .unchanged(let tokens):
      tryEach(tokens[...], call) { token, options, completion in
        client.delete(key, ifUnchanged: token, options, completion: completion)
      } finally: { answer in
        finish(call, answer) { $0 == .exists ? .changed() : absence($0) }
      }
    case .absent:
      throw Problem(.invalidPrecondition, "there is nothing to delete under `If-None-Match: *`")
    }
  }

  static func append(_ call: Call) throws(Problem) {
    try call.request.refusePreconditions()
    let value = try NewItem.piece(call)
    let options = call.options(noreply: call.prefersNoReply)
    call.context.client.append(call.key, value, options) { finish(call, $0, refusal: absence) }
  }

  static func prepend(_ call: Call) throws(Problem) {
    try call.request.refusePreconditions()
    let value = try NewItem.piece(call)
    let options = call.options(noreply: call.prefersNoReply)
    call.context.client.prepend(call.key, value, options) { finish(call, $0, refusal: absence) }
  }

  static func touch(_ call: Call) throws(Problem) {
    try call.request.refusePreconditions()
    let exptime: Exptime
    if let body = try call.arguments(TouchRequest.self) {
      try call.check(memberKey: body.key)
      exptime = try Exptime(ttl: body.ttl, unixTime: Int64(time(nil)), .invalidBody)
    } else {
      exptime = try call.query.exptime()
    }
    let options = call.options(noreply: call.prefersNoReply)
    call.context.client.touch(call.key, exptime: exptime, options) { finish(call, $0, refusal: absence) }
  }

  /// Tries one token after the other until one is not refused as changed.
  ///
  /// The outcome of several cannot be left open, so only a single one is sent without waiting.
  private static func tryEach(
    _ tokens: ArraySlice<CASToken>, _ call: Call, options: RequestOptions? = nil,
    attempt: @escaping (CASToken, RequestOptions, @escaping (Answer) -> Void) -> Void,
    finally finish: @escaping (Answer) -> Void
  ) {
    guard let token = tokens.first else { return call.fail(.changed()) }
    let rest = tokens.dropFirst()
    let options =
      options
      ?? call.options(isSequence: !rest.isEmpty, noreply: rest.isEmpty && call.prefersNoReply)
    attempt(token, options) { answer in
      guard case .success(.exists) = answer.result, !rest.isEmpty else { return finish(answer) }
      tryEach(rest, call, options: options, attempt: attempt, finally: finish)
    }
  }

  /// `refusal`: what a reply means that is no success.
  private static func finish(
    _ call: Call, _ answer: Answer, status: Int = 204, refusal: (Reply) -> Problem?
  ) {
    switch answer.result {
    case .success(.stored(let token)): call.respond(.written(status, token))
    case .success(.deleted), .success(.touched): call.respond(.written(status, nil))
    case .success(.accepted): call.respond(.accepted)
    case .success(let reply):
      call.fail(refusal(reply) ?? Problem(unexpected: reply, tier: call.tierName(answer)))
    case .failure(let error): call.fail(Problem(error, tier: call.tierName(answer), isWrite: true))
    }
  }

  private static func absence(_ reply: Reply) -> Problem? {
    reply == .miss || reply == .notStored ? .notFound() : nil
  }
}

extension Response {
  /// A write that was done. The new ETag spares its caller another read before the next one.
  static func written(_ status: Int, _ token: CASToken?) -> Response {
    var response = Response(status: status)
    response.add(eTag: token)
    return response
  }

  /// A write that was sent and whose outcome nobody waits for (RFC 7240 §3, §4.1).
  static var accepted: Response {
    Response(status: 202, headers: [("Preference-Applied", "respond-async")])
  }
}

extension Problem {
  static func notFound() -> Problem { Problem(.notFound, "no tier that was asked has the key") }
  static func exists() -> Problem { Problem(.exists, "exists: the key is there already") }
  static func changed() -> Problem { Problem(.changed, "changed: the item is not the one of the tag") }
  static func missing() -> Problem { Problem(.missing, "missing: there is no such key") }
}

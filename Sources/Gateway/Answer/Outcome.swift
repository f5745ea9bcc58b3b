// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Reactor

/// What makes a call an operation of a batch.
struct BatchPart {
  /// The end of the time for the whole batch.
  let deadline: Instant
  /// Takes what came of the call, in place of the request's answer.
  let complete: (Outcome) -> Void
}

/// What came of a call for one key, in no form yet.
///
/// A handler answers a request with a `Response`; what it tells a batch is this, so that the results of a
/// batch are made of the same values and encoded all at once (`ItemJSON.results`).
enum Outcome {
  case item(ItemBody, isWeak: Bool)
  /// The caller's copy is still the item (RFC 9110 §15.4.5).
  case notModified(CASToken?, isWeak: Bool)
  case written(WriteResult)
  case failed(Problem)
}

/// A write that was done, or that nobody waits for.
enum WriteResult {
  /// With the new token where the backend tells it: it spares its caller a read before the next write.
  case stored(status: Int, CASToken?)
  /// A counter's new value. 201 when it has been created.
  case counted(status: Int, Key, UInt64, CASToken?)
  /// Sent; what becomes of it nobody waits for (RFC 7240 §3, §4.1).
  case accepted

  func response(_ json: JSONCoding) -> Response {
    switch self {
    case .stored(let status, let token):
      var response = Response(status: status)
      response.add(eTag: token)
      return response
    case .counted(let status, let key, let value, let token):
      var response = Response.of(.json, status: status, json.items.counter(key, value))
      response.add(eTag: token)
      return response
    case .accepted:
      return Response(status: 202, headers: [("Preference-Applied", "respond-async")])
    }
  }
}

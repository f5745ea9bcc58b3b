// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// Every kind of failure that a caller can see: the one table from error to status, type and title.
///
/// The raw value is the end of the problem's `type` (RFC 9457 §3.1.1), which never changes once it has
/// been published. For failures of a tier it is `MemcachedError.word`, so that a caller, a log line and a
/// metric speak of the same thing.
enum ProblemType: String, CaseIterable, Sendable {
  // The request.
  case malformedRequest = "malformed-request"
  case invalidKey = "invalid-key"
  case invalidQuery = "invalid-query"
  case invalidBody = "invalid-body"
  case invalidPrecondition = "invalid-precondition"
  case tokenNeeded = "token-needed"
  case invalidToken = "invalid-token"
  case forbidden
  case keyForbidden = "key-forbidden"
  case rateLimited = "rate-limited"
  case notFound = "not-found"
  case noSuchRoute = "no-such-route"
  case noSuchTier = "no-such-tier"
  case methodNotAllowed = "method-not-allowed"
  case notAcceptable = "not-acceptable"
  case notNumeric = "not-numeric"
  case staleTier = "stale-tier"
  case exists, changed, missing
  case tooLarge = "too-large"
  case answerTooLarge = "answer-too-large"
  case unsupportedMediaType = "unsupported-media-type"
  case expectationFailed = "expectation-failed"
  case unknownMethod = "unknown-method"

  // A tier.
  case unsupported
  case protocolViolation = "protocol-violation"
  case serverError = "server-error"
  case rejected
  case down
  case connectFailed = "connect-failed"
  case connectTimedOut = "connect-timeout"
  case unresolved, untrusted, unauthenticated
  case connectionLost = "connection-lost"
  case overloaded, closed
  case timedOut = "timeout"
  case outOfMemory = "out-of-memory"

  // The gateway.
  case notReady = "not-ready"
  case busy
  case contended

  var status: Int { row.status }
  var title: String { row.title }
  /// A reference relative to the gateway's root.
  var uri: String { "/problems/" + rawValue }

  private var row: (status: Int, title: String) {
    switch self {
    case .malformedRequest: (400, "Malformed HTTP request")
    case .invalidKey: (400, "Invalid key")
    case .invalidQuery: (400, "Invalid query")
    case .invalidBody: (400, "Invalid body")
    case .invalidPrecondition: (400, "Invalid precondition")
    case .tokenNeeded: (401, "A token is needed")
    case .invalidToken: (401, "The token is not valid")
    case .forbidden: (403, "The token does not have the right")
    case .keyForbidden: (403, "The token is not for this key")
    case .rateLimited: (429, "Too many requests")
    case .notFound: (404, "Key not found")
    case .noSuchRoute: (404, "No such route")
    case .noSuchTier: (404, "No such tier")
    case .methodNotAllowed: (405, "Method not allowed")
    case .notAcceptable: (406, "Not acceptable")
    case .notNumeric: (409, "The value is not a number")
    case .staleTier: (409, "The tier has stale copies")
    case .exists: (412, "Precondition failed: the key exists")
    case .changed: (412, "Precondition failed: the item has changed")
    case .missing: (412, "Precondition failed: the key is missing")
    case .tooLarge: (413, "Too large")
    case .answerTooLarge: (413, "The answer would be too large")
    case .unsupportedMediaType: (415, "Unsupported media type")
    case .expectationFailed: (417, "Expectation failed")
    case .unknownMethod: (501, "Unknown method")
    case .unsupported: (501, "The backend's protocol cannot do this")
    case .protocolViolation: (502, "The backend broke the protocol")
    case .serverError: (502, "The backend failed")
    case .rejected: (502, "The backend rejected the command")
    case .down: (503, "The backend is down")
    case .connectFailed: (503, "The backend cannot be reached")
    case .connectTimedOut: (503, "The backend did not accept the connection in time")
    case .unresolved: (503, "The backend's name cannot be resolved")
    case .untrusted: (503, "The backend's certificate is not trusted")
    case .unauthenticated: (503, "The backend does not accept the gateway's user and password")
    case .connectionLost: (503, "The connection to the backend was lost")
    case .overloaded: (503, "Too many requests wait for the backend")
    case .closed: (503, "The gateway is closing")
    case .timedOut: (504, "The backend did not answer in time")
    case .outOfMemory: (507, "The backend is out of memory for the item")
    case .notReady: (503, "Not ready")
    case .busy: (503, "The gateway is busy")
    case .contended: (503, "Too much contention for the key")
    }
  }

  /// What a failure of a tier is to a caller.
  init(_ kind: MemcachedError.Kind) {
    self =
      switch kind {
      case .down: .down
      case .connectFailed: .connectFailed
      case .connectTimedOut: .connectTimedOut
      case .unresolved: .unresolved
      case .untrusted: .untrusted
      case .unauthenticated: .unauthenticated
      case .connectionLost: .connectionLost
      case .timedOut: .timedOut
      case .protocolViolation: .protocolViolation
      case .serverError: .serverError
      case .outOfMemory: .outOfMemory
      case .tooLarge: .tooLarge
      case .answerTooLarge: .answerTooLarge
      case .unsupported: .unsupported
      case .rejected: .rejected
      case .overloaded: .overloaded
      case .closed: .closed
      }
  }
}

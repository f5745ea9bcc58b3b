// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// `Proxy-Status` (RFC 9209): which server failed, and how, in the words that are registered for it.
///
///     crossfade; error=connection_read_timeout; next-hop="10.0.0.7:11211"; details="no answer within 250ms"
///
/// The server's address and the reason are in the problem's body as well (`node`, `detail`): who has to keep
/// them from callers takes both away, in the proxy that these callers come through.
extension Problem {
  /// Nil for what no server's failure has caused.
  var proxyStatus: String? {
    guard let node, (502...504).contains(type.status) else { return nil }
    let error = type.proxyError.map { "; error=\($0)" } ?? ""
    return "crossfade" + error + "; next-hop=" + StructuredField.string(node) + "; details="
      + StructuredField.string(detail)
  }
}

extension ProblemType {
  /// The registered proxy error type (RFC 9209 §2.3, §2.3.1) of a tier's failure.
  ///
  /// Nil where none says it: those for a reply that is wrong in itself are all about HTTP, which these servers
  /// do not speak, and a wrong word would send whoever reads it to look in the wrong place.
  var proxyError: String? {
    switch self {
    // "Considers the next hop to be unavailable; e.g., recent attempts to communicate with it may have failed".
    case .down: "destination_unavailable"
    case .connectFailed: "connection_refused"
    case .connectTimedOut: "connection_timeout"
    case .unresolved: "dns_error"
    case .untrusted: "tls_certificate_error"
    // The user and the password are ours to configure.
    case .unauthenticated: "proxy_configuration_error"
    case .connectionLost: "connection_terminated"
    case .timedOut: "connection_read_timeout"
    // More than may be on the way to one node: our limit, not the server's.
    case .overloaded: "connection_limit_reached"
    // Answered without asking the next hop.
    case .closed: "proxy_internal_response"
    // A command of ours that this server does not take.
    case .rejected: "proxy_internal_error"
    case .protocolViolation, .serverError: nil
    case .unsupported, .outOfMemory, .tooLarge, .answerTooLarge: nil
    case .malformedRequest, .invalidKey, .invalidQuery, .invalidBody, .invalidPrecondition, .tokenNeeded,
      .invalidToken, .forbidden, .keyForbidden, .rateLimited, .notFound,
      .noSuchRoute, .noSuchTier, .methodNotAllowed, .notAcceptable, .notNumeric, .staleTier, .exists,
      .changed, .missing,
      .unsupportedMediaType, .expectationFailed, .unknownMethod, .notReady, .busy, .contended:
      nil
    }
  }
}

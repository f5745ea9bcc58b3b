// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd

/// Tells browsers whose pages may use the data listener (CORS; Fetch Standard §3.2).
///
/// | origins | every answer has | a listed origin's answer has, too |
/// |---|---|---|
/// | `*` | `Access-Control-Allow-Origin: *`, `-Expose-Headers` | |
/// | a list | `Vary: Origin` | its own `-Allow-Origin`, `-Expose-Headers` |
///
/// What does not depend on the request is on answers to requests without `Origin`, too: a cache may keep one of
/// these and give it to a page later. Credentials of the browser's own are never allowed: a page asks as nobody, or
/// with a token that it has and sends itself.
struct CrossOrigin {
  /// How long a browser may remember a preflight's answer; most do not do so longer than some minutes.
  private static let maximumAgeSeconds = 600
  private static let requestHeaders = [
    "Accept", "Authorization", "Content-Type", "If-Match", "If-None-Match", "Prefer", "traceparent",
    "tracestate", "X-Request-Id",
  ].joined(separator: ", ")
  private static let responseHeaders = [
    "Allow", "Cache-Status", "ETag", "Memcached-Flags", "Preference-Applied", "Proxy-Status", "Retry-After",
    "Server-Timing", "WWW-Authenticate",
  ].joined(separator: ", ")

  private let origins: Set<String>
  private var isOpen: Bool { origins.contains("*") }

  /// Nil when no origin is listed: then there is nothing to be told.
  init?(_ origins: [String]) {
    if origins.isEmpty { return nil }
    self.origins = Set(origins)
  }

  func append(for request: any IncomingRequest, to fields: inout FieldBlock) {
    if !isOpen { fields.append("Vary", "Origin") }
    guard let origin = allowedOrigin(of: request) else { return }
    fields.append("Access-Control-Allow-Origin", origin)
    fields.append("Access-Control-Expose-Headers", CrossOrigin.responseHeaders)
  }

  /// What an answer to OPTIONS has beside that, if it is a preflight of a listed origin.
  /// - Parameter allow: the methods of the path.
  func appendPreflight(for request: any IncomingRequest, allow: String, to fields: inout FieldBlock) {
    guard request.header("Origin") != nil, request.header("Access-Control-Request-Method") != nil,
      allowedOrigin(of: request) != nil
    else { return }
    fields.append("Access-Control-Allow-Methods", allow)
    fields.append("Access-Control-Allow-Headers", CrossOrigin.requestHeaders)
    fields.append("Access-Control-Max-Age", String(CrossOrigin.maximumAgeSeconds))
  }

  private func allowedOrigin(of request: any IncomingRequest) -> String? {
    if isOpen { return "*" }
    // Who has gone has no fields any more, and reads no answer.
    guard !request.isGone, let origin = request.header("Origin") else { return nil }
    return origins.contains(origin) ? origin : nil
  }
}

/// A request whose answer, whoever gives it, tells browsers who may read it.
final class CrossOriginRequest: IncomingRequest {
  private let request: any IncomingRequest
  private let crossOrigin: CrossOrigin

  init(_ request: any IncomingRequest, _ crossOrigin: CrossOrigin) {
    self.request = request
    self.crossOrigin = crossOrigin
  }

  var method: Method { request.method }
  var rawTarget: [UInt8] { request.rawTarget }
  var body: [UInt8] { request.body }
  var contentLength: Int? { request.contentLength }
  var isGone: Bool { request.isGone }
  var clientAddress: AddressLimit.Address? { request.clientAddress }
  var notes: ExchangeNotes {
    get { request.notes }
    set { request.notes = newValue }
  }
  func note(route: Int) { request.note(route: route) }

  func header(_ name: StaticString) -> String? { request.header(name) }
  func headers(_ name: StaticString) -> [String] { request.headers(name) }
  func withSole(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
    request.withSole(name, body)
  }

  func answer(_ response: consuming Response) {
    crossOrigin.append(for: request, to: &response.fields)
    request.answer(response)
  }
}

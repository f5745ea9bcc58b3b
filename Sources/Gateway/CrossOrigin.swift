// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd

/// Which pages of other origins may read our answers in a browser (CORS, WHATWG Fetch §3.2).
///
/// It says what a browser shows to a page, and is no access control: every other client is answered as ever.
/// Credentials are never allowed.
struct CrossOrigin: Sendable {
  private let origins: Set<String>

  /// Nil when no origin is listed: then nothing of this takes place.
  init?(_ origins: [String]) {
    if origins.isEmpty { return nil }
    self.origins = Set(origins)
  }

  private var allowsAll: Bool { origins.contains("*") }

  /// Adds the fields to the answer to `request`.
  func add(to response: inout Response, of request: any IncomingRequest) {
    // What is answered depends on who asks, also for those who are not listed or name no origin.
    if !allowsAll { response.add("Vary", "Origin") }
    guard !request.isGone, let origin = request.header("Origin"), allowsAll || origins.contains(origin)
    else { return }
    response.add("Access-Control-Allow-Origin", allowsAll ? "*" : origin)
    let allowed = response.fields.fields.first { $0.name == "Allow" }?.value
    if request.method == .options, let allowed, request.header("Access-Control-Request-Method") != nil {
      response.add("Access-Control-Allow-Methods", allowed)
      response.add(
        "Access-Control-Allow-Headers",
        "Accept, Content-Type, If-Match, If-None-Match, Prefer, traceparent, X-Request-Id")
      response.add("Access-Control-Max-Age", String(Limits.preflightSeconds))
    } else {
      response.add(
        "Access-Control-Expose-Headers",
        "Cache-Status, ETag, Memcached-Flags, Preference-Applied, Proxy-Status, Retry-After, Server-Timing")
    }
  }
}

/// A request whose answer gets the fields of `CrossOrigin`, whoever gives it.
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
  func header(_ name: StaticString) -> String? { request.header(name) }
  func headers(_ name: StaticString) -> [String] { request.headers(name) }
  func withSole(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
    request.withSole(name, body)
  }

  func answer(_ response: Response) {
    var response = response
    crossOrigin.add(to: &response, of: request)
    request.answer(response)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Hop 3 of a request: finds the row of the table that answers it, and takes the key out of its path.

import Memcached
import Microhttpd

/// Finds routes of one table.
///
/// Nearly all requests are for `/keys/{key}` with a key that needs no decoding; these are recognized on
/// the raw bytes. Everything else is taken apart by `RequestTarget`.
struct Router {
  enum Destination {
    case route(Route, key: Key?, query: Query)
    /// OPTIONS: the methods that the path has.
    case options(allow: String)
  }

  private let routes: [Route]
  private let keyRoutes: [Route]

  init(_ routes: [Route]) {
    self.routes = routes
    keyRoutes = routes.filter { $0.path == "/keys/{key}" }
  }

  func destination(_ method: Method, _ rawTarget: [UInt8]) throws(Problem) -> Destination {
    // Also TRACE and CONNECT, which we do not implement (RFC 9110 §15.6.2).
    if case .other(let name) = method { throw Problem(.unknownMethod, "method `\(name)` is not known here") }
    if !keyRoutes.isEmpty, let key = Router.plainKey(rawTarget) {
      return try Router.choose(method, from: keyRoutes) { _ throws(Problem) in (key, .none) }
    }
    if method == .options, rawTarget == [UInt8(ascii: "*")] { return .options(allow: Router.allow(routes)) }
    let target = try Router.parse(rawTarget)
    let candidates = routes.filter { Router.fits($0, target.segments) }
    if candidates.isEmpty { throw Problem(.noSuchRoute, "nothing answers at this path") }
    return try Router.choose(method, from: candidates) { route throws(Problem) in
      (try Router.key(of: route, target.segments), try Query(target.query, allowed: route.query))
    }
  }

  /// What the body of a request to this target is for; throws what the request would be answered with.
  func bodyUse(_ method: Method, _ rawTarget: [UInt8]) throws(Problem) -> Route.BodyUse {
    guard case .route(let route, _, _) = try destination(method, rawTarget) else { return .arguments }
    return route.bodyUse
  }

  private static func choose(
    _ method: Method, from candidates: [Route],
    arguments: (Route) throws(Problem) -> (Key?, Query)
  ) throws(Problem) -> Destination {
    if method == .options { return .options(allow: allow(candidates)) }
    let wanted = method == .head ? .get : method
    guard let route = candidates.first(where: { $0.method == wanted }) else {
      let allowed = allow(candidates)
      throw Problem(.methodNotAllowed, "this path has \(allowed)").with("Allow", allowed)
    }
    let (key, query) = try arguments(route)
    return .route(route, key: key, query: query)
  }

  /// The value of `Allow` (RFC 9110 §10.2.1), always in the same order.
  private static func allow(_ routes: [Route]) -> String {
    let names: [(Method, String)] = [
      (.get, "GET, HEAD"), (.put, "PUT"), (.post, "POST"), (.delete, "DELETE"), (.patch, "PATCH"),
    ]
    let present = names.filter { (method, _) in routes.contains { $0.method == method } }
    return (present.map(\.1) + ["OPTIONS"]).joined(separator: ", ")
  }

  // MARK: Paths

  private static func parse(_ rawTarget: [UInt8]) throws(Problem) -> RequestTarget {
    do {
      return try RequestTarget(rawTarget)
    } catch {
      throw Problem(.malformedRequest, error.description)
    }
  }

  private static func fits(_ route: Route, _ segments: [ArraySlice<UInt8>]) -> Bool {
    route.segments.count == segments.count
      && zip(route.segments, segments).allSatisfy { pattern, segment in
        pattern.map { $0.elementsEqual(segment) } ?? true
      }
  }

  /// Decodes the segment that stands at `{key}`, exactly once.
  private static func key(of route: Route, _ segments: [ArraySlice<UInt8>]) throws(Problem) -> Key? {
    guard let index = route.segments.firstIndex(of: nil) else { return nil }
    let bytes: [UInt8]
    do {
      bytes = try RequestTarget.percentDecode(segments[index])
    } catch {
      throw Problem(.invalidKey, error.description)
    }
    return try checkedKey(bytes)
  }

  /// The key of `/keys/x` where nothing of `x` needs decoding; nil for every other target.
  private static func plainKey(_ target: [UInt8]) -> Key? {
    let prefix: StaticString = "/keys/"
    let start = prefix.utf8CodeUnitCount
    guard target.count > start, target.count <= start + Key.maximumLength else { return nil }
    for index in 0..<start where target[index] != prefix.utf8Start[index] { return nil }
    for index in start..<target.count where !isPlain(target[index]) { return nil }
    return try? Key(Array(target[start...]))
  }

  /// What a path segment may hold besides percent-encoded bytes (`pchar`, RFC 3986 §3.3).
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "@")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "&")...UInt8(ascii: "."): true
    case UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "$"): true
    case UInt8(ascii: ";"), UInt8(ascii: "="): true
    default: false
    }
  }
}

/// A key from outside, or 400.
func checkedKey(_ bytes: [UInt8]) throws(Problem) -> Key {
  do {
    return try Key(bytes)
  } catch {
    throw Problem(.invalidKey, error.description)
  }
}

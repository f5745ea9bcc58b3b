// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Hop 3 of a request: finds the row of the table that answers it, and takes the key out of its path.

import Memcached
import Microhttpd

/// Finds routes of one table.
///
/// Nearly all requests are for `/keys/{key}`, or a word behind that, with a key that needs no decoding and
/// without a query; these are recognized on the raw bytes. Everything else is taken apart by `RequestTarget`,
/// which takes four allocations and as much time as all else that is done here for a request.
struct Router {
  enum Destination {
    case route(Route, key: Key?, query: Query)
    /// OPTIONS: the methods that the path has.
    case options(allow: String)
  }

  private let routes: [Route]
  // Those with a `keyTail`, by method.
  private let gets: [Route]
  private let puts: [Route]
  private let posts: [Route]
  private let deletes: [Route]

  init(_ routes: [Route]) {
    self.routes = routes
    func ofKeys(_ method: Method) -> [Route] { routes.filter { $0.method == method && $0.keyTail != nil } }
    (gets, puts, posts, deletes) = (ofKeys(.get), ofKeys(.put), ofKeys(.post), ofKeys(.delete))
  }

  func destination(_ method: Method, _ rawTarget: [UInt8]) throws(Problem) -> Destination {
    if let end = Router.plainKeyEnd(rawTarget), let route = keyRoute(method, rawTarget, tailAt: end) {
      return .route(route, key: try checkedKey(Array(rawTarget[Router.keyStart..<end])), query: .none)
    }
    // Also TRACE and CONNECT, which we do not implement (RFC 9110 §15.6.2).
    if case .other(let name) = method { throw Problem(.unknownMethod, "method `\(name)` is not known here") }
    if method == .options, rawTarget == [UInt8(ascii: "*")] { return .options(allow: Router.allow(routes)) }
    let target = try Router.parse(rawTarget)
    let candidates = routes.filter { Router.fits($0, target.segments) }
    if candidates.isEmpty { throw Problem(.noSuchRoute, "nothing answers at this path") }
    return try Router.choose(method, from: candidates, target)
  }

  private func keyRoute(_ method: Method, _ target: [UInt8], tailAt start: Int) -> Route? {
    switch method {
    case .get, .head: Router.route(gets, target, tailAt: start)
    case .put: Router.route(puts, target, tailAt: start)
    case .post: Router.route(posts, target, tailAt: start)
    case .delete: Router.route(deletes, target, tailAt: start)
    case .patch, .options, .other: nil
    }
  }

  private static func route(_ routes: [Route], _ target: [UInt8], tailAt start: Int) -> Route? {
    for index in routes.indices {
      guard let tail = routes[index].keyTail, tail.count == target.count - start else { continue }
      if tail.indices.allSatisfy({ tail[$0] == target[start + $0] }) { return routes[index] }
    }
    return nil
  }

  /// What answers a request to this target, nil = OPTIONS; throws what it would be answered with.
  func route(_ method: Method, _ rawTarget: [UInt8]) throws(Problem) -> Route? {
    guard case .route(let route, _, _) = try destination(method, rawTarget) else { return nil }
    return route
  }

  private static func choose(_ method: Method, from candidates: [Route], _ target: RequestTarget)
    throws(Problem) -> Destination
  {
    if method == .options { return .options(allow: allow(candidates)) }
    let wanted = method == .head ? .get : method
    guard let route = candidates.first(where: { $0.method == wanted }) else {
      let allowed = allow(candidates)
      throw Problem(.methodNotAllowed, "this path has \(allowed)").with("Allow", allowed)
    }
    let key = try key(of: route, target.segments)
    return .route(route, key: key, query: try Query(target.query, allowed: route.query))
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

  /// The pattern that the path fits in any of our tables; nil when nothing answers there.
  static func pattern(of rawTarget: [UInt8]) -> String? {
    guard let target = try? RequestTarget(rawTarget) else { return nil }
    return (Routes.data + Routes.admin).first { fits($0, target.segments) }?.path
  }

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

  private static let keyPrefix: StaticString = "/keys/"
  private static var keyStart: Int { keyPrefix.utf8CodeUnitCount }

  /// Where the key of `/keys/x…` ends, of which nothing needs decoding; nil where there is no such key.
  private static func plainKeyEnd(_ target: [UInt8]) -> Int? {
    let prefix = keyPrefix
    guard target.count > keyStart else { return nil }
    for index in 0..<keyStart where target[index] != prefix.utf8Start[index] { return nil }
    let plain = plainBytes
    var end = keyStart
    while end < target.count, isPlain(target[end], plain) { end += 1 }
    return end > keyStart && end - keyStart <= Key.maximumLength ? end : nil
  }

  /// What a path segment may hold besides percent-encoded bytes (`pchar`, RFC 3986 §3.3), a bit for each.
  private static let plainBytes: (low: UInt64, high: UInt64) = {
    let text =
      "!$&'()*+,-.0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
    return text.utf8.reduce(into: (0, 0)) { bits, byte in
      if byte < 64 { bits.0 |= 1 << UInt64(byte) } else { bits.1 |= 1 << UInt64(byte & 63) }
    }
  }()

  @inline(__always)
  private static func isPlain(_ byte: UInt8, _ plain: (low: UInt64, high: UInt64)) -> Bool {
    let word = byte < 64 ? plain.low : byte < 128 ? plain.high : 0
    return word >> UInt64(byte & 63) & 1 != 0
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

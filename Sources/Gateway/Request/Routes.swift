// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd

/// Answers a call, now or later, exactly once; what it throws is answered for it.
typealias Handler = @Sendable (Call) throws(Problem) -> Void

/// A row of the table: a method, a path, what it needs of its caller, the query parameters it knows, and what
/// answers it.
///
/// An object, because it is handed on for each request, and a copy would count four references.
final class Route: Sendable {
  struct Parameter: Sendable, ExpressibleByStringLiteral {
    var name: String
    var isRepeatable = false

    init(stringLiteral name: String) { self.name = name }

    static func repeatable(_ name: Parameter) -> Parameter {
      var parameter = name
      parameter.isRepeatable = true
      return parameter
    }
  }

  /// What the body is for, which bounds its length.
  enum BodyUse: Sendable {
    /// There is none, or a few arguments.
    case arguments
    /// A value, bare or in its JSON form.
    case value
    /// Many operations with their values.
    case batch
  }

  let method: Method
  let path: String
  /// Of its caller, where callers have to say who they are.
  let need: Need
  let query: [Parameter]
  let bodyUse: BodyUse
  let handler: Handler
  /// The path's segments; nil stands for `{key}` or `{name}`.
  let segments: [[UInt8]?]
  /// What stands behind `/keys/{key}` in a path that begins so: nothing, or `/incr`; nil for other paths.
  let keyTail: [UInt8]?
  /// Its place in `Routes.operations`.
  let number: Int

  init(
    _ method: Method, _ path: String, _ need: Need, query: [Parameter] = [], body: BodyUse = .arguments,
    _ handler: @escaping Handler
  ) {
    self.method = method
    self.path = path
    self.need = need
    self.query = query
    bodyUse = body
    self.handler = handler
    number = 0
    segments = path.split(separator: "/").map { $0.hasPrefix("{") ? nil : Array($0.utf8) }
    let keyPath = "/keys/{key}"
    keyTail = path.hasPrefix(keyPath) ? Array(path.utf8.dropFirst(keyPath.utf8.count)) : nil
  }

  fileprivate init(_ route: Route, number: Int) {
    (method, path, need, query) = (route.method, route.path, route.need, route.query)
    (bodyUse, handler, segments, keyTail) = (route.bodyUse, route.handler, route.segments, route.keyTail)
    self.number = number
  }

  /// What metrics and logs call it. HEAD goes by GET.
  var operation: String { "\(method.name) \(path)" }
}

/// Every endpoint there is. HEAD is answered wherever GET is, and OPTIONS everywhere, to anybody: preflights of
/// browsers carry no token.
///
/// What brings an item of an older tier to the primary (`promote`) needs the right to read and no other: it
/// changes no item, and each hit of an older tier does the same by and by.
enum Routes {
  /// On `--listen`.
  static let data: [Route] = numbered(
    from: 1,
    [
      Route(.get, "/keys/{key}", .read, query: ["promote"], KeyReads.get),
      Route(.put, "/keys/{key}", .write, query: ["ttl", "flags"], body: .value, KeyWrites.put),
      Route(.delete, "/keys/{key}", .write, KeyWrites.delete),
      Route(.post, "/keys/{key}/incr", .write, query: ["delta", "initial", "ttl"], Counters.incr),
      Route(.post, "/keys/{key}/decr", .write, query: ["delta", "initial", "ttl"], Counters.decr),
      Route(.post, "/incr", .write, Counters.incrKeyInBody),
      Route(.post, "/decr", .write, Counters.decrKeyInBody),
      Route(.post, "/keys/{key}/append", .write, body: .value, KeyWrites.append),
      Route(.post, "/keys/{key}/prepend", .write, body: .value, KeyWrites.prepend),
      Route(.post, "/keys/{key}/touch", .write, query: ["ttl"], KeyWrites.touch),
      Route(.get, "/keys", .read, query: [.repeatable("key")], MultiGet.get),
      Route(.post, "/batch", .rightOfEachOperation, body: .batch, Batch.post),
      Route(.get, "/livez", .nothing, Health.live),
      Route(.get, "/readyz", .nothing, Health.ready),
    ])

  /// On `--admin`.
  static let admin: [Route] = numbered(
    from: 1 + data.count,
    [
      Route(.get, "/livez", .nothing, Health.live),
      Route(.get, "/readyz", .nothing, Health.ready),
      Route(.get, "/tiers", .admin, Tiers.get),
      Route(.put, "/tiers", .admin, TierChanges.put),
      Route(.patch, "/tiers/{name}", .admin, TierChanges.patch),
      Route(.get, "/migration", .admin, Migration.get),
      Route(.get, "/migration/verdict", .admin, Migration.verdict),
      Route(.get, "/keys/{key}/where", .admin, Where.get),
      Route(.get, "/stats", .admin, query: [.repeatable("tier")], Statistics.get),
      Route(.post, "/flush", .admin, query: [.repeatable("tier"), "delay"], Flush.post),
      Route(.get, "/metrics", .admin, MetricsPage.get),
      Route(.get, "/version", .admin, About.version),
      Route(.get, "/openapi.yaml", .admin, About.openAPI),
    ])

  /// By `Route.number`; the first is that of requests that take no route.
  static let operations = ["none"] + (data + admin).map(\.operation)

  private static func numbered(from first: Int, _ routes: [Route]) -> [Route] {
    routes.enumerated().map { Route($1, number: first + $0) }
  }
}

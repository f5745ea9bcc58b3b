// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd

/// Answers a call, now or later, exactly once; what it throws is answered for it.
typealias Handler = @Sendable (Call) throws(Problem) -> Void

/// A row of the table: a method, a path, the query parameters it knows, and what answers it.
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
  let query: [Parameter]
  let bodyUse: BodyUse
  let handler: Handler
  /// The path's segments; nil stands for `{key}`.
  let segments: [[UInt8]?]
  /// Its place in `Routes.operations`.
  let number: Int

  init(
    _ method: Method, _ path: String, query: [Parameter] = [], body: BodyUse = .arguments,
    _ handler: @escaping Handler
  ) {
    self.method = method
    self.path = path
    self.query = query
    bodyUse = body
    self.handler = handler
    number = 0
    segments = path.split(separator: "/").map { $0 == "{key}" ? nil : Array($0.utf8) }
  }

  fileprivate init(_ route: Route, number: Int) {
    (method, path, query) = (route.method, route.path, route.query)
    (bodyUse, handler, segments) = (route.bodyUse, route.handler, route.segments)
    self.number = number
  }

  /// What metrics and logs call it. HEAD goes by GET.
  var operation: String { "\(method.name) \(path)" }
}

/// Every endpoint there is. HEAD is answered wherever GET is, and OPTIONS everywhere.
enum Routes {
  /// On `--listen`.
  static let data: [Route] = numbered(
    from: 1,
    [
      Route(.get, "/keys/{key}", query: ["promote"], KeyReads.get),
      Route(.put, "/keys/{key}", query: ["ttl", "flags"], body: .value, KeyWrites.put),
      Route(.delete, "/keys/{key}", KeyWrites.delete),
      Route(.post, "/keys/{key}/incr", query: ["delta", "initial", "ttl"], Counters.incr),
      Route(.post, "/keys/{key}/decr", query: ["delta", "initial", "ttl"], Counters.decr),
      Route(.post, "/incr", Counters.incrKeyInBody),
      Route(.post, "/decr", Counters.decrKeyInBody),
      Route(.post, "/keys/{key}/append", body: .value, KeyWrites.append),
      Route(.post, "/keys/{key}/prepend", body: .value, KeyWrites.prepend),
      Route(.post, "/keys/{key}/touch", query: ["ttl"], KeyWrites.touch),
      Route(.get, "/keys", query: [.repeatable("key")], MultiGet.get),
      Route(.post, "/batch", body: .batch, Batch.post),
      Route(.get, "/livez", Health.live),
      Route(.get, "/readyz", Health.ready),
    ])

  /// On `--admin`.
  static let admin: [Route] = numbered(
    from: 1 + data.count,
    [
      Route(.get, "/livez", Health.live),
      Route(.get, "/readyz", Health.ready),
      Route(.get, "/tiers", Tiers.get),
      Route(.get, "/keys/{key}/where", Where.get),
      Route(.get, "/stats", query: [.repeatable("tier")], Statistics.get),
      Route(.post, "/flush", query: [.repeatable("tier"), "delay"], Flush.post),
      Route(.get, "/metrics", MetricsPage.get),
      Route(.get, "/version", About.version),
      Route(.get, "/openapi.yaml", About.openAPI),
    ])

  /// By `Route.number`; the first is that of requests that take no route.
  static let operations = ["none"] + (data + admin).map(\.operation)

  private static func numbered(from first: Int, _ routes: [Route]) -> [Route] {
    routes.enumerated().map { Route($1, number: first + $0) }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd
import Testing

@testable import Gateway

/// Tokens called as their rights: `read`, `write`, `admin`, `all`; `web` has all rights for keys from `web:` on.
@Suite struct AccessTests {
  private static func guarded(_ change: (inout Settings) -> Void = { _ in }) throws -> Service {
    let service = try Service(change)
    let all = Set(Right.allCases)
    var tokens: [TokenHash: Token] = [:]
    func add(_ name: String, _ rights: Set<Right>, _ prefix: String = "") {
      tokens[TokenHash(of: Array(name.utf8))] = Token(
        name: name, rights: rights, keyPrefix: Array(prefix.utf8))
    }
    for right in all { add(right.rawValue, [right]) }
    add("all", all)
    add("web", all, "web:")
    service.context.access = AccessControl(tokens: Tokens(tokens))
    return service
  }

  private static func bearing(_ token: String) -> [(String, String)] {
    [("Authorization", "Bearer \(token)")]
  }

  // MARK: Rights

  /// What every route needs, written down a second time: a new one has to be thought of here, too.
  private static let needs: [String: Need] = [
    "GET /keys/{key}": .read, "PUT /keys/{key}": .write, "DELETE /keys/{key}": .write,
    "POST /keys/{key}/incr": .write, "POST /keys/{key}/decr": .write, "POST /incr": .write,
    "POST /decr": .write, "POST /keys/{key}/append": .write, "POST /keys/{key}/prepend": .write,
    "POST /keys/{key}/touch": .write, "GET /keys": .read, "POST /batch": .rightOfEachOperation,
    "GET /livez": .nothing, "GET /readyz": .nothing, "GET /tiers": .admin, "PUT /tiers": .admin,
    "PATCH /tiers/{name}": .admin, "GET /keys/{key}/where": .admin, "GET /migration": .admin,
    "GET /migration/verdict": .admin,
    "GET /stats": .admin, "POST /flush": .admin, "GET /metrics": .admin, "GET /version": .admin,
    "GET /openapi.yaml": .admin,
  ]

  @Test("every route asks for its right, and is open to none without")
  func everyRoute() throws {
    let service = try Self.guarded()
    var seen: Set<String> = []
    for (routes, listener) in [(Routes.data, service.data), (Routes.admin, service.admin)] {
      for route in routes {
        let name = "\(route.method.name) \(route.path)"
        seen.insert(name)
        let need = try #require(Self.needs[name], "\(name) has no line in this test")
        for method in route.method == .get ? [.get, .head] : [route.method] {
          try expect(need, method, route.path.replacing("{key}", with: "k"), service, listener)
        }
      }
    }
    #expect(seen == Set(Self.needs.keys))
  }

  private func expect(
    _ need: Need, _ method: Microhttpd.Method, _ path: String, _ service: Service, _ listener: HTTPService
  ) throws {
    for token in [nil, "wrong", "read", "write", "admin", "all"] {
      let status = try service.send(method, path, token.map(Self.bearing) ?? [], to: listener).status
      let expected: Int? =
        switch (need, token) {
        case (.nothing, _): nil
        case (_, nil), (_, "wrong"): 401
        case (.right(let right), let token): token == "all" || token == right.rawValue ? nil : 403
        case (.rightOfEachOperation, _): nil
        }
      if let expected {
        #expect(status == expected, "\(method) \(path) \(token ?? "none")")
      } else {
        #expect(status != 401 && status != 403, "\(method) \(path) \(token ?? "none")")
      }
    }
  }

  @Test("what is missing is told, to people and to programs")
  func told() throws {
    let service = try Self.guarded()
    func challenge(_ fields: [(String, String)]) throws -> String? {
      try service.send(.put, "/keys/a", fields, body: "v").field("WWW-Authenticate")
    }
    #expect(try challenge([]) == "Bearer realm=\"crossfade\"")
    let invalid = "Bearer realm=\"crossfade\", error=\"invalid_token\""
    for field in ["Bearer wrong", "Bearer", "Basic YTpi", "all", "Bearer all all", ""] {
      #expect(try challenge([("Authorization", field)]) == invalid)
    }
    #expect(try challenge(Self.bearing("all") + Self.bearing("all")) == invalid)
    #expect(
      try challenge(Self.bearing("read"))
        == "Bearer realm=\"crossfade\", error=\"insufficient_scope\", scope=\"write\"")
    let refused = try service.send(.put, "/keys/a", Self.bearing("read"), body: "v")
    #expect(try refused.problem() == "403 forbidden")
    #expect(
      try refused.json()["detail"] == "this needs the right `write`, which the token read does not have")
    #expect(service.new.commands.isEmpty)
  }

  @Test("the scheme's case and the spaces behind it do not matter")
  func scheme() throws {
    let service = try Self.guarded()
    for field in ["bearer all", "BEARER all", "Bearer   all"] {
      #expect(try service.send(.get, "/keys/a", [("Authorization", field)]).status == 404)
    }
  }

  @Test("a preflight carries no token and is answered")
  func preflight() throws {
    let service = try Self.guarded()
    let crossOrigin = try #require(CrossOrigin(["*"]))
    let http = HTTPService(service.context, routes: Routes.data, crossOrigin: crossOrigin)
    let fields = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "PUT")]
    let response = try service.send(.options, "/keys/a", fields, to: http)
    #expect(response.status == 204)
    #expect(response.field("Access-Control-Allow-Headers")?.contains("Authorization") == true)
    let refused = try service.send(.get, "/keys/a", [fields[0]], to: http)
    #expect(refused.status == 401)
    #expect(refused.field("Access-Control-Allow-Origin") == "*")
    #expect(refused.field("Access-Control-Expose-Headers")?.contains("WWW-Authenticate") == true)
  }

  @Test("a long body is refused before it comes, to those who may not send it")
  func longBody() throws {
    let service = try Self.guarded()
    func refusal(_ fields: [(String, String)], length: Int? = nil) -> Int? {
      service.data.refusal(HandmadeRequest(.put, "/keys/a", fields, contentLength: length))?.status
    }
    #expect(refusal([], length: 100_000) == 401)
    #expect(refusal([("Transfer-Encoding", "chunked")]) == 401)
    #expect(refusal(Self.bearing("read"), length: 100_000) == 403)
    #expect(refusal(Self.bearing("read") + [("Transfer-Encoding", "chunked")]) == 403)
    #expect(refusal(Self.bearing("write"), length: 100_000) == nil)
    #expect(refusal(Self.bearing("write") + [("Transfer-Encoding", "chunked")]) == nil)
    #expect(refusal(Self.bearing("write"), length: 100_000_000) == 413)
    #expect(refusal([], length: 10) == nil)
  }

  @Test("another set of tokens is in force from the next request on")
  func replaced() throws {
    let service = try Self.guarded()
    let hash = TokenHash(of: Array("new".utf8))
    service.context.access = AccessControl(tokens: Tokens([hash: Token(name: "n", rights: [.read])]))
    #expect(try service.send(.get, "/keys/a", Self.bearing("read")).status == 401)
    #expect(try service.send(.get, "/keys/a", Self.bearing("new")).status == 404)
    service.context.access = nil
    #expect(try service.send(.get, "/keys/a").status == 404)
  }

  @Test("lines of the log may have the name of the token")
  func name() throws {
    let service = try Self.guarded()
    let request = HandmadeRequest(.get, "/keys/a", Self.bearing("read"))
    #expect(try service.send(request).status == 404)
    #expect(request.notes.caller == "read")
    let forbidden = HandmadeRequest(.delete, "/keys/a", Self.bearing("read"))
    #expect(try service.send(forbidden).status == 403)
    #expect(forbidden.notes.caller == "read")
    let refused = HandmadeRequest(.get, "/keys/a", Self.bearing("wrong"))
    #expect(try service.send(refused).status == 401)
    #expect(refused.notes.caller == nil)
  }

  // MARK: Keys

  @Test("a token with a prefix is for those keys, wherever they stand")
  func keys() throws {
    let service = try Self.guarded()
    let json = Self.bearing("web") + [("Content-Type", "application/json")]
    service.new.put("a", "1")
    service.new.put("web:a", "1")
    let before = service.new.commands.count
    let refused = [
      try service.send(.get, "/keys/a", json),
      try service.send(.put, "/keys/web", Self.bearing("web"), body: "v"),
      try service.send(.delete, "/keys/a", json), try service.send(.get, "/keys/%77eb", json),
      try service.send(.post, "/incr", json, body: #"{"key":"a"}"#),
      try service.send(.post, "/keys/a/decr", Self.bearing("web")),
      try service.send(.get, "/keys/a/where", json, to: service.admin),
    ]
    for response in refused { #expect(try response.problem() == "403 key-forbidden") }
    #expect(service.new.commands.count == before)
    #expect(
      try refused[0].json()["detail"] == "the token web is for keys that begin with `web:`")
    #expect(try service.send(.get, "/keys/web:a", json).status == 200)
    #expect(try service.send(.get, "/keys/%77eb%3Aa", json).status == 200)
    #expect(try service.send(.post, "/incr", json, body: #"{"key":"web:a"}"#).status == 200)
    #expect(try service.send(.get, "/keys/web:a/where", json, to: service.admin).status == 200)
  }

  @Test("of many keys those of others are errors, each for itself")
  func multiGet() throws {
    let service = try Self.guarded()
    service.new.put("a", "1")
    service.new.put("web:a", "2")
    let body = try service.send(.get, "/keys?key=a&key=web:a&key=web:b&key=b", Self.bearing("web")).json()
    #expect(body["items"]?.count == 1)
    #expect(body["items"]?[0]?["value"] == "2")
    #expect(body["missing"] == ["web:b"])
    #expect(body["errors"]?.count == 2)
    #expect(body["errors"]?[0]?["key"] == "a")
    #expect(body["errors"]?[1]?["status"] == 403)
    let none = try service.send(.get, "/keys?key=a", Self.bearing("web")).json()
    #expect(none["errors"]?.count == 1)
  }

  @Test("each operation of a batch needs its own right, for its own key")
  func batch() throws {
    let service = try Self.guarded()
    service.new.put("web:a", "1")
    let body = """
      {"operations":[{"op":"get","key":"web:a"},{"op":"set","key":"web:b","value":"v"},
      {"op":"get","key":"a"},{"op":"incr","key":"web:a"},{"op":"delete","key":"a"}]}
      """
    func statuses(_ token: String) throws -> [Int] {
      let fields = Self.bearing(token) + [("Content-Type", "application/json")]
      let results = try service.send(.post, "/batch", fields, body: body).json()["results"]
      return (0..<5).map { index in
        guard case .number(let status) = results?[index]?["status"] else { return 0 }
        return Int(status)
      }
    }
    #expect(try statuses("read") == [200, 403, 404, 403, 403])
    #expect(service.new.text("web:a") == "1")
    #expect(try statuses("write") == [403, 204, 403, 200, 404])
    #expect(try statuses("web") == [200, 204, 403, 200, 403])
    #expect(try statuses("admin") == [403, 403, 403, 403, 403])
  }

  @Test("who has a part of the keys empties no tier")
  func flush() throws {
    let service = try Self.guarded()
    let refused = try service.send(.post, "/flush?tier=new", Self.bearing("web"), to: service.admin)
    #expect(try refused.problem() == "403 key-forbidden")
    #expect(service.new.commands.isEmpty)
    #expect(
      try service.send(.post, "/flush?tier=new", Self.bearing("admin"), to: service.admin).status == 200)
  }

  @Test("what is told of a refusal has no token in it")
  func noSecrets() throws {
    let service = try Self.guarded()
    var details: [String] = []
    service.context.reportProblem = { problem, _, _ in details.append(problem.detail) }
    for field in ["Bearer hunter2", "hunter2", "Basic hunter2", "Bearer all hunter2"] {
      #expect(!(try service.send(.get, "/keys/a", [("Authorization", field)]).text.contains("hunter2")))
    }
    #expect(details.count == 4)
    #expect(!details.contains { $0.contains("hunter2") })
  }
}

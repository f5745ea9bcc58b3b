// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Testing

@testable import Gateway

@Suite struct RouterTests {
  private static let methods: [(method: Microhttpd.Method, name: String)] = [
    (.get, "GET"), (.head, "HEAD"), (.put, "PUT"), (.post, "POST"), (.delete, "DELETE"), (.patch, "PATCH"),
  ]

  /// Written down once more, so that a route that vanishes or changes its method is seen.
  private static let data = [
    "/keys/{key}": "GET, HEAD, PUT, DELETE, OPTIONS", "/keys/{key}/incr": "POST, OPTIONS",
    "/keys/{key}/decr": "POST, OPTIONS", "/incr": "POST, OPTIONS", "/decr": "POST, OPTIONS",
    "/keys/{key}/append": "POST, OPTIONS", "/keys/{key}/prepend": "POST, OPTIONS",
    "/keys/{key}/touch": "POST, OPTIONS", "/keys": "GET, HEAD, OPTIONS", "/livez": "GET, HEAD, OPTIONS",
    "/batch": "POST, OPTIONS", "/readyz": "GET, HEAD, OPTIONS",
  ]
  private static let admin = [
    "/livez": "GET, HEAD, OPTIONS", "/readyz": "GET, HEAD, OPTIONS", "/stats": "GET, HEAD, OPTIONS",
    "/tiers": "GET, HEAD, PUT, OPTIONS", "/tiers/{name}": "PATCH, OPTIONS",
    "/migration": "GET, HEAD, OPTIONS", "/migration/verdict": "GET, HEAD, OPTIONS",
    "/keys/{key}/where": "GET, HEAD, OPTIONS",
    "/flush": "POST, OPTIONS", "/metrics": "GET, HEAD, OPTIONS", "/version": "GET, HEAD, OPTIONS",
    "/openapi.yaml": "GET, HEAD, OPTIONS",
  ]

  @Test("the tables hold these paths and no others")
  func tables() {
    #expect(Set(Routes.data.map(\.path)) == Set(RouterTests.data.keys))
    #expect(Set(Routes.admin.map(\.path)) == Set(RouterTests.admin.keys))
  }

  @Test(
    "a method that a path does not have is 405 with Allow, one that it has is not", arguments: [false, true])
  func methods(_ isAdmin: Bool) throws {
    let service = try Service()
    for (path, allow) in isAdmin ? RouterTests.admin : RouterTests.data {
      for target in [
        path.replacing("{key}", with: "a").replacing("{name}", with: "a"),
        path.replacing("{key}", with: "a%2Fb").replacing("{name}", with: "b"),
      ] {
        for (method, name) in RouterTests.methods {
          let response = try service.send(method, target, to: isAdmin ? service.admin : service.data)
          if allow.split(separator: ", ").contains(name[...]) {
            #expect(response.status != 405, "\(name) \(target)")
          } else {
            #expect(try response.problem() == "405 method-not-allowed", "\(name) \(target)")
            #expect(response.field("Allow") == allow)
          }
        }
      }
    }
  }

  @Test("OPTIONS tells what a path has", arguments: [false, true])
  func options(_ isAdmin: Bool) throws {
    let service = try Service()
    for (path, allow) in isAdmin ? RouterTests.admin : RouterTests.data {
      let target = path.replacing("{key}", with: "a").replacing("{name}", with: "a")
      let response = try service.send(.options, target, to: isAdmin ? service.admin : service.data)
      #expect(response.status == 204)
      #expect(response.field("Allow") == allow)
      #expect(response.body.isEmpty)
    }
    let everything = try service.send(.options, "*")
    #expect(everything.status == 204)
    #expect(everything.field("Allow") == "GET, HEAD, PUT, POST, DELETE, OPTIONS")
    #expect(try service.send(.options, "/nowhere").status == 404)
  }

  @Test(
    "a method that HTTP or we do not know is 501", arguments: ["get", "TRACE", "CONNECT", "BREW", "PROPFIND"])
  func unknownMethods(_ name: String) throws {
    for target in ["/keys/a", "/livez", "/nowhere"] {
      #expect(try Service().send(.other(name), target).problem() == "501 unknown-method")
    }
  }

  @Test(
    "other paths are 404",
    arguments: [
      "/", "//", "/nowhere", "/keys/a/b", "/keys/a/incr/", "/keys/a/b/incr", "/keysa", "/KEYS/a",
      "/keys/a/INCR",
      "/livez/", "/livez/a", "/batch/", "/incr/a", "/stats", "/flush", "/version", "/openapi.yaml",
      "/k%65ys/a",
      "/keys/a/where", "*",
    ])
  func unknownPaths(_ target: String) throws {
    #expect(try Service().send(.get, target).problem() == "404 no-such-route")
  }

  @Test("keys are no business of the admin listener")
  func adminKeys() throws {
    let service = try Service()
    #expect(try service.send(.get, "/keys/a", to: service.admin).problem() == "404 no-such-route")
  }

  @Test(
    "a key is one segment, decoded exactly once",
    arguments: [
      ("/keys/a", "a"), ("/keys/a%2Fb", "a/b"), ("/keys/a%2fb", "a/b"), ("/keys/a+b", "a+b"),
      ("/keys/%61", "a"), ("/keys/a%252Fb", "a%2Fb"), ("/keys/user:42", "user:42"),
      ("/keys/caf%C3%A9", "café"),
      ("/keys/incr", "incr"), ("/keys/..", ".."), ("/keys/a%3Fb", "a?b"), ("/keys/a%23b", "a#b"),
      ("/keys/~!$&'()*,;=:@-._", "~!$&'()*,;=:@-._"), ("/keys/a?", "a"), ("/keys/a|b", "a|b"),
      ("http://example.org/keys/a", "a"), ("http://example.org:80/keys/a%2Fb", "a/b"),
    ])
  func keys(_ target: String, _ key: String) throws {
    let service = try Service()
    service.new.put(key, "value of \(key)")
    let response = try service.send(.get, target)
    #expect(response.status == 200)
    #expect(try response.json()["key"]?.string == key)
  }

  @Test(
    "what is no key is 400 and reaches no backend",
    arguments: [
      "/keys/", "/keys//incr", "/keys/?", "/keys/%20", "/keys/a%20b", "/keys/a%00b", "/keys/%0d%0a",
      "/keys/%7F",
      "/keys/%zz", "/keys/%2", "/keys/%", "/keys/a%2", "/keys/" + String(repeating: "a", count: 251),
      "/keys/" + String(repeating: "%61", count: 251), "/keys/%zz/incr",
    ])
  func badKeys(_ target: String) throws {
    let service = try Service()
    let method: Microhttpd.Method = target.hasSuffix("incr") ? .post : .get
    #expect(try service.send(method, target).problem() == "400 invalid-key")
    #expect(service.new.commands.isEmpty)
  }

  @Test("a key of 250 bytes is fine, encoded or not")
  func longKeys() throws {
    for segment in [String(repeating: "a", count: 250), String(repeating: "%61", count: 250)] {
      #expect(try Service().send(.get, "/keys/\(segment)").problem() == "404 not-found")
    }
  }

  @Test(
    "a query parameter that a route does not know is 400 and names those that it knows",
    arguments: [
      (.put, "/keys/a?tll=60", "unknown query parameter `tll`; allowed: ttl, flags"),
      (.put, "/keys/a?ttl=1&ttl=2", "`ttl` is given twice"),
      (.put, "/keys/a?TTL=1", "unknown query parameter `TTL`"),
      (.get, "/keys/a?x", "unknown query parameter `x`; allowed: promote"),
      (.delete, "/keys/a?promote=1", "unknown query parameter `promote`; allowed: none"),
      (.delete, "/keys/a?key=b", "unknown query parameter `key`"),
      (.post, "/keys/a/touch?delta=1", "unknown query parameter `delta`; allowed: ttl"),
      (.post, "/keys/a/append?ttl=1", "unknown query parameter `ttl`; allowed: none"),
      (.post, "/incr?delta=1", "unknown query parameter `delta`; allowed: none"),
      (.get, "/keys?keys=a", "unknown query parameter `keys`; allowed: key"),
      (.get, "/livez?verbose", "unknown query parameter `verbose`"),
    ] as [(Microhttpd.Method, String, String)])
  func queries(_ method: Microhttpd.Method, _ target: String, _ detail: String) throws {
    let service = try Service()
    let response = try service.send(method, target)
    #expect(try response.problem() == "400 invalid-query")
    #expect(try response.json()["detail"]?.string?.contains(detail) == true)
    #expect(service.new.commands.isEmpty)
  }

  @Test("a target that is none is 400", arguments: ["/keys/a?x=%zz", "keys/a", "/keys/a#b"])
  func badTargets(_ target: String) throws {
    #expect(try Service().send(.get, target).problem() == "400 malformed-request")
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Testing

@testable import Gateway

@Suite struct KeyReadsTests {
  @Test("a hit in the primary is its JSON form with a strong tag")
  func primary() throws {
    let service = try Service()
    let token = service.new.put("user:42", "v", flags: 7, ttl: 283)
    let response = try service.send(.get, "/keys/user:42")
    #expect(response.status == 200)
    #expect(
      try response.json() == [
        "key": "user:42", "value": "v", "flags": 7, "ttl": 283, "cas": "1", "tier": "new",
      ])
    #expect(response.field("Content-Type") == "application/json")
    #expect(response.field("ETag") == ETag.text(token, isWeak: false))
    #expect(response.field("Cache-Status") == "new; hit; ttl=283")
    #expect(response.field("Cache-Control") == "no-cache")
    #expect(response.field("Vary") == "Accept")
    #expect(response.field("X-Content-Type-Options") == "nosniff")
    #expect(response.field("Age") == nil)
    #expect(response.field("Memcached-Flags") == nil)
  }

  @Test("a hit in an older tier has a weak tag, and says which tiers were asked")
  func older() throws {
    let service = try Service()
    let token = service.old.put("a", "v")
    let response = try service.send(.get, "/keys/a")
    #expect(response.status == 200)
    #expect(try response.json()["tier"] == "old")
    #expect(try response.json()["ttl"] == .null)
    #expect(response.field("ETag") == ETag.text(token, isWeak: true))
    #expect(response.field("Cache-Status") == "old; hit, new; fwd=uri-miss")
  }

  @Test("the bare bytes come with their flags", arguments: ["application/octet-stream", "text/plain"])
  func bytes(_ type: String) throws {
    let service = try Service()
    let value = Array(UInt8.min...UInt8.max)
    service.new.put("a", value, flags: .max)
    let response = try service.send(.get, "/keys/a", [("Accept", type)])
    #expect(response.body == value)
    #expect(response.field("Content-Type") == type)
    #expect(response.field("Memcached-Flags") == "4294967295")
    #expect(response.field("X-Content-Type-Options") == "nosniff")
  }

  @Test("a form that the caller has not got is sent, whatever other form of the item it has")
  func formsAreDifferent() throws {
    let service = try Service()
    service.new.put("a", "v")
    let forms = ["application/json", "application/octet-stream", "text/plain"]
    let tags = try forms.map {
      try #require(try service.send(.get, "/keys/a", [("Accept", $0)]).field("ETag"))
    }
    for (index, tag) in tags.enumerated() {
      for (other, form) in forms.enumerated() {
        let response = try service.send(.get, "/keys/a", [("Accept", form), ("If-None-Match", tag)])
        #expect(response.status == (index == other ? 304 : 200))
        #expect(response.field("ETag") == tags[other])
        // Which item it is each of them says.
        #expect(try service.send(.get, "/keys/a", [("Accept", form), ("If-Match", tag)]).status == 200)
      }
    }
    #expect(try service.send(.put, "/keys/a", [("If-Match", tags[1])], body: "w").status == 204)
    #expect(try service.send(.put, "/keys/a", [("If-Match", tags[2])], body: "x").problem() == "412 changed")
  }

  @Test("If-Match is looked at before If-None-Match")
  func order() throws {
    let service = try Service()
    let tag = ETag.text(service.new.put("a", "v"), isWeak: false)
    for (match, noneMatch, status) in [
      (tag, tag, 304), (tag, "\"x\"", 200), ("\"x\"", tag, 412), ("*", "*", 304), ("\"x\"", "*", 412),
    ] {
      for method in [Microhttpd.Method.get, .head] {
        let fields = [("If-None-Match", noneMatch), ("If-Match", match)]
        #expect(try service.send(method, "/keys/a", fields).status == status)
      }
    }
  }

  @Test("an empty value is a hit")
  func empty() throws {
    let service = try Service()
    service.new.put("a", "")
    service.old.put("a", "older")
    let response = try service.send(.get, "/keys/a", [("Accept", "text/plain")])
    #expect(response.status == 200)
    #expect(response.body.isEmpty)
  }

  @Test("a miss everywhere is 404 and says who was asked")
  func miss() throws {
    let response = try Service().send(.get, "/keys/a")
    #expect(try response.problem() == "404 not-found")
    #expect(response.field("Cache-Status") == "old; fwd=uri-miss, new; fwd=uri-miss")
    #expect(response.field("Cache-Control") == "no-cache")
  }

  @Test("an older tier that fails does not make a miss an error")
  func olderFails() throws {
    let service = try Service()
    service.old.failure = MemcachedError(.timedOut, "no answer in 250 ms")
    let response = try service.send(.get, "/keys/a")
    #expect(try response.problem() == "404 not-found")
    #expect(response.field("Cache-Status") == "old; fwd=bypass; detail=timeout, new; fwd=uri-miss")
  }

  @Test(
    "a primary that fails is an error, unless an older tier has the key",
    arguments: [
      (.down, "503 down"), (.timedOut, "504 timeout"), (.protocolViolation, "502 protocol-violation"),
    ]
      as [(MemcachedError.Kind, String)])
  func primaryFails(_ kind: MemcachedError.Kind, _ expected: String) throws {
    let service = try Service()
    service.new.failure = MemcachedError(kind, "scripted")
    let response = try service.send(.get, "/keys/a")
    #expect(try response.problem() == expected)
    #expect(try response.json()["tier"] == "new")
    #expect(try response.json()["node"] == "new:11211")
    #expect(try response.json()["outcome"] == nil)
    #expect(response.field("Retry-After") == (expected.hasPrefix("503") ? "1" : nil))
    #expect(response.field("Cache-Status")?.hasPrefix("old; fwd=uri-miss, new; fwd=bypass; detail=") == true)
    service.old.put("a", "v")
    #expect(try service.send(.get, "/keys/a").status == 200)
  }

  @Test("HEAD has the fields and the length of GET, and only looks")
  func head() throws {
    let service = try Service()
    service.new.put("a", "value", ttl: 5)
    for accept in ["application/json", "text/plain"] {
      let get = try service.send(.get, "/keys/a", [("Accept", accept)])
      let head = try service.send(.head, "/keys/a", [("Accept", accept)])
      #expect(head.status == 200)
      #expect(head.fields == get.fields)
      #expect(head.body == get.body)
    }
    let key = try Key("a")
    #expect(service.new.commands[0] == Command(key, .get(isPeek: false)))
    #expect(service.new.commands[1] == Command(key, .get(isPeek: true)))
  }

  @Test("an unacceptable form is 406 before anybody is asked")
  func notAcceptable() throws {
    let service = try Service()
    let response = try service.send(.get, "/keys/a", [("Accept", "image/png")])
    #expect(try response.problem() == "406 not-acceptable")
    #expect(service.new.commands.isEmpty)
  }

  /// The tag of item `a` in the primary is `T`, its weak form `W`, in the older tier `O`.
  private func conditional(_ tier: Int, _ field: String, _ value: String) throws -> Response {
    let service = try Service()
    let token = (tier == 0 ? service.new : service.old).put("a", "v")
    let tag = ETag.text(token, isWeak: false)
    let fields = value.replacing("T", with: tag).replacing("W", with: "W/" + tag)
    return try service.send(.get, "/keys/a", [(field, fields)])
  }

  @Test(
    "If-None-Match compares weakly",
    arguments: [
      (0, "T", 304), (0, "W", 304), (0, "*", 304), (0, "\"x\", T", 304), (0, "\"x\"", 200),
      (0, "\"0000000000000001.1\"", 200), (1, "T", 304), (1, "W", 304), (1, "*", 304), (1, "\"x\"", 200),
      (0, "x", 400),
    ])
  func ifNoneMatch(_ tier: Int, _ value: String, _ status: Int) throws {
    let response = try conditional(tier, "If-None-Match", value)
    #expect(response.status == status)
    guard status == 304 else { return }
    // RFC 9110 §15.4.5: what a 200 would have had.
    #expect(response.field("ETag") != nil)
    #expect(response.field("Cache-Control") == "no-cache")
    #expect(response.field("Vary") == "Accept")
    #expect(response.field("Cache-Status")?.contains("hit") == true)
  }

  @Test(
    "If-Match compares strongly, and an older tier never matches it",
    arguments: [
      (0, "T", 200), (0, "W", 412), (0, "*", 200), (0, "\"x\"", 412), (0, "\"x\", T", 200), (1, "T", 412),
      (1, "W", 412), (1, "*", 200), (0, "T, x", 400),
    ])
  func ifMatch(_ tier: Int, _ value: String, _ status: Int) throws {
    #expect(try conditional(tier, "If-Match", value).status == status)
  }

  @Test("a condition on a key that is missing is still 404")
  func conditionOnMiss() throws {
    let service = try Service()
    for field in ["If-Match", "If-None-Match"] {
      #expect(try service.send(.get, "/keys/a", [(field, "*")]).status == 404)
    }
  }

  @Test("a hit without a token has no tag and matches none")
  func noToken() throws {
    let service = try Service()
    let token = service.new.put("a", "v")
    service.new.tellsToken = false
    let tag = ETag.text(token, isWeak: false)
    let response = try service.send(.get, "/keys/a", [("If-None-Match", tag)])
    #expect(response.status == 200)
    #expect(response.field("ETag") == nil)
    #expect(try service.send(.get, "/keys/a", [("If-Match", tag)]).status == 412)
  }

  @Test("a key that is not UTF-8 is found, and echoed as well as JSON can")
  func binaryKey() throws {
    let service = try Service()
    service.new.items[try Key([0xFF])] = .init(value: [0x76], flags: 0, exptime: .never, unique: 1)
    #expect(try service.send(.get, "/keys/%FF").json()["key"] == "\u{FFFD}")
    #expect(try service.send(.get, "/keys/%FE").status == 404)
  }
}

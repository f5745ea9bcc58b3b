// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Memcached
import Microhttpd
import Testing

@testable import Gateway

@Suite struct KeyWritesTests {
  private static func stored(_ service: Service, _ key: String) throws -> String {
    guard let item = service.new.items[try Key(key)] else { return "nothing" }
    return "\(String(decoding: item.value, as: UTF8.self)) \(item.flags) \(item.exptime.seconds)"
  }

  // MARK: What is stored

  @Test(
    "PUT stores the body as it is",
    arguments: [
      ("/keys/a", nil, "v", "v 0 0"),
      ("/keys/a", "text/plain", "v", "v 0 0"),
      ("/keys/a", "application/x-www-form-urlencoded", "a=b&c", "a=b&c 0 0"),
      ("/keys/a?ttl=60&flags=7", nil, "v", "v 7 60"),
      ("/keys/a?flags=4294967295&ttl=0", nil, "", " 4294967295 0"),
      ("/keys/a", "application/vnd.x+json", "{}", "{} 0 0"),
      ("/keys/a", "text/plain", " v\r\n", " v\r\n 0 0"),
    ] as [(String, String?, String, String)])
  func bare(_ target: String, _ type: String?, _ body: String, _ expected: String) throws {
    let service = try Service()
    let response = try service.send(.put, target, type.map { [("Content-Type", $0)] } ?? [], body: body)
    #expect(response.status == 204)
    #expect(response.field("ETag") == ETag.text(CASToken(boot: 0xAB, unique: 1), isWeak: false))
    #expect(response.body.isEmpty)
    #expect(try KeyWritesTests.stored(service, "a") == expected)
  }

  @Test("PUT takes the JSON form, and what GET gave")
  func json() throws {
    let service = try Service()
    #expect(
      try service.send(.put, "/keys/a", json: #"{"value":"/w==","encoding":"base64","ttl":60}"#).status == 204
    )
    #expect(service.new.items[try Key("a")]?.value == [0xFF])
    let echo = #"{"key":"a","value":"v","flags":7,"ttl":null}"#
    #expect(try service.send(.put, "/keys/a", json: echo).status == 204)
    #expect(try KeyWritesTests.stored(service, "a") == "v 7 0")
  }

  @Test(
    "what PUT cannot read is 400 and stores nothing",
    arguments: [
      ("/keys/a?ttl=-1", nil, "v", "invalid-query"), ("/keys/a?ttl=1.5", nil, "v", "invalid-query"),
      ("/keys/a?ttl=abc", nil, "v", "invalid-query"), ("/keys/a?ttl=", nil, "v", "invalid-query"),
      ("/keys/a?ttl=+1", nil, "v", "invalid-query"), ("/keys/a?ttl=%201", nil, "v", "invalid-query"),
      ("/keys/a?ttl=2147483648", nil, "v", "invalid-query"), ("/keys/a?flags=-1", nil, "v", "invalid-query"),
      ("/keys/a?ttl=18446744073709551616", nil, "v", "invalid-query"),
      ("/keys/a?flags=4294967296", nil, "v", "invalid-query"),
      ("/keys/a", "application/json", "{", "invalid-body"),
      ("/keys/a", "application/json", "", "invalid-body"),
      ("/keys/a", "application/json", #"{"key":"b","value":"v"}"#, "invalid-body"),
      ("/keys/a", "application/json", #"{"value":"v","ttl":2147483648}"#, "invalid-body"),
      ("/keys/a?ttl=60", "application/json", #"{"value":"v"}"#, "invalid-query"),
    ] as [(String, String?, String, String)])
  func unreadable(_ target: String, _ type: String?, _ body: String, _ expected: String) throws {
    let service = try Service()
    let response = try service.send(.put, target, type.map { [("Content-Type", $0)] } ?? [], body: body)
    #expect(try response.problem() == "400 \(expected)")
    #expect(service.new.commands.isEmpty)
  }

  @Test(
    "a Content-Type that cannot be read is 415",
    arguments: ["application/json; charset=latin1", "json", "a/b/c"])
  func unsupportedType(_ type: String) throws {
    let response = try Service().send(.put, "/keys/a", [("Content-Type", type)], body: "{}")
    #expect(try response.problem() == "415 unsupported-media-type")
  }

  @Test("a body whose meaning would be lost or guessed is refused", arguments: ["PUT", "append", "incr"])
  func unclearBodies(_ verb: String) throws {
    let service = try Service()
    let (method, target): (Microhttpd.Method, String) =
      verb == "PUT" ? (.put, "/keys/a") : (.post, "/keys/a/\(verb)")
    let plain = ("Content-Type", "text/plain")
    for fields in [[plain, ("Content-Encoding", "gzip")], [("Content-Type", "application/json"), plain]] {
      let response = try service.send(method, target, fields, body: "{}")
      #expect(try response.problem() == "415 unsupported-media-type")
    }
    #expect(service.new.commands.isEmpty)
    #expect(try service.send(.put, "/keys/a", [("Content-Encoding", "Identity")], body: "1").status == 204)
  }

  @Test("a part of a value is not stored as if it were all of it")
  func contentRange() throws {
    let service = try Service()
    let response = try service.send(.put, "/keys/a", [("Content-Range", "bytes 0-0/5")], body: "v")
    #expect(try response.problem() == "400 invalid-body")
    #expect(service.new.commands.isEmpty)
  }

  @Test("the longest ttl ends where memcached's dates end")
  func longestTTL() throws {
    let service = try Service()
    let left = Int64(Int32.max) - Int64(time(nil))
    #expect(try service.send(.put, "/keys/a?ttl=\(left - 60)", body: "v").status == 204)
    #expect(try service.send(.put, "/keys/a?ttl=\(left + 60)", body: "v").status == 400)
    #expect(throws: Problem.self) { try Exptime(ttl: 2_592_001, unixTime: Int64(Int32.max), .invalidQuery) }
    #expect(try Exptime(ttl: 2_592_000, unixTime: Int64(Int32.max) + 9, .invalidQuery).seconds == 2_592_000)
  }

  // MARK: Conditions

  /// Sends a PUT on a condition, with `T` for the tag of the item that is there, and `O` for one of the
  /// older tier with the same number.
  private func put(_ present: Bool, _ fields: [(String, String)]) throws -> String {
    let service = try Service()
    if present { service.new.put("a", "before") }
    let tag = ETag.text(CASToken(boot: 0xAB, unique: 1), isWeak: false)
    let olderTag = ETag.text(CASToken(boot: 0xCD, unique: 1), isWeak: false)
    let sent = fields.map { ($0.0, $0.1.replacing("T", with: tag).replacing("O", with: olderTag)) }
    let response = try service.send(.put, "/keys/a", sent, body: "after")
    let isStored = service.new.text("a") == "after"
    #expect(isStored == (200..<300).contains(response.status))
    if isStored { #expect(response.field("ETag") != nil) }
    return response.status < 400 ? "\(response.status)" : try response.problem()
  }

  @Test(
    "PUT on a condition is add, replace or cas",
    arguments: [
      (false, [("If-None-Match", "*")], "201"),
      (true, [("If-None-Match", "*")], "412 exists"),
      (true, [("If-Match", "*")], "204"),
      (false, [("If-Match", "*")], "412 missing"),
      (true, [("If-Match", "T")], "204"),
      (false, [("If-Match", "T")], "412 missing"),
      (true, [("If-Match", "W/T")], "412 changed"),
      (true, [("If-Match", "O")], "412 changed"),
      (true, [("If-Match", "\"x\"")], "412 changed"),
      (false, [("If-Match", "\"x\"")], "412 missing"),
      (false, [("If-Match", "W/T")], "412 missing"),
      (false, [("If-Match", "O, O")], "412 missing"),
      (true, [("If-Match", "O, T")], "204"),
      (true, [("If-Match", "\"x\", W/T, O"), ("If-Match", "T")], "204"),
      (true, [("If-Match", "O, W/T")], "412 changed"),
      (true, [("If-Match", "T"), ("If-None-Match", "*")], "400 invalid-precondition"),
      (true, [("If-Match", "*"), ("If-None-Match", "T")], "400 invalid-precondition"),
      (true, [("If-None-Match", "T")], "400 invalid-precondition"),
      (false, [("If-None-Match", "\"x\"")], "400 invalid-precondition"),
      (true, [("If-Match", "x")], "400 invalid-precondition"),
      (true, [("If-Match", "")], "400 invalid-precondition"),
      (true, [("If-Match", "O, O, O, O, O, O, O, T")], "204"),
      (true, [("If-Match", "O, O, O, O, O, O, O, O, T")], "400 invalid-precondition"),
    ] as [(Bool, [(String, String)], String)])
  func conditions(_ present: Bool, _ fields: [(String, String)], _ expected: String) throws {
    #expect(try put(present, fields) == expected)
  }

  @Test(
    "DELETE knows If-Match",
    arguments: [
      (true, [], "204"), (false, [], "404 not-found"), (true, [("If-Match", "*")], "204"),
      (false, [("If-Match", "*")], "404 not-found"), (true, [("If-Match", "T")], "204"),
      (true, [("If-Match", "\"x\", T")], "204"), (false, [("If-Match", "T")], "404 not-found"),
      (true, [("If-Match", "W/T")], "412 changed"), (false, [("If-Match", "W/T")], "404 not-found"),
      (true, [("If-Match", "\"00000000000000cd.1\"")], "412 changed"),
      (false, [("If-Match", "\"00000000000000cd.1\"")], "404 not-found"),
      (true, [("If-None-Match", "*")], "400 invalid-precondition"),
      (true, [("If-None-Match", "T")], "400 invalid-precondition"),
    ] as [(Bool, [(String, String)], String)])
  func delete(_ present: Bool, _ fields: [(String, String)], _ expected: String) throws {
    let service = try Service()
    if present { service.new.put("a", "v") }
    let tag = ETag.text(CASToken(boot: 0xAB, unique: 1), isWeak: false)
    let response = try service.send(.delete, "/keys/a", fields.map { ($0.0, $0.1.replacing("T", with: tag)) })
    #expect((response.status < 400 ? "\(response.status)" : try response.problem()) == expected)
    #expect((service.new.text("a") == nil) == (!present || expected == "204"))
  }

  @Test("an item that only an older tier has is there, and is none that a tag can name")
  func olderTierAndTag() throws {
    let service = try Service()
    let tag = ETag.text(CASToken(boot: 0xAB, unique: 1), isWeak: false)
    service.old.put("a", "v")
    for (method, body) in [(Microhttpd.Method.put, "w"), (.delete, "")] {
      let response = try service.send(method, "/keys/a", [("If-Match", tag)], body: body)
      #expect(try response.problem() == "412 changed")
    }
    #expect(service.old.text("a") == "v")
  }

  @Test(
    "a verb that memcached cannot do on a condition refuses one",
    arguments: ["append", "prepend", "touch", "incr", "decr"])
  func refusedConditions(_ verb: String) throws {
    let service = try Service()
    for field in ["If-Match", "If-None-Match"] {
      let response = try service.send(.post, "/keys/a/\(verb)", [(field, "*")])
      #expect(try response.problem() == "400 invalid-precondition")
    }
    #expect(service.new.commands.isEmpty)
  }

  // MARK: Other verbs

  @Test("append and prepend add to what is there and keep its flags and ttl")
  func pieces() throws {
    let service = try Service()
    service.new.put("a", "b", flags: 7, ttl: 60)
    let appended = try service.send(.post, "/keys/a/append", body: "c")
    #expect(appended.status == 204)
    #expect(appended.field("ETag") == ETag.text(CASToken(boot: 0xAB, unique: 2), isWeak: false))
    #expect(
      try service.send(.post, "/keys/a/prepend", json: #"{"value":"YQ==","encoding":"base64"}"#).status == 204
    )
    #expect(try KeyWritesTests.stored(service, "a") == "abc 7 60")
    for verb in ["append", "prepend"] {
      #expect(try service.send(.post, "/keys/none/\(verb)", body: "x").problem() == "404 not-found")
      let flags = try service.send(.post, "/keys/a/\(verb)", json: #"{"value":"x","flags":1}"#)
      #expect(try flags.problem() == "400 invalid-body")
    }
  }

  @Test(
    "touch takes its ttl from the query or the body",
    arguments: [
      ("/keys/a/touch?ttl=60", "", "204", 60), ("/keys/a/touch", #"{"ttl":60}"#, "204", 60),
      ("/keys/a/touch", #"{"key":"a","ttl":60}"#, "204", 60), ("/keys/a/touch", "", "204", 0),
      ("/keys/a/touch", #"{"ttl":null}"#, "204", 0), ("/keys/a/touch", "{}", "400 invalid-body", 5),
      ("/keys/a/touch?ttl=1", #"{"ttl":60}"#, "400 invalid-query", 5),
      ("/keys/a/touch?ttl=x", "", "400 invalid-query", 5),
      ("/keys/a/touch", #"{"ttl":-1}"#, "400 invalid-body", 5),
      ("/keys/none/touch?ttl=60", "", "404 not-found", 5),
    ] as [(String, String, String, UInt32)])
  func touch(_ target: String, _ body: String, _ expected: String, _ ttl: UInt32) throws {
    let service = try Service()
    service.new.put("a", "v", ttl: 5)
    let response = try service.send(.post, target, body: body)
    #expect((response.status < 400 ? "\(response.status)" : try response.problem()) == expected)
    #expect(service.new.items[try Key("a")]?.exptime.seconds == ttl)
  }

  // MARK: Outcomes

  private static let writes: [(Microhttpd.Method, String)] = [
    (.put, "/keys/a"), (.delete, "/keys/a"), (.post, "/keys/a/append"), (.post, "/keys/a/prepend"),
    (.post, "/keys/a/touch"), (.post, "/keys/a/incr"), (.post, "/keys/a/decr"),
  ]

  @Test("a write that fails says what became of it", arguments: writes)
  func failures(_ method: Microhttpd.Method, _ target: String) throws {
    let service = try Service()
    service.new.failure = MemcachedError(
      .timedOut, "no answer", serverLine: "SERVER_ERROR x", outcome: .unknown)
    let response = try service.send(method, target)
    #expect(try response.problem() == "504 timeout")
    let body = try response.json()
    #expect(body["outcome"] == "unknown")
    #expect(body["tier"] == "new")
    #expect(body["node"] == "new:11211")
    #expect(body["memcached"] == "SERVER_ERROR x")
  }

  @Test("a reply that does not belong to the command is 502", arguments: writes)
  func foreignReplies(_ method: Microhttpd.Method, _ target: String) throws {
    let service = try Service()
    service.new.script = { _ in .success(.version("1.6.18")) }
    #expect(try service.send(method, target).problem() == "502 protocol-violation")
  }

  @Test(
    "with Prefer: respond-async a write is sent and not waited for", arguments: writes,
    FallbackPolicy.allCases)
  func noReply(_ write: (method: Microhttpd.Method, target: String), _ policy: FallbackPolicy) throws {
    let service = try Service { $0.policy = policy }
    for node in [service.new, service.old] { node.isSilent = true }
    let response = try service.send(write.method, write.target, [("Prefer", "respond-async")])
    #expect(response.status == 202)
    #expect(response.field("Preference-Applied") == "respond-async")
    #expect(response.body.isEmpty)
    #expect(!(service.new.commands + service.old.commands).isEmpty)
  }

  @Test("a list of tags is waited for, as its outcome decides what comes next")
  func listWithoutWaiting() throws {
    let service = try Service()
    let tag = ETag.text(service.new.put("a", "1"), isWeak: false)
    let fields = [("Prefer", "respond-async"), ("If-Match", "\"00000000000000cd.1\", \(tag)")]
    let response = try service.send(.put, "/keys/a", fields, body: "2")
    #expect(response.status == 204)
    #expect(response.field("Preference-Applied") == nil)
    #expect(service.new.text("a") == "2")
    #expect(service.new.commands.allSatisfy { !$0.noreply })
  }
}

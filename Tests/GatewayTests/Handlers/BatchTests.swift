// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import Microhttpd
import Reactor
import Testing

@testable import Gateway

@Suite struct BatchTests {
  /// Sends operations, and returns the results.
  private static func send(_ service: Service, _ operations: [String]) throws -> [JSON] {
    let body = "{\"operations\":[\(operations.joined(separator: ","))]}"
    let response = try service.send(.post, "/batch", json: body)
    #expect(response.status == 200, "\(response.text)")
    #expect(response.field("Content-Type") == "application/json")
    #expect(response.field("Cache-Control") == "no-cache")
    guard case .array(let results)? = try response.json()["results"] else { return [] }
    #expect(results.count == operations.count)
    return results
  }

  @Test("any mix of operations, each answered in its place")
  func mix() throws {
    let service = try Service()
    service.new.put("a", "Ada", flags: 7, ttl: 60)
    service.new.put("n", "4")
    service.old.put("o", [0xFF])
    let results = try BatchTests.send(
      service,
      [
        #"{"op":"get","key":"a"}"#, #"{"op":"get","key":"none"}"#,
        #"{"op":"set","key":"s","value":"/w==","encoding":"base64","flags":7,"ttl":60}"#,
        #"{"op":"incr","key":"n"}"#, #"{"op":"get","key":"o"}"#, #"{"op":"delete","key":"a"}"#,
        #"{"op":"incr","key":"c","initial":5}"#,
      ])
    #expect(
      results[0] == [
        "status": 200, "etag": "\"00000000000000ab.1\"",
        "item": ["key": "a", "value": "Ada", "flags": 7, "ttl": 60, "cas": "1", "tier": "new"],
      ])
    #expect(results[1]["status"] == 404)
    #expect(results[1]["problem"]?["type"] == "/problems/not-found")
    #expect(results[1]["problem"]?["instance"]?.string?.isEmpty == false)
    #expect(results[2] == ["status": 204, "etag": "\"00000000000000ab.3\""])
    #expect(results[3] == ["status": 200, "etag": "\"00000000000000ab.4\"", "key": "n", "value": "5"])
    #expect(results[4]["etag"] == "W/\"00000000000000cd.1\"")
    #expect(results[4]["item"]?["encoding"] == "base64")
    #expect(results[5] == ["status": 204])
    #expect(results[6]["status"] == 201)
    #expect(results[6]["value"] == "5")
    let stored = try #require(service.new.items[try Key("s")])
    #expect(stored.value == [0xFF] && stored.flags == 7 && stored.exptime.seconds == 60)
  }

  @Test("members are sorted as in all answers, and what an encoder would escape is escaped")
  func bytes() throws {
    let service = try Service()
    service.new.put("q\"", "\"\\/\u{1}")
    let body = #"{"operations":[{"op":"get","key":"q\""},{"op":"incr","key":"n\\","initial":1}]}"#
    #expect(
      try service.send(.post, "/batch", json: body).text
        == #"{"results":[{"etag":"\"00000000000000ab.1\"","item":{"cas":"1","flags":0,"key":"q\"","#
        + #""tier":"new","ttl":null,"value":"\"\\/\u0001"},"status":200},"#
        + #"{"etag":"\"00000000000000ab.2\"","key":"n\\","status":201,"value":"1"}]}"#)
  }

  // MARK: What fails, and how much of it

  @Test(
    "an operation that is wrong is 400 for itself",
    arguments: [
      (#"{"op":"gett","key":"a"}"#, "invalid-body", "`op` is `gett`; allowed are get, set, add"),
      (#"{"key":"a"}"#, "invalid-body", "`op` is missing"), (#"{"op":1,"key":"a"}"#, "invalid-body", "`op`"),
      (#"{"op":"get"}"#, "invalid-body", "`key` is missing"),
      (#"{"op":"get","key":1}"#, "invalid-body", "`key`"),
      (#"{"op":"get","key":""}"#, "invalid-key", "1 byte"),
      (#"{"op":"get","key":"a b"}"#, "invalid-key", "0x20"),
      (#"{"op":"get","key":"a\r\nflush_all"}"#, "invalid-key", "0x0D"),
      (#"{"op":"get","key":"a","ttl":1}"#, "invalid-body", "`ttl`; allowed are op, key, ifMatch"),
      (#"{"op":"set","key":"a"}"#, "invalid-body", "`value` is missing"),
      (#"{"op":"set","key":"a","value":"v","tll":1}"#, "invalid-body", "unknown member `tll`"),
      (#"{"op":"set","key":"a","value":"v","ttl":-1}"#, "invalid-body", "`ttl`"),
      (#"{"op":"set","key":"a","value":"v","ttl":2147483648}"#, "invalid-body", "2038"),
      (#"{"op":"set","key":"a","value":"v","encoding":"base64"}"#, "invalid-body", "base64"),
      (#"{"op":"set","key":"a","value":"v","ifMatch":"x"}"#, "invalid-precondition", "If-Match"),
      (#"{"op":"set","key":"a","value":"v","ifMatch":5}"#, "invalid-body", "`ifMatch`"),
      (#"{"op":"set","key":"a","value":"v","ifNoneMatch":"\"x\""}"#, "invalid-precondition", "only be `*`"),
      (#"{"op":"add","key":"a","value":"v","ifMatch":"*"}"#, "invalid-precondition", "cannot both hold"),
      (#"{"op":"cas","key":"a","value":"v"}"#, "invalid-precondition", "needs `ifMatch`"),
      (#"{"op":"cas","key":"a","value":"v","ifMatch":"*"}"#, "invalid-precondition", "needs `ifMatch`"),
      (#"{"op":"append","key":"a","value":"v","flags":1}"#, "invalid-body", "unknown member `flags`"),
      (
        #"{"op":"append","key":"a","value":"v","ifMatch":"*"}"#, "invalid-precondition",
        "leave out `If-Match`"
      ),
      (#"{"op":"touch","key":"a","ifNoneMatch":"*","ttl":1}"#, "invalid-precondition", "`If-None-Match`"),
      (#"{"op":"touch","key":"a"}"#, "invalid-body", "`ttl` is missing"),
      (#"{"op":"incr","key":"a","delta":-1}"#, "invalid-body", "`delta`"),
      (#"{"op":"incr","key":"a","ttl":1}"#, "invalid-body", "give `initial` too"),
      (#"{"op":"delete","key":"a","ifNoneMatch":"*"}"#, "invalid-precondition", "nothing to delete"),
      ("5", "invalid-body", "no JSON object"), ("null", "invalid-body", "no JSON object"),
      ("[]", "invalid-body", "no JSON object"), (#""get""#, "invalid-body", "no JSON object"),
      ("{}", "invalid-body", "`op` is missing"),
    ])
  func wrongOperation(_ operation: String, _ type: String, _ detail: String) throws {
    let service = try Service()
    let results = try BatchTests.send(
      service, [#"{"op":"set","key":"b","value":"1"}"#, operation, #"{"op":"get","key":"b"}"#])
    #expect(results[1]["status"] == 400)
    #expect(results[1]["problem"]?["status"] == 400)
    #expect(results[1]["problem"]?["type"]?.string == "/problems/\(type)")
    #expect(results[1]["problem"]?["detail"]?.string?.contains(detail) == true, "\(results[1])")
    #expect(results[0]["status"] == 204)
    #expect(results[2]["item"]?["value"] == "1")
  }

  @Test(
    "what is no batch fails as a whole, before anything is sent",
    arguments: [
      ("", "400 invalid-body"), ("{", "400 invalid-body"), ("[]", "400 invalid-body"),
      ("{}", "400 invalid-body"),
      ("null", "400 invalid-body"), (#"{"operations":{}}"#, "400 invalid-body"),
      (#"{"operations":null}"#, "400 invalid-body"),
      (#"{"operations":[],"atomic":true}"#, "400 invalid-body"),
      (#"{"operations":[{"op":"get","key":"a"}]"#, "400 invalid-body"),
      (#"{"operations":[{"op":"set","key":"a","value":"v"},1,2,3]}"#, "413 too-large"),
    ])
  func noBatch(_ body: String, _ expected: String) throws {
    let service = try Service { $0.maximumKeysPerRequest = 3 }
    #expect(try service.send(.post, "/batch", json: body).problem() == expected)
    #expect(service.new.commands.isEmpty)
  }

  @Test("a batch of no operations has no results")
  func empty() throws {
    #expect(try Service().send(.post, "/batch", json: #"{"operations":[]}"#).text == #"{"results":[]}"#)
  }

  @Test("a body that grew above the limit in chunks is refused, too")
  func tooLong() throws {
    let service = try Service { $0.maximumBatchLength = 100 }
    let body = #"{"operations":[{"op":"set","key":"a","value":"\#(String(repeating: "x", count: 100))"}]}"#
    #expect(try service.send(.post, "/batch", json: body).problem() == "413 too-large")
    #expect(service.new.commands.isEmpty)
  }

  @Test("the form of the answer and of the body, and fields of condition, are looked at first")
  func fields() throws {
    let service = try Service()
    let body = #"{"operations":[{"op":"set","key":"a","value":"v"}]}"#
    for (field, value, expected) in [
      ("Accept", "text/plain", "406"), ("Content-Type", "text/csv", "415"), ("If-Match", "*", "400"),
    ] {
      let response = try service.send(.post, "/batch", [(field, value)], body: body)
      #expect("\(response.status)" == expected)
    }
    #expect(service.new.commands.isEmpty)
    #expect(try service.send(.post, "/batch", body: body).status == 200)
  }

  // MARK: Bounds of the answer

  @Test("values come up to the bytes that an answer may have; writes are told of whatever they are")
  func budget() throws {
    let service = try Service { $0.maximumBatchLength = 1000 }
    service.new.put("big", String(repeating: "x", count: 600))
    service.new.put("small", "x")
    let get = #"{"op":"get","key":"big"}"#
    let results = try BatchTests.send(
      service, [get, get, #"{"op":"get","key":"small"}"#, #"{"op":"set","key":"b","value":"1"}"#])
    #expect(results.map { $0["status"] } == [200, 413, 200, 204])
    #expect(results[1]["problem"]?["type"] == "/problems/answer-too-large")
    #expect(results[1]["problem"]?["detail"]?.string?.contains("1000 bytes") == true)
    #expect(results[1]["problem"]?["tier"] == "new")
    #expect(results[1]["etag"] == nil)
  }

  // MARK: Order

  @Test("operations of one key follow each other, those of others go at once")
  func order() throws {
    let service = try Service { $0.policy = .pymemcache }
    service.new.isHolding = true
    let operations = [
      #"{"op":"set","key":"a","value":"1"}"#, #"{"op":"incr","key":"a"}"#, #"{"op":"get","key":"b"}"#,
      #"{"op":"get","key":"a"}"#, #"{"op":"nothing"}"#, #"{"op":"delete","key":"a"}"#,
      #"{"op":"get","key":"a"}"#,
    ]
    let body = Array("{\"operations\":[\(operations.joined(separator: ","))]}".utf8)
    let request = HandmadeRequest(.post, "/batch", [("Content-Type", "application/json")], body: body)
    service.data.answer(request)
    // The first of each key, and the next one only when the last is answered.
    for expected in [2, 3, 4, 5, 6] {
      #expect(service.new.commands.count == expected)
      #expect(request.response == nil)
      service.new.release()
    }
    let results = try #require(try request.response?.json()["results"])
    #expect((0..<7).map { results[$0]?["status"] } == [204, 200, 404, 200, 400, 204, 404])
    #expect(results[1]?["value"] == "2")
    #expect(results[3]?["item"]?["value"] == "2")
  }

  @Test("thousands of operations of one key that are answered at once do not pile up on the stack")
  func longChain() throws {
    let service = try Service { $0.maximumKeysPerRequest = 5_000 }
    service.new.put("n", "0")
    let results = try BatchTests.send(
      service, Array(repeating: #"{"op":"incr","key":"n"}"#, count: 5_000))
    #expect(results.last?["value"] == "5000")
  }

  @Test("what could not begin in the time of the batch is not begun")
  func outOfTime() throws {
    let service = try Service {
      $0.operationTimeout = .milliseconds(20)
      $0.policy = .pymemcache
    }
    service.new.isHolding = true
    let set = #"{"op":"set","key":"a","value":"1"}"#
    let body = Array("{\"operations\":[\(set),\(set),{\"op\":\"get\",\"key\":\"a\"}]}".utf8)
    let request = HandmadeRequest(.post, "/batch", body: body)
    service.data.answer(request)
    let due = service.loop.now + .milliseconds(20)
    while service.loop.now < due { try service.loop.turn(maxSleep: .milliseconds(5)) }
    service.new.release()
    let results = try #require(try request.response?.json()["results"])
    #expect((0..<3).map { results[$0]?["status"] } == [204, 504, 504])
    #expect(results[1]?["problem"]?["type"] == "/problems/timeout")
    #expect(results[1]?["problem"]?["outcome"] == "not-applied")
    #expect(results[2]?["problem"]?["outcome"] == nil)
    #expect(service.new.commands.count == 1)
  }

  @Test("a batch is waited for, whatever Prefer says")
  func prefer() throws {
    let service = try Service()
    let body = #"{"operations":[{"op":"set","key":"a","value":"1"}]}"#
    let response = try service.send(.post, "/batch", [("Prefer", "respond-async")], body: body)
    #expect(try response.json()["results"]?[0]?["status"] == 204)
    #expect(service.new.commands.allSatisfy { !$0.noreply })
  }

  @Test("the time that Prefer gives is that of the whole batch")
  func wait() throws {
    let service = try Service { $0.policy = .pymemcache }
    let set = #"{"op":"set","key":"a","value":"1"}"#
    let incr = #"{"op":"incr","key":"a"}"#
    let body = "{\"operations\":[\(set),\(incr),{\"op\":\"delete\",\"key\":\"b\"}]}"
    let begin = service.loop.now
    let response = try service.send(.post, "/batch", [("Prefer", "wait=5")], body: body)
    #expect(response.field("Preference-Applied") == "wait=5")
    #expect(service.new.deadlines.count == 3)
    #expect(Set(service.new.deadlines).count == 1)
    #expect(service.new.deadlines[0] >= begin + .seconds(5))
  }
}

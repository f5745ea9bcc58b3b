// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Testing

@testable import Gateway

@Suite struct CountersTests {
  private static func send(_ service: Service, _ target: String, _ body: String) throws -> String {
    let response = try service.send(.post, target, body: body)
    guard response.status < 400 else { return try response.problem() }
    #expect(response.field("ETag")?.hasPrefix("\"00000000000000ab.") == true)
    #expect(response.field("Content-Type") == "application/json")
    let json = try response.json()
    return "\(response.status) \(json["key"]?.string ?? "no key") \(json["value"]?.string ?? "no value")"
  }

  @Test(
    "a counter counts",
    arguments: [
      ("/keys/n/incr", "", "200 n 11"), ("/keys/n/decr", "", "200 n 9"),
      ("/keys/n/incr?delta=5", "", "200 n 15"),
      ("/keys/n/incr", #"{"delta":5}"#, "200 n 15"), ("/keys/n/incr", #"{"delta":"5"}"#, "200 n 15"),
      ("/keys/n/incr", #"{"key":"n","delta":0}"#, "200 n 10"), ("/keys/n/incr", "{}", "200 n 11"),
      ("/keys/n/decr?delta=11", "", "200 n 0"), ("/keys/n/incr?delta=18446744073709551615", "", "200 n 9"),
      ("/keys/n/incr?initial=7&ttl=60", "", "200 n 11"), ("/incr", #"{"key":"n"}"#, "200 n 11"),
      ("/decr", #"{"key":"n","delta":3}"#, "200 n 7"),
    ])
  func counting(_ target: String, _ body: String, _ expected: String) throws {
    let service = try Service()
    service.new.put("n", "10")
    #expect(try CountersTests.send(service, target, body) == expected)
  }

  @Test(
    "a missing counter is created when the caller says with what",
    arguments: [
      ("/keys/n/incr", "", "404 not-found", nil), ("/keys/n/decr", "", "404 not-found", nil),
      ("/keys/n/incr?initial=7", "", "201 n 7", 0),
      ("/keys/n/incr?initial=7&ttl=60&delta=5", "", "201 n 7", 60),
      ("/keys/n/decr", #"{"initial":"18446744073709551615","ttl":60}"#, "201 n 18446744073709551615", 60),
      ("/incr", #"{"key":"n","initial":0}"#, "201 n 0", 0), ("/decr", #"{"key":"n"}"#, "404 not-found", nil),
    ] as [(String, String, String, UInt32?)])
  func creating(_ target: String, _ body: String, _ expected: String, _ ttl: UInt32?) throws {
    let service = try Service()
    #expect(try CountersTests.send(service, target, body) == expected)
    #expect(service.new.items[try Key("n")]?.exptime.seconds == ttl)
  }

  @Test(
    "what cannot be counted with is 400 and reaches no backend",
    arguments: [
      ("/keys/n/incr?delta=-1", "", "invalid-query"), ("/keys/n/incr?delta=1.5", "", "invalid-query"),
      ("/keys/n/incr?delta=18446744073709551616", "", "invalid-query"),
      ("/keys/n/incr?delta=", "", "invalid-query"), ("/keys/n/incr?ttl=60", "", "invalid-query"),
      ("/keys/n/incr?initial=1&ttl=-1", "", "invalid-query"),
      ("/keys/n/incr?initial=1&ttl=2147483648", "", "invalid-query"),
      ("/keys/n/incr", #"{"ttl":60}"#, "invalid-body"), ("/keys/n/incr", #"{"delta":1.5}"#, "invalid-body"),
      ("/keys/n/incr", #"{"delta":-1}"#, "invalid-body"),
      ("/keys/n/incr", #"{"initial":18446744073709551616}"#, "invalid-body"),
      ("/keys/n/incr", #"{"by":1}"#, "invalid-body"), ("/keys/n/incr", #"{"key":"m"}"#, "invalid-body"),
      ("/keys/n/incr", "1", "invalid-body"), ("/keys/n/incr?delta=1", #"{"delta":1}"#, "invalid-query"),
      ("/incr", "", "invalid-body"), ("/incr", "{}", "invalid-body"),
      ("/incr", #"{"key":""}"#, "invalid-key"),
      ("/incr", #"{"key":"a b"}"#, "invalid-key"), ("/incr", #"{"key":1}"#, "invalid-body"),
      ("/incr", #"{"key":"n","initial":1,"ttl":2147483648}"#, "invalid-body"),
    ])
  func unreadable(_ target: String, _ body: String, _ expected: String) throws {
    let service = try Service()
    #expect(try CountersTests.send(service, target, body) == "400 \(expected)")
    #expect(service.new.commands.isEmpty)
  }

  @Test("arguments in another form than JSON are 415")
  func form() throws {
    let type = [("Content-Type", "application/x-www-form-urlencoded")]
    let response = try Service().send(.post, "/keys/n/incr", type, body: "delta=1")
    #expect(try response.problem() == "415 unsupported-media-type")
  }

  @Test("a value that is no number is 409", arguments: ["abc", "", "1.5", "-1"])
  func notNumeric(_ value: String) throws {
    let service = try Service()
    service.new.put("n", value)
    #expect(try CountersTests.send(service, "/keys/n/incr", "") == "409 not-numeric")
    #expect(service.new.text("n") == value)
  }

  @Test("a counter that somebody else creates meanwhile is counted, not overwritten")
  func race() throws {
    let service = try Service()
    let node = service.new
    node.script = { command in
      guard case .store(.add, _, _, _) = command.operation else { return nil }
      if node.text("n") == nil { node.put("n", "100") }
      return nil
    }
    #expect(try CountersTests.send(service, "/keys/n/incr?initial=7", "") == "200 n 101")
  }

  @Test("a counter that comes and goes is given up")
  func contention() throws {
    let service = try Service()
    service.new.script = { command in
      switch command.operation {
      case .increment: .success(.miss)
      case .store(.add, _, _, _): .success(.notStored)
      default: nil
      }
    }
    let response = try service.send(.post, "/keys/n/incr?initial=7")
    #expect(try response.problem() == "503 contended")
    #expect(try response.json()["outcome"] == "not-applied")
    let increments = service.new.commands.filter { if case .increment = $0.operation { true } else { false } }
    #expect(increments.count == 3)
  }

  @Test("a counter that may be created is waited for")
  func noReply() throws {
    let service = try Service()
    let response = try service.send(.post, "/keys/n/incr?initial=7", [("Prefer", "respond-async")])
    #expect(response.status == 201)
    #expect(response.field("Preference-Applied") == nil)
  }
}

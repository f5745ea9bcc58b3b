// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import MemcachedTesting
import Microhttpd
import Testing

@testable import Gateway

/// An operation of a batch has the result that its own request is answered with.
@Suite struct BatchEqualityTests {
  struct Pair: Sendable, CustomTestStringConvertible {
    /// The operation's members without its key; `T` in a text stands for the tag of the item that is there.
    var operation: String
    var method: Microhttpd.Method
    var target = ""
    var fields: [(String, String)] = []
    /// As JSON.
    var body = ""

    var testDescription: String { operation }
  }

  static let pairs: [Pair] = [
    Pair(operation: #""op":"get""#, method: .get),
    Pair(operation: #""op":"get","ifNoneMatch":"T""#, method: .get, fields: [("If-None-Match", "T")]),
    Pair(operation: #""op":"get","ifMatch":"\"x\"""#, method: .get, fields: [("If-Match", "\"x\"")]),
    Pair(operation: #""op":"get","ifMatch":"x""#, method: .get, fields: [("If-Match", "x")]),
    Pair(
      operation: #""op":"set","value":"dg==","encoding":"base64","flags":7,"ttl":60"#, method: .put,
      body: #"{"value":"dg==","encoding":"base64","flags":7,"ttl":60}"#),
    Pair(
      operation: #""op":"set","value":"v","ttl":4294967296"#, method: .put,
      body: #"{"value":"v","ttl":4294967296}"#),
    Pair(
      operation: #""op":"set","value":"0123456789","ttl":null"#, method: .put,
      body: #"{"value":"0123456789","ttl":null}"#),
    Pair(
      operation: #""op":"add","value":"v""#, method: .put, fields: [("If-None-Match", "*")],
      body: #"{"value":"v"}"#),
    Pair(
      operation: #""op":"set","value":"v","ifNoneMatch":"*""#, method: .put,
      fields: [("If-None-Match", "*")], body: #"{"value":"v"}"#),
    Pair(
      operation: #""op":"replace","value":"v""#, method: .put, fields: [("If-Match", "*")],
      body: #"{"value":"v"}"#),
    Pair(
      operation: #""op":"cas","value":"v","ifMatch":"T""#, method: .put, fields: [("If-Match", "T")],
      body: #"{"value":"v"}"#),
    Pair(
      operation: #""op":"cas","value":"v","ifMatch":"W/T""#, method: .put, fields: [("If-Match", "W/T")],
      body: #"{"value":"v"}"#),
    Pair(
      operation: #""op":"set","value":"v","ifMatch":"\"x\", T""#, method: .put,
      fields: [("If-Match", "\"x\", T")], body: #"{"value":"v"}"#),
    Pair(operation: #""op":"delete""#, method: .delete),
    Pair(operation: #""op":"delete","ifMatch":"T""#, method: .delete, fields: [("If-Match", "T")]),
    Pair(operation: #""op":"delete","ifMatch":"\"x\"""#, method: .delete, fields: [("If-Match", "\"x\"")]),
    Pair(operation: #""op":"append","value":"v""#, method: .post, target: "/append", body: #"{"value":"v"}"#),
    Pair(
      operation: #""op":"prepend","value":"v""#, method: .post, target: "/prepend", body: #"{"value":"v"}"#),
    Pair(
      operation: #""op":"append","value":"v","ifMatch":"*""#, method: .post, target: "/append",
      fields: [("If-Match", "*")], body: #"{"value":"v"}"#),
    Pair(operation: #""op":"incr""#, method: .post, target: "/incr", body: "{}"),
    Pair(operation: #""op":"decr","delta":"3""#, method: .post, target: "/decr", body: #"{"delta":"3"}"#),
    Pair(
      operation: #""op":"incr","initial":7,"ttl":60"#, method: .post, target: "/incr",
      body: #"{"initial":7,"ttl":60}"#),
    Pair(operation: #""op":"incr","ttl":60"#, method: .post, target: "/incr", body: #"{"ttl":60}"#),
    Pair(operation: #""op":"touch","ttl":60"#, method: .post, target: "/touch", body: #"{"ttl":60}"#),
    Pair(operation: #""op":"touch","ttl":-1"#, method: .post, target: "/touch", body: #"{"ttl":-1}"#),
  ]

  enum State: CaseIterable {
    case nothing, number, text, onlyInOlder, failing

    func service() throws -> Service {
      let service = try Service { $0.maximumValueLength = 9 }
      switch self {
      case .nothing: break
      case .number: service.new.put("k", "41", flags: 3)
      case .text: service.new.put("k", "text", ttl: 9)
      case .onlyInOlder: service.old.put("k", "1")
      case .failing:
        service.new.failure = MemcachedError(
          .timedOut, "no answer", serverLine: "SERVER_ERROR x", outcome: .unknown)
      }
      return service
    }
  }

  private static let tag = ETag.text(CASToken(boot: 0xAB, unique: 1), isWeak: false)

  @Test("a result is the answer that a request of its own gets", arguments: pairs, State.allCases)
  func equality(_ pair: Pair, _ state: State) throws {
    let (own, others) = (try state.service(), try state.service())
    let single = try BatchEqualityTests.send(pair, "k", to: own)
    let body = "{\"operations\":[\(BatchEqualityTests.operation(pair, "k"))]}"
    let answer = try others.send(.post, "/batch", json: body).json()
    let result = try #require(answer["results"]?[0])
    #expect(result.withoutInstance == (try BatchEqualityTests.result(of: single)).withoutInstance)
    // And the same has been done.
    #expect(own.new.commands == others.new.commands)
    #expect(own.old.commands == others.old.commands)
  }

  /// Tokens are counted over all keys, and so depend on the order among them, which a batch leaves open.
  @Test("many operations of few keys end as one request after the other does", arguments: 0..<40)
  func sequences(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (own, others) = (try State.nothing.service(), try State.nothing.service())
    for service in [own, others] {
      service.new.put("a", "41")
      service.old.put("b", "7")
    }
    // Neither list is empty.
    let steps = (0..<40).map { _ in
      (
        BatchEqualityTests.pairs.randomElement(using: &random)!,
        ["a", "b", "c"].randomElement(using: &random)!
      )
    }
    let singles = try steps.map { try BatchEqualityTests.send($0.0, $0.1, to: own) }
    let operations = steps.map { BatchEqualityTests.operation($0.0, $0.1) }.joined(separator: ",")
    let answer = try others.send(.post, "/batch", json: "{\"operations\":[\(operations)]}").json()
    for (index, single) in singles.enumerated() {
      let result = try BatchEqualityTests.result(of: single)
      for path in [["status"], ["value"], ["item", "value"], ["problem", "type"]] {
        let both = [result, answer["results"]?[index]].map { path.reduce($0) { $0?[$1] } }
        #expect(both[0] == both[1], "\(operations) at \(index)")
      }
    }
    for key in ["a", "b", "c"] {
      #expect(own.new.text(key) == others.new.text(key))
      #expect(own.old.text(key) == others.old.text(key))
    }
  }

  private static func send(_ pair: Pair, _ key: String, to service: Service) throws -> Response {
    let fields = pair.fields.map { ($0.0, $0.1.replacing("T", with: tag)) }
    let type = pair.body.isEmpty ? [] : [("Content-Type", "application/json")]
    return try service.send(pair.method, "/keys/\(key)\(pair.target)", fields + type, body: pair.body)
  }

  private static func operation(_ pair: Pair, _ key: String) -> String {
    let quoted = tag.replacing("\"", with: "\\\"")
    return "{\"key\":\"\(key)\",\(pair.operation.replacing("T", with: quoted))}"
  }

  /// What the result of an operation should be, made of an answer as openapi.yaml says.
  private static func result(of response: Response) throws -> JSON {
    var members: [String: JSON] = ["status": .number(Double(response.status))]
    if let tag = response.field("ETag") { members["etag"] = .string(tag) }
    if response.status >= 400 {
      members["problem"] = try response.json()
    } else if response.status == 200 || response.status == 201, !response.body.isEmpty {
      let body = try response.json()
      if body["flags"] != nil {
        members["item"] = body
      } else {
        members["key"] = body["key"]
        members["value"] = body["value"]
      }
    }
    return .object(members)
  }
}

extension JSON {
  /// Each problem has an id of its own.
  fileprivate var withoutInstance: JSON {
    guard case .object(var members) = self, case .object(var problem)? = members["problem"] else {
      return self
    }
    problem["instance"] = nil
    members["problem"] = .object(problem)
    return .object(members)
  }
}

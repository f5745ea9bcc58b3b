// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting

/// What a client knows of an item: its tag, and what it read with it.
struct KnownItem {
  var eTag: String
  /// Nil when the tag is of a write.
  var item: Item?
  /// `CacheModel.changes` of that time.
  var changes: Int

  var isWeak: Bool { eTag.hasPrefix("W/") }
}

/// A verb of memcached on one key as a request of HTTP, and its response as the reply of memcached.
///
/// The same verb is said in the different ways that there are: values and arguments in the query, or as
/// JSON; items as bare bytes, or as JSON.
struct HTTPOperation {
  let key: Key
  let operation: Command.Operation
  /// What the client has of the key; the tag of conditional operations.
  let known: KnownItem?
  private(set) var method = "GET"
  private(set) var target: String
  private(set) var headers: [String] = []
  private(set) var body: [UInt8]?
  /// Whether what is there is only to be looked at.
  var isLook: Bool { method == "HEAD" }
  /// Whether a read answers that the item is the known one, instead of the item.
  private var mayBeKnown = false

  private static let json = "Content-Type: application/json"
  private static let octets = "Content-Type: application/octet-stream"

  init(_ key: Key, _ operation: Command.Operation, known: KnownItem?, _ random: inout RandomCommands) {
    self.key = key
    self.operation = operation
    self.known = known
    target = "/keys/\(percentEncoded(key.description))"
    switch operation {
    case .get(let isPeek): read(isPeek: isPeek, &random)
    case .store(let mode, let value, let flags, let exptime): store(mode, value, flags, exptime, &random)
    case .delete(let token):
      method = "DELETE"
      if token != nil { addCondition(&random) }
    case .increment(let delta): count("incr", delta, &random)
    case .decrement(let delta): count("decr", delta, &random)
    case .touch(let exptime):
      (method, body) = ("POST", [])
      target += "/touch"
      addArguments(["ttl": exptime.seconds], &random)
    case .look, .flushAll, .stats, .version: preconditionFailure("not on the data listener")
    }
  }

  // MARK: Requests

  private mutating func read(isPeek: Bool, _ random: inout RandomCommands) {
    if isPeek { return method = "HEAD" }
    if random.chance(15) { target += "?promote=1" }
    if random.chance(40) { headers.append("Accept: application/octet-stream") }
    if let known, known.item != nil, random.chance(30) {
      mayBeKnown = true
      headers.append("If-None-Match: \(known.eTag)")
    }
  }

  private mutating func store(
    _ mode: StoreMode, _ value: [UInt8], _ flags: UInt32, _ exptime: Exptime, _ random: inout RandomCommands
  ) {
    method = "PUT"
    switch mode {
    case .set: break
    case .add: headers.append("If-None-Match: *")
    case .replace: headers.append("If-Match: *")
    case .cas: addCondition(&random)
    case .append, .prepend:
      method = "POST"
      target += mode == .append ? "/append" : "/prepend"
    }
    let isPiece = mode == .append || mode == .prepend
    if random.chance(50) {
      headers.append(Self.octets)
      body = value
      if !isPiece { target += "?ttl=\(exptime.seconds)&flags=\(flags)" }
    } else {
      headers.append(Self.json)
      let arguments = isPiece ? "" : #","flags":\#(flags),"ttl":\#(exptime.seconds)"#
      let text = Data(value).base64EncodedString()
      body = Array(#"{"value":"\#(text)","encoding":"base64"\#(arguments)}"#.utf8)
    }
  }

  /// With one of two tags, if the other is of no item at all.
  private mutating func addCondition(_ random: inout RandomCommands) {
    guard let known else { preconditionFailure("a condition needs the tag of an item") }
    headers.append("If-Match: " + (random.chance(20) ? #""0000000000000001.7", "# : "") + known.eTag)
  }

  private mutating func count(_ verb: String, _ delta: UInt64, _ random: inout RandomCommands) {
    method = "POST"
    target += "/\(verb)"
    addArguments(["delta": UInt32(clamping: delta)], &random)
  }

  private mutating func addArguments(_ arguments: [String: UInt32], _ random: inout RandomCommands) {
    if random.chance(50) {
      body = []
      target += "?" + arguments.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
    } else {
      headers.append(Self.json)
      body = Array(("{" + arguments.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",") + "}").utf8)
    }
  }

  // MARK: Responses

  /// A response that the interface does not have for this request.
  struct Unexpected: Error, CustomStringConvertible {
    let description: String
  }

  private struct ProblemBody: Decodable {
    var type: String
    var detail: String
    var outcome: String?
    var reason: String?
  }

  private struct CounterBody: Decodable {
    var value: String
  }

  /// What memcached would have said, and of which tier an item is. Of a look that found one it is empty.
  func reply(_ response: RawResponse) throws -> (result: Result<Reply, MemcachedError>, tier: Int) {
    if response.status >= 400, !isLook { return (try problem(response), 0) }
    let tier = response.header("ETag")?.hasPrefix("W/") == true ? 1 : 0
    switch (operation, response.status) {
    case (.get, 200): return (.success(.hit(isLook ? Item(value: []) : try item(response))), tier)
    case (.get, 304) where mayBeKnown:
      guard var item = known?.item else { throw unexpected(response) }
      item.ttl = .unknown
      return (.success(.hit(item)), tier)
    case (.get, 404): return (.success(.miss), 0)
    case (.get, 503), (.get, 504): return (.failure(MemcachedError(.down, "HEAD")), 0)
    case (.store(.add, _, _, _), 201), (.store, 204): return (.success(.stored(nil)), 0)
    case (.delete, 204): return (.success(.deleted), 0)
    case (.touch, 204): return (.success(.touched), 0)
    case (.increment, 200), (.decrement, 200):
      let body = try JSONDecoder().decode(CounterBody.self, from: Data(response.body))
      guard let value = UInt64(body.value) else { throw unexpected(response) }
      return (.success(.counter(value, nil)), 0)
    default: throw unexpected(response)
    }
  }

  private func item(_ response: RawResponse) throws -> Item {
    if response.header("Content-Type") == "application/octet-stream" {
      let flags = response.header("Memcached-Flags").flatMap { UInt32($0) }
      guard let flags else { throw unexpected(response) }
      return Item(value: response.body, flags: flags)
    }
    return try JSONDecoder().decode(ItemAnswer.self, from: Data(response.body)).item
  }

  private func problem(_ response: RawResponse) throws -> Result<Reply, MemcachedError> {
    let problem = try JSONDecoder().decode(ProblemBody.self, from: Data(response.body))
    switch (response.status, problem.reason) {
    case (404, nil) where problem.type == "/problems/not-found":
      if case .store = operation { return .success(.notStored) }
      return .success(.miss)
    case (409, nil): return .success(.notNumeric)
    case (412, "exists"?): return .success(.notStored)
    case (412, "changed"?): return .success(.exists)
    case (412, "missing"?):
      if case .store(.replace, _, _, _) = operation { return .success(.notStored) }
      return .success(.miss)
    case (503, nil), (504, nil):
      // Writes say what became of them.
      let outcome = problem.outcome.flatMap(MemcachedError.WriteOutcome.init)
      if case .get = operation {} else if outcome == nil { throw unexpected(response) }
      return .failure(MemcachedError(.down, problem.detail, outcome: outcome ?? .notApplied))
    default: throw unexpected(response)
    }
  }

  private func unexpected(_ response: RawResponse) -> Unexpected {
    Unexpected(description: "\(method) \(target) \(headers): \(response.head) \(response.text)")
  }
}

extension HTTPOperation: CustomStringConvertible {
  var description: String {
    let sent = body.map { " " + String(decoding: $0, as: UTF8.self) } ?? ""
    return "\(method) \(target) \(headers)\(sent)"
  }
}

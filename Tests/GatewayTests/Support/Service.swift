// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import Microhttpd
import Reactor
import Testing

@testable import Gateway

/// A request made by hand.
final class HandmadeRequest: IncomingRequest {
  let method: Microhttpd.Method
  let rawTarget: [UInt8]
  let body: [UInt8]
  let contentLength: Int?
  var isGone = false
  var clientAddress: AddressLimit.Address?
  var notes = ExchangeNotes(begun: .current())
  private let fields: [(name: String, value: String)]
  private(set) var response: Response?

  init(
    _ method: Microhttpd.Method, _ target: String, _ fields: [(String, String)] = [], body: [UInt8] = [],
    contentLength: Int? = nil
  ) {
    self.method = method
    rawTarget = Array(target.utf8)
    self.fields = fields.map { ($0.0.lowercased(), $0.1) }
    self.body = body
    self.contentLength = contentLength ?? (body.isEmpty ? nil : body.count)
  }

  func header(_ name: StaticString) -> String? { headers(name).first }

  func withSole(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
    let values = headers(name)
    if values.count == 1 { Array(values[0].utf8).withUnsafeBytes(body) }
  }

  func headers(_ name: StaticString) -> [String] {
    fields.filter { $0.name == "\(name)".lowercased() }.map(\.value)
  }

  func note(route: Int) { notes.route = route }

  func answer(_ response: consuming Response) {
    #expect(self.response == nil, "a request is answered once")
    self.response = response
  }
}

/// The handlers over two tiers, `new` and `old`, without a socket anywhere.
final class Service {
  let new = DictionaryNode("new:11211", boot: 0xAB)
  let old = DictionaryNode("old:11211", boot: 0xCD)
  let loop: EventLoop
  let context: ServiceContext
  let data: HTTPService
  let admin: HTTPService

  init(_ change: (inout Settings) -> Void = { _ in }) throws {
    loop = try EventLoop()
    var settings = Settings()
    settings.tiers = [("new", 1), ("old", 2)].map {
      TierSettings(name: $0.0, nodes: [.tcp(host: $0.0, port: $0.1)])
    }
    change(&settings)
    let tiers = [
      Tier(name: "new", cluster: Cluster(nodes: [new])), Tier(name: "old", cluster: Cluster(nodes: [old])),
    ]
    let coordination = TierCoordination(backfill: settings.backfill)
    let client = FallbackClient(
      tiers: tiers, policy: settings.policy, coordination: coordination, loop: loop)
    context = ServiceContext(client: client, loop: loop, settings: settings, version: "0.1.0")
    data = HTTPService(context, routes: Routes.data)
    admin = HTTPService(context, routes: Routes.admin)
  }

  func send(
    _ method: Microhttpd.Method, _ target: String, _ fields: [(String, String)] = [], body: String = "",
    to service: HTTPService? = nil
  ) throws -> Response {
    try send(HandmadeRequest(method, target, fields, body: Array(body.utf8)), to: service)
  }

  /// Sends JSON.
  func send(_ method: Microhttpd.Method, _ target: String, json: String) throws -> Response {
    try send(method, target, [("Content-Type", "application/json")], body: json)
  }

  func send(_ request: HandmadeRequest, to service: HTTPService? = nil) throws -> Response {
    (service ?? data).answer(request)
    // Nothing here waits for a socket, so a handful of turns is all that an answer may take.
    for _ in 0..<10 where request.response == nil { try loop.turn(maxSleep: .milliseconds(20)) }
    return try #require(request.response, "no answer")
  }
}

extension Response {
  func field(_ name: String) -> String? {
    let values = fields.fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    #expect(values.count <= 1, "\(name) is there \(values.count) times")
    return values.first
  }

  var text: String { String(decoding: body, as: UTF8.self) }

  func json() throws -> JSON { try JSONDecoder().decode(JSON.self, from: Data(body)) }

  /// `404 not-found`: a problem's status and type, checked to be the same in head and body.
  func problem() throws -> String {
    #expect(field("Content-Type") == "application/problem+json")
    let body = try json()
    #expect(body["status"] == .number(Double(status)))
    #expect(body["title"]?.string?.isEmpty == false)
    #expect(body["detail"]?.string?.isEmpty == false)
    #expect(body["instance"]?.string?.isEmpty == false)
    let type = try #require(body["type"]?.string)
    #expect(type.hasPrefix("/problems/"))
    return "\(status) \(type.dropFirst("/problems/".count))"
  }
}

/// Any JSON, to look into.
enum JSON: Decodable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let string = try? value.decode(String.self) {
      self = .string(string)
    } else if let array = try? value.decode([JSON].self) {
      self = .array(array)
    } else {
      self = .object(try value.decode([String: JSON].self))
    }
  }

  subscript(_ name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members[name]
  }

  subscript(_ index: Int) -> JSON? {
    guard case .array(let elements) = self, index < elements.count else { return nil }
    return elements[index]
  }

  var string: String? {
    guard case .string(let string) = self else { return nil }
    return string
  }

  var count: Int? {
    guard case .array(let elements) = self else { return nil }
    return elements.count
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int) { self = .number(Double(value)) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(arrayLiteral elements: JSON...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(uniqueKeysWithValues: elements))
  }
  init(nilLiteral: ()) { self = .null }
}

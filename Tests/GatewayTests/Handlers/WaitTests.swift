// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Reactor
import Testing

@testable import Gateway

/// `Prefer: wait` (RFC 7240 §4.3): how long a request may take, and what its answer says of that.
@Suite struct WaitTests {
  /// The time that the last command to a node had, in whole milliseconds.
  private static func time(_ node: DictionaryNode, _ service: Service) throws -> Int64 {
    let deadline = try #require(node.deadlines.last)
    return ((deadline - service.loop.now).wholeNanoseconds + 500_000) / 1_000_000
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let method: Microhttpd.Method
    let target: String
    let status: Int
    /// Which tier is the last to be asked, and so has all that is left.
    let isLastNew: Bool
    var testDescription: String { "\(method) \(target)" }
  }

  static let cases = [
    Case(method: .get, target: "/keys/a", status: 404, isLastNew: false),
    Case(method: .head, target: "/keys/a", status: 404, isLastNew: false),
    Case(method: .get, target: "/keys?key=a&key=b", status: 200, isLastNew: false),
    Case(method: .put, target: "/keys/a", status: 204, isLastNew: true),
    Case(method: .delete, target: "/keys/a", status: 404, isLastNew: true),
    Case(method: .post, target: "/keys/a/incr?initial=1", status: 201, isLastNew: true),
    Case(method: .post, target: "/keys/a/touch?ttl=5", status: 404, isLastNew: false),
  ]

  @Test("it is the time for the whole request and is confirmed, whatever the answer", arguments: cases)
  func applied(_ row: Case) throws {
    let service = try Service()
    let response = try service.send(row.method, row.target, [("Prefer", "wait=8")])
    #expect(response.status == row.status)
    #expect(response.field("Preference-Applied") == "wait=8")
    // A verb that finds nothing in the primary asks it once more in the end: a share is kept for that.
    let expected: Int64 = row.target.hasSuffix("ttl=5") ? 4_000 : 8_000
    #expect(try Self.time(row.isLastNew ? service.new : service.old, service) == expected)
  }

  @Test("a failure confirms it, too")
  func failure() throws {
    let service = try Service()
    service.new.failure = MemcachedError(.timedOut, "scripted")
    let response = try service.send(.get, "/keys/a", [("Prefer", "wait=2")])
    #expect(try response.problem() == "504 timeout")
    #expect(response.field("Preference-Applied") == "wait=2")
  }

  @Test("a wish beyond the limit is cut to it, and the answer says to what")
  func limit() throws {
    let service = try Service()
    let response = try service.send(.get, "/keys/a", [("Prefer", "wait=3600")])
    #expect(response.field("Preference-Applied") == "wait=30")
    #expect(try Self.time(service.old, service) == 30_000)
  }

  @Test(
    "without it, or with a broken one, the settings count", arguments: [nil, "wait", "wait=0", "wait=soon"])
  func passedOver(_ preference: String?) throws {
    let service = try Service()
    let response = try service.send(.get, "/keys/a", preference.map { [("Prefer", $0)] } ?? [])
    #expect(response.field("Preference-Applied") == nil)
    #expect(try Self.time(service.old, service) == 1_000)
  }

  @Test("who does not wait for the outcome is told of that alone")
  func notAwaited() throws {
    let service = try Service()
    let response = try service.send(.put, "/keys/a", [("Prefer", "respond-async, wait=5")], body: "v")
    #expect(response.status == 202)
    #expect(response.field("Preference-Applied") == "respond-async")
  }

  @Test("copies are kept back for as long as a write with the longest time may take")
  func longestWrite() throws {
    func longest(_ flags: [SettingName: [String]]) throws -> Duration {
      try Settings.resolve(flags: flags).longestWrite
    }
    let two = ["new=a", "old=b"]
    #expect(try longest([.tier: two]) == .milliseconds(1_250))
    #expect(try longest([.tier: two, .operationTimeout: ["5s"]]) == .seconds(5))
    #expect(try longest([.tier: two, .operationTimeout: ["4s"], .nodeTimeout: ["4s"]]) == .seconds(20))
    #expect(try longest([.tier: two, .operationTimeout: ["40s"], .nodeTimeout: ["10s"]]) == .seconds(40))
    #expect(try longest([.tier: two, .operationTimeout: ["9s"], .nodeTimeout: ["9s"]]) == .seconds(30))
  }
}

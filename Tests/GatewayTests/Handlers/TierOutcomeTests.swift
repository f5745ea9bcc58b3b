// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Testing

@testable import Gateway

/// What the answer of a write says of each tier.
@Suite struct TierOutcomeTests {
  /// Every write that changes older copies, as a request on a key that the primary has.
  static let writes: [(Microhttpd.Method, String, [(String, String)])] = [
    (.put, "/keys/n", []), (.put, "/keys/n", [("If-Match", "*")]), (.delete, "/keys/n", []),
    (.post, "/keys/n/append", []), (.post, "/keys/n/incr", []), (.post, "/keys/n/touch?ttl=9", []),
  ]

  @Test(
    "a write that is done while a copy cannot be deleted succeeds and says that it is owed", arguments: 0..<6)
  func owed(_ index: Int) throws {
    let (method, target, fields) = TierOutcomeTests.writes[index]
    let service = try Service()
    service.new.put("n", "1")
    let body = method == .put ? "2" : target.hasSuffix("append") ? "0" : ""
    let done = try service.send(method, target, fields, body: body)
    #expect((200...204).contains(done.status))
    #expect(done.field("Cache-Status") == nil)
    service.new.put("n", "1")
    service.old.failure = MemcachedError(.down, "refused")
    let response = try service.send(method, target, fields, body: body)
    #expect(response.status == done.status)
    #expect(response.field("Cache-Status") == "old; detail=owed")
    #expect(service.context.client.coordination.invalidations.tiers[1]?.owed == 1)
  }

  @Test("so does an add that could not ask an older tier")
  func owedByAdd() throws {
    let service = try Service()
    service.old.failure = MemcachedError(.down, "refused")
    let response = try service.send(.put, "/keys/n", [("If-None-Match", "*")], body: "1")
    #expect(response.status == 201)
    #expect(response.field("Cache-Status") == "old; detail=owed")
  }

  @Test("a write that fails in the primary tells what became of the older copies, in the order of its steps")
  func failedInPrimary() throws {
    let service = try Service()
    service.old.put("a", "v")
    service.new.failure = MemcachedError(.timedOut, "no answer before the deadline", outcome: .unknown)
    let response = try service.send(.put, "/keys/a", body: "w")
    #expect(try response.problem() == "504 timeout")
    #expect(try response.json()["outcome"] == "unknown")
    #expect(
      try response.json()["tiers"] == [
        ["tier": "old", "outcome": "applied"],
        [
          "tier": "new", "node": "new:11211", "outcome": "unknown",
          "detail": "no answer before the deadline",
        ],
      ])
    let text = try service.send(.put, "/keys/a", [("Accept", "text/plain")], body: "w").text
    #expect(
      text.contains("in old: applied\nin new new:11211: unknown (no answer before the deadline)\n"))
  }

  @Test("a write that fails everywhere tells it of each tier")
  func failedEverywhere() throws {
    let service = try Service()
    service.new.failure = MemcachedError(.down, "refused")
    service.old.failure = MemcachedError(.connectionLost, "reset", outcome: .unknown)
    let response = try service.send(.delete, "/keys/a")
    #expect(try response.problem() == "503 down")
    #expect(
      try response.json()["tiers"] == [
        ["tier": "old", "node": "old:11211", "outcome": "unknown", "detail": "reset"],
        ["tier": "new", "node": "new:11211", "outcome": "not-applied", "detail": "refused"],
      ])
  }

  @Test("a write that did not come to the older tiers does not speak of them")
  func primaryAlone() throws {
    let service = try Service()
    service.new.failure = MemcachedError(.down, "refused")
    let body = try service.send(.post, "/keys/a/incr").json()
    #expect(body["outcome"] == "not-applied" && body["tiers"] == nil)
    #expect(service.old.commands.isEmpty)
  }

  @Test("a verb whose item could not be brought to the primary has changed nothing")
  func failedPromotion() throws {
    let service = try Service()
    service.old.put("n", "1")
    service.new.script = { command in
      guard case .store(.add, _, _, _) = command.operation else { return nil }
      return .failure(MemcachedError(.timedOut, "late", outcome: .unknown))
    }
    let response = try service.send(.post, "/keys/n/incr")
    #expect(try response.problem() == "504 timeout")
    #expect(try response.json()["outcome"] == "not-applied")
    #expect(service.old.text("n") == "1")
  }
}

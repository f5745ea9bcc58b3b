// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import Testing

@testable import Gateway

@Suite struct ProblemTests {
  @Test(
    "every failure of a tier has its status, and its operator's word as type",
    arguments: [
      (.down, 503), (.connectFailed, 503), (.connectTimedOut, 503), (.unresolved, 503),
      (.connectionLost, 503),
      (.timedOut, 504), (.protocolViolation, 502), (.serverError, 502), (.outOfMemory, 507),
      (.tooLarge(limit: 5), 413), (.answerTooLarge(limit: 5), 413),
      (.unsupported, 501), (.rejected, 502), (.overloaded, 503), (.closed, 503),
    ] as [(MemcachedError.Kind, Int)])
  func kinds(_ kind: MemcachedError.Kind, _ status: Int) {
    let error = MemcachedError(kind, "detail")
    #expect(ProblemType(kind).status == status)
    #expect(ProblemType(kind).rawValue == error.word)
  }

  @Test("each type has a title and the status of an error", arguments: ProblemType.allCases)
  func rows(_ type: ProblemType) {
    #expect((400...599).contains(type.status))
    #expect(!type.title.isEmpty)
    #expect(type.uri == "/problems/\(type.rawValue)")
    #expect(type.rawValue.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x61...0x7A).contains($0) })
  }

  private static let lost = MemcachedError(
    .connectionLost, "reset by peer", serverLine: "SERVER_ERROR busy", node: "a:11211", outcome: .unknown)

  @Test("a write's problem says what became of it, a read's does not")
  func outcome() throws {
    let write = Problem(ProblemTests.lost, tier: "new", isWrite: true)
    let response = write.response(instance: "id-1", asText: false, JSONCoding())
    #expect(
      try response.json() == [
        "type": "/problems/connection-lost", "title": "The connection to the backend was lost", "status": 503,
        "detail": "reset by peer", "instance": "id-1", "tier": "new", "node": "a:11211",
        "memcached": "SERVER_ERROR busy", "outcome": "unknown",
      ])
    let read = Problem(ProblemTests.lost, tier: "new", isWrite: false)
    #expect(try read.response(instance: "id-1", asText: false, JSONCoding()).json()["outcome"] == nil)
  }

  @Test("a failed precondition names its reason", arguments: [Problem.exists(), .changed(), .missing()])
  func reason(_ problem: Problem) throws {
    let body = try problem.response(instance: "i", asText: false, JSONCoding()).json()
    #expect(body["status"] == 412)
    #expect(body["reason"]?.string == problem.type.rawValue)
  }

  @Test("503 says when to come back, others do not", arguments: ProblemType.allCases)
  func retryAfter(_ type: ProblemType) {
    let response = Problem(type, "x").response(instance: "i", asText: false, JSONCoding())
    #expect(response.field("Retry-After") == (type.status == 503 ? "1" : nil))
    #expect(response.field("Cache-Control") == "no-cache")
    #expect(response.status == type.status)
  }

  @Test("as text a problem is one line and then its facts")
  func text() {
    let problem = Problem(ProblemTests.lost, tier: "new", isWrite: true)
    let response = problem.response(instance: "id-1", asText: true, JSONCoding())
    #expect(response.field("Content-Type") == "text/plain; charset=utf-8")
    #expect(
      response.text == """
        503 The connection to the backend was lost: reset by peer
        tier: new
        node: a:11211
        memcached: SERVER_ERROR busy
        outcome: unknown
        instance: id-1

        """)
  }

  @Test("ids of requests are different in one worker, between workers and after a restart")
  func ids() {
    let sources = [
      RequestIDs(worker: 0, processID: 1, startedAt: 1), RequestIDs(worker: 1, processID: 1, startedAt: 1),
      RequestIDs(worker: 0, processID: 2, startedAt: 1), RequestIDs(worker: 0, processID: 1, startedAt: 2),
    ]
    let ids = sources.flatMap { source in (0..<100).map { _ in source.next() } }
    #expect(Set(ids).count == 400)
  }

  @Test("problems are reported under the id that the caller has")
  func report() throws {
    let service = try Service()
    var reported: [String] = []
    service.context.reportProblem = { problem, id, _ in reported.append("\(problem.type) \(id)") }
    service.new.failure = MemcachedError(.down, "refused")
    service.old.failure = MemcachedError(.down, "refused")
    let id = try #require(try service.send(.get, "/keys/a").json()["instance"]?.string)
    let other = try #require(try service.send(.get, "/keys/a%20b").json()["instance"]?.string)
    #expect(id != other)
    #expect(reported == ["down \(id)", "invalidKey \(other)"])
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Synchronization
import Testing

@testable import Gateway

/// Under which ids a request is told of, to its caller and in the log.
@Suite struct RequestIDTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let parent = "00-\(trace)-00f067aa0ba902b7-01"

  @Test(
    "a traceparent is read strictly",
    arguments: [
      (parent, trace), ("00-\(trace)-00f067aa0ba902b7-ff", trace),
      ("cc-\(trace)-00f067aa0ba902b7-01", trace), ("cc-\(trace)-00f067aa0ba902b7-01-what-comes", trace),
      ("00-\(trace)-00f067aa0ba902b7-01-more", nil), ("ff-\(trace)-00f067aa0ba902b7-01", nil),
      ("00-\(trace.uppercased())-00f067aa0ba902b7-01", nil), ("00-\(trace)-00f067aa0ba902b7", nil),
      ("00-\(String(repeating: "0", count: 32))-00f067aa0ba902b7-01", nil),
      ("00-\(trace)-0000000000000000-01", nil), ("00-\(trace)-00f067aa0ba902b-01", nil),
      ("0-\(trace)-00f067aa0ba902b7-01", nil), ("00-\(trace)-00f067aa0ba902b7-0g", nil),
      ("00\(trace)00f067aa0ba902b701", nil), ("", nil), ("---", nil), (" \(parent)", nil),
    ] as [(String, String?)])
  func traceParents(_ field: String, _ traceID: String?) {
    #expect(TraceParent(field)?.traceID == traceID)
  }

  @Test(
    "a sane X-Request-Id is the instance",
    arguments: [
      (["a"], true), (["3f2b-\"<x>"], true), ([String(repeating: "x", count: 128)], true),
      ([String(repeating: "x", count: 129)], false), ([""], false), (["a b"], false), (["ü"], false),
      (["a", "b"], false), ([], false),
    ])
  func given(_ ids: [String], _ isSane: Bool) throws {
    let response = try Service().send(.get, "/keys/none", ids.map { ("X-Request-Id", $0) })
    let instance = try #require(try response.json()["instance"]?.string)
    #expect((instance == ids.first) == isSane && !instance.isEmpty)
  }

  @Test("the problems of a batch are told under the id of the request")
  func batch() throws {
    let fields = [("X-Request-Id", "mine"), ("Content-Type", "application/json")]
    let operations = #"{"operations":[{"op":"get","key":"none"},{"op":"delete","key":"none"}]}"#
    let body = try Service().send(.post, "/batch", fields, body: operations).json()
    for index in 0..<2 { #expect(body["results"]?[index]?["problem"]?["instance"] == "mine") }
  }

  // MARK: The log

  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
    var count: Int { all.withLock { $0.count } }
  }

  private func makeService(level: Logger.Level) throws -> (Service, Lines) {
    let (service, lines) = (try Service(), Lines())
    let log = Logger(label: "test") { _ in
      // The time comes first and is nobody's business here.
      TextLogHandler(level: level) { line in
        lines.all.withLock { $0.append(String(line.drop { $0 != " " }.dropFirst().dropLast())) }
      }
    }
    let requests = RequestLog(log, loop: service.loop)
    service.context.reportProblem = { requests.note($0, $1, $2) }
    return (service, lines)
  }

  @Test("a failure is logged with whose request it was, and without its key")
  func failure() throws {
    let (service, lines) = try makeService(level: .info)
    service.new.failure = MemcachedError(.down, "not connected", outcome: .notApplied)
    service.old.failure = service.new.failure
    let fields = [("traceparent", RequestIDTests.parent), ("X-Request-Id", "mine")]
    _ = try service.send(.put, "/keys/secret?ttl=5", fields, body: "v")
    #expect(
      lines.all.withLock { $0 } == [
        "info request failed detail=\"not connected\" instance=mine method=PUT node=new:11211 "
          + "outcome=not-applied route=/keys/{key} status=503 tier=new "
          + "trace_id=\(RequestIDTests.trace) type=down"
      ])
  }

  @Test("what its caller did wrong is for those who debug", arguments: [Logger.Level.info, .debug])
  func refused(_ level: Logger.Level) throws {
    let (service, lines) = try makeService(level: level)
    _ = try service.send(.get, "/keys/none", [("traceparent", "nonsense")])
    _ = try service.send(.get, "/nowhere")
    let all = lines.all.withLock { $0 }
    #expect(all.count == (level == .debug ? 2 : 0))
    for line in all { #expect(line.hasPrefix("debug request refused ") && !line.contains("trace_id")) }
    if level == .debug { #expect(all[0].contains("route=/keys/{key}") && !all[1].contains("route=")) }
  }

  @Test("an outage is ten lines a second and the number of the others")
  func outage() throws {
    let (service, lines) = try makeService(level: .info)
    service.new.failure = MemcachedError(.down, "not connected")
    for _ in 0..<25 { _ = try service.send(.post, "/keys/a/incr") }
    #expect(lines.count == RequestLog.linesPerSecond)
    while lines.count == RequestLog.linesPerSecond { try service.loop.turn(maxSleep: .seconds(2)) }
    #expect(lines.all.withLock { $0.last } == "info more requests failed count=15")
    _ = try service.send(.post, "/keys/a/incr")
    #expect(lines.all.withLock { $0.last }?.hasPrefix("info request failed ") == true)
  }

  @Test("who debugs sees them all")
  func everything() throws {
    let (service, lines) = try makeService(level: .debug)
    service.new.failure = MemcachedError(.down, "not connected")
    for _ in 0..<25 { _ = try service.send(.post, "/keys/a/incr") }
    #expect(lines.count == 25)
  }
}

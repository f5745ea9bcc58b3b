// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor
import Synchronization
import Testing

@testable import Gateway

/// Which requests have lines, and what is in them.
@Suite("The access log") final class AccessLogTests {
  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
  }

  private let lines = Lines()
  private let loop: EventLoop

  init() throws { loop = try EventLoop() }

  private func makeLog(_ choice: RequestLog.Choice) -> RequestLog {
    let log = Logger(label: "test") { [lines] _ in
      TextLogHandler(level: .info) { line in
        lines.all.withLock { $0.append(String(line.drop { $0 != " " }.dropFirst().dropLast())) }
      }
    }
    return RequestLog(log, loop: loop, choice)
  }

  private func logged(
    _ log: RequestLog, _ status: Int, _ fields: [(String, String)] = [], takes time: Duration = .zero
  ) -> [String] {
    let request = HandmadeRequest(.get, "/keys/secret?promote=1", fields)
    request.notes.begun = loop.now + (.zero - time)
    log.noteAnswer(request, status: status, requestBytes: 0, responseBytes: 5)
    return lines.all.withLock { lines in
      defer { lines = [] }
      return lines
    }
  }

  @Test("all: a line has what was asked, by whom, what came of it and how long it took, and no key")
  func all() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    let fields = [("X-Request-Id", "mine"), ("traceparent", "00-\(trace)-00f067aa0ba902b7-01")]
    let log = makeLog(.init(access: .all))
    #expect(
      logged(log, 200, fields, takes: .microseconds(1_250)) == [
        "info request answered bytes_in=0 bytes_out=5 duration_ms=1.25 instance=mine method=GET "
          + "route=/keys/{key} status=200 trace_id=\(trace)"
      ])
  }

  @Test("the target, with its key, is told where that is asked for")
  func targets() {
    let log = makeLog(.init(access: .all, hasTargets: true))
    #expect(logged(log, 200)[0].contains(" target=/keys/secret?promote=1"))
  }

  @Test(
    "errors: what is no answer to its question", arguments: [200, 204, 304, 404, 412, 400, 413, 500, 503])
  func errors(_ status: Int) {
    let isError = [400, 413, 500, 503].contains(status)
    #expect(logged(makeLog(.init(access: .errors)), status).count == (isError ? 1 : 0))
    #expect(logged(makeLog(.init()), status) == [])
  }

  @Test("sampled: one of so many, and every error")
  func sampled() {
    let log = makeLog(.init(access: .sampled, sample: 10))
    #expect((0..<100).map { _ in logged(log, 200).count }.reduce(0, +) == 10)
    #expect((0..<100).map { _ in logged(log, 503).count }.reduce(0, +) == 100)
  }

  @Test("slow: what took as long, once, whatever the access log says")
  func slow() {
    for access in [AccessLog.off, .all] {
      let log = makeLog(.init(access: access, slow: .milliseconds(50)))
      #expect(logged(log, 200, takes: .milliseconds(49)).count == (access == .all ? 1 : 0))
      let lines = logged(log, 200, takes: .milliseconds(50))
      #expect(lines.count == 1 && lines[0].hasPrefix("warning slow request "))
    }
  }

  @Test("what each tier took is told")
  func steps() throws {
    let service = try Service()
    service.context.answerLog = makeLog(.init(slow: .milliseconds(1)))
    service.old.failure = MemcachedError(.timedOut, "no answer")
    let request = HandmadeRequest(.get, "/keys/none")
    request.notes.begun = service.loop.now + .seconds(-1)
    _ = try service.send(request)
    #expect(request.notes.steps == "new:miss:0.0,old:timeout:0.0")
    let quick = HandmadeRequest(.get, "/keys/none")
    quick.notes.begun = service.loop.now
    _ = try service.send(quick)
    #expect(quick.notes.steps == nil)
  }
}

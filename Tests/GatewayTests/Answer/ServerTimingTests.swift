// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Reactor
import Testing

@testable import Gateway

@Suite struct ServerTimingTests {
  private static let hit = Result<Reply, MemcachedError>.success(.hit(Item(value: [])))
  private static let late = MemcachedError(.timedOut, "late")

  @Test(
    "one metric a tier, the primary first, with milliseconds and what came of it",
    arguments: [
      (Answer(hit, microseconds: 212), "new;dur=0.212;desc=hit"),
      (Answer(hit, microseconds: 7), "new;dur=0.007;desc=hit"),
      (Answer(hit, microseconds: 2_050), "new;dur=2.050;desc=hit"),
      (Answer(.success(.miss)), "new;dur=0.000;desc=miss"),
      (Answer(.success(.stored(nil)), microseconds: 1_000), "new;dur=1.000"),
      (
        Answer(hit, tier: 1, others: [Visit(tier: 0, outcome: .miss, microseconds: 99)], microseconds: 480),
        "new;dur=0.099;desc=miss, o_ld;dur=0.480;desc=hit"
      ),
      (
        Answer(
          .failure(late), others: [Visit(tier: 1, outcome: .miss, microseconds: 1)], microseconds: 250_000),
        "new;dur=250.000;desc=timeout, o_ld;dur=0.001;desc=miss"
      ),
      (
        Answer(.success(.deleted), others: [Visit(tier: 1, outcome: .error(late), microseconds: .max)]),
        "new;dur=0.000, o_ld;dur=4294967.295;desc=timeout"
      ),
    ])
  func metrics(_ answer: Answer, _ expected: String) {
    var fields = FieldBlock()
    ServerTiming(tierNames: ["new", "o:ld"]).append(answer, to: &fields)
    #expect(fields.fields.map(\.name) == ["Server-Timing"] && fields.fields.first?.value == expected)
  }

  private static let requests: [(Microhttpd.Method, String)] = [
    (.get, "/keys/a"), (.head, "/keys/a"), (.get, "/keys/none"), (.put, "/keys/a"), (.delete, "/keys/a"),
    (.delete, "/keys/none"), (.post, "/keys/a/incr"), (.post, "/keys/none/incr"),
    (.post, "/keys/a/touch?ttl=5"), (.post, "/keys/a/append"),
  ]

  @Test("it comes where it is asked for or set, and else not", arguments: requests)
  func isAsked(_ method: Microhttpd.Method, _ target: String) throws {
    for (isSet, fields, isTold) in [
      (false, [], false), (false, [("Prefer", "wait=1, timing")], true), (true, [], true),
      (true, [("Prefer", "respond-async")], method == .get || method == .head),
    ] as [(Bool, [(String, String)], Bool)] {
      let service = try Service { $0.serverTiming = isSet }
      service.new.put("a", "v")
      let timing = try service.send(method, target, fields).field("Server-Timing")
      #expect((timing != nil) == isTold, "\(fields) \(isSet)")
      if isTold { #expect(timing?.hasPrefix("new;dur=") == true) }
    }
  }

  @Test("a failure tells it, too")
  func failure() throws {
    let service = try Service { $0.serverTiming = true }
    service.new.failure = ServerTimingTests.late
    for method in [Microhttpd.Method.get, .put] {
      let timing = try service.send(method, "/keys/a").field("Server-Timing")
      #expect(timing?.hasPrefix("new;dur=0.000;desc=timeout, old;dur=") == true)
    }
  }

  @Test("the time is that from the command to its reply")
  func measured() throws {
    let service = try Service { $0.serverTiming = true }
    service.new.put("a", "v")
    service.new.isHolding = true
    let request = HandmadeRequest(.get, "/keys/a")
    service.data.answer(request)
    let begun = service.loop.now
    while service.loop.now < begun + .milliseconds(3) { try service.loop.turn(maxSleep: .milliseconds(3)) }
    service.new.release()
    let timing = try #require(request.response?.field("Server-Timing"))
    let number = timing.dropFirst("new;dur=".count).prefix { $0 != ";" }
    #expect(try #require(Double(number)) >= 3)
  }
}

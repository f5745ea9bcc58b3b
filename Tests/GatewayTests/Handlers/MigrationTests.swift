// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd
import Reactor
import Testing

@testable import Gateway

/// What `/migration` and `/migration/verdict` answer, over what one worker counts.
@Suite struct MigrationTests {
  private static func service(_ change: (inout Settings) -> Void = { _ in }) throws -> Service {
    let service = try Service {
      $0.migration.window = .seconds(1)
      $0.migration.minimumReads = 2
      change(&$0)
    }
    let context = service.context
    context.migration = MigrationSampler(
      generation: 0, workers: 1, length: context.settings.migration.window, loop: service.loop,
      collect: context.collectMeasurements)
    context.migration?.sample()
    return service
  }

  /// Turns the loop until the window is full.
  private static func fill(_ service: Service) throws {
    let start = service.loop.now
    while service.loop.now - start < .milliseconds(1_001) {
      try service.loop.turn(maxSleep: .milliseconds(50))
    }
  }

  private static func codes(_ response: Response) throws -> [String?] {
    guard case .array(let reasons)? = try response.json()["reasons"] else { return ["no reasons"] }
    return reasons.map { $0["code"]?.string }
  }

  @Test("503 and the seconds that are left while the window fills, and 200 when nothing is in the way")
  func verdict() throws {
    let service = try MigrationTests.service()
    service.new.put("a", "v")
    for _ in 0..<2 { #expect(try service.send(.get, "/keys/a").status == 200) }
    let early = try service.send(.get, "/migration/verdict", to: service.admin)
    #expect(early.status == 503)
    #expect(early.field("Retry-After") == "1")
    #expect(early.field("Content-Type") == "application/json")
    #expect(try early.json()["verdict"] == "wait")
    #expect(try MigrationTests.codes(early) == ["window-not-full"])
    try MigrationTests.fill(service)
    let ready = try service.send(.get, "/migration/verdict", to: service.admin)
    #expect(ready.status == 200)
    #expect(try ready.json() == ["verdict": "ready", "reasons": []])
    #expect(ready.field("Retry-After") == nil)
  }

  @Test("what waiting does not mend has no Retry-After, and the text is the verdict and a line a reason")
  func blocked() throws {
    let service = try MigrationTests.service()
    service.new.status.state = .suspect
    let response = try service.send(.get, "/migration/verdict", [("Accept", "text/plain")], to: service.admin)
    #expect(response.status == 503)
    #expect(response.field("Retry-After") == nil)
    #expect(
      response.text == """
        blocked
        blocked  primary-not-up   new  new:11211 is suspect, and has to be up in every worker
        wait     window-not-full  -    0 of 1 seconds (--migration-window) were seen since the start or the \
        last change of tiers
        wait     few-reads        -    0 keys were read, fewer than 2 (--migration-min-reads)

        """)
    #expect(try service.send(.head, "/migration/verdict", to: service.admin).status == 503)
  }

  @Test("a primary in this process is always up")
  func memory() throws {
    let service = try MigrationTests.service()
    service.new.status = NodeStatus(state: .connecting, wireProtocol: .memory)
    let response = try service.send(.get, "/migration/verdict", to: service.admin)
    #expect(try MigrationTests.codes(response) == ["window-not-full", "few-reads"])
  }

  @Test("/migration tells the numbers, whatever the verdict, and 200")
  func numbers() throws {
    let service = try MigrationTests.service { $0.backfill.isEnabled = false }
    service.new.put("a", "v")
    service.old.put("b", "v")
    for key in ["a", "a", "a", "b", "c"] { _ = try service.send(.get, "/keys/\(key)") }
    try MigrationTests.fill(service)
    let response = try service.send(.get, "/migration", to: service.admin)
    #expect(response.status == 200)
    let body = try response.json()
    let told = ["verdict", "primary", "reads", "window_seconds", "older_share_of_hits"].map { body[$0] }
    #expect(told == ["blocked", "new", 5, 1, .number(0.25)])
    #expect(body["maximum_older_share_of_hits"] == .number(0.01))
    #expect(try MigrationTests.codes(response) == ["not-copied", "older-hits"])
    let members = [
      "role", "mode", "hits", "misses", "errors", "skips", "share_of_hits", "owed_invalidations",
    ]
    let (new, old) = (members.map { body["tiers"]?[0]?[$0] }, members.map { body["tiers"]?[1]?[$0] })
    #expect(new == ["primary", "serving", 3, 2, 0, 0, .number(0.75), 0])
    #expect(old == ["older", "serving", 1, 1, 0, 0, .number(0.25), 0])
    #expect(body["backfill"]?["stored"] == 0)
    let text = try service.send(.get, "/migration", [("Accept", "text/plain")], to: service.admin).text
    #expect(text.hasPrefix("blocked\nblocked  not-copied  -    hits of older tiers are not copied to the"))
    #expect(text.contains("\nolder_share_of_hits          0.25\n"))
    #expect(text.contains("\nold   older    serving  1     1       0       0      0.25 "))
  }

  @Test("without hits there are no shares")
  func noShares() throws {
    let service = try MigrationTests.service()
    let body = try service.send(.get, "/migration", to: service.admin).json()
    #expect(body["older_share_of_hits"] == nil)
    #expect(body["tiers"]?[0]?["name"] == "new")
    #expect(body["tiers"]?[0]?["share_of_hits"] == nil)
  }

  @Test("tiers that have just changed are known nothing of, whatever was counted before")
  func otherGeneration() throws {
    let service = try MigrationTests.service()
    service.new.put("a", "v")
    for _ in 0..<2 { #expect(try service.send(.get, "/keys/a").status == 200) }
    try MigrationTests.fill(service)
    let collect = service.context.collectMeasurements
    service.context.collectMeasurements = { completion in
      collect { parts in
        var parts = parts
        parts[0].generation = 1
        completion(parts)
      }
    }
    let response = try service.send(.get, "/migration/verdict", to: service.admin)
    #expect(try MigrationTests.codes(response) == ["window-not-full", "few-reads"])
    // A worker that is missing would be missed in the sums.
    service.context.collectMeasurements = { completion in collect { completion($0 + $0) } }
    let doubled = try service.send(.get, "/migration/verdict", to: service.admin)
    #expect(try MigrationTests.codes(doubled) == ["window-not-full", "few-reads"])
  }
}

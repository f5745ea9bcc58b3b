// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Synchronization
import Testing

@testable import Gateway

@Suite struct TextLogHandlerTests {
  @Test("a line is time, level, message and the metadata sorted by name")
  func aLineIsTimeLevelMessageAndTheMetadataSortedByName() {
    let line = TextLogHandler.line(
      unixTime: 1_795_467_600, .info, "listening", ["listener": "data", "address": "127.0.0.1:8080"])
    #expect(line == "2026-11-23T21:00:00Z info listening address=127.0.0.1:8080 listener=data\n")
  }

  @Test("an event without metadata is its message") func anEventWithoutMetadataIsItsMessage() {
    #expect(
      TextLogHandler.line(unixTime: 0, .error, "stopped", [:]) == "1970-01-01T00:00:00Z error stopped\n")
  }

  @Test(
    "a value that could be taken for something else is quoted",
    arguments: [
      ("", #""""#), ("two words", #""two words""#), ("a\nb", #""a\nb""#), ("say \"x\"", #""say \"x\"""#),
      ("\u{1B}[31m", #""\u{1b}[31m""#), ("a=b", "a=b"), ("käse", "käse"), ("a\u{2028}b", "\"a\u{2028}b\""),
    ])
  func aValueThatCouldBeTakenForSomethingElseIsQuoted(_ value: String, _ expected: String) {
    let line = TextLogHandler.line(unixTime: 0, .info, "m", ["k": "\(value)"])
    #expect(line == "1970-01-01T00:00:00Z info m k=\(expected)\n")
  }

  @Test("a logger's own metadata stands beside the event's, which wins")
  func aLoggerSOwnMetadataStandsBesideTheEventSWhichWins() {
    let lines = Lines()
    var log = Logger(label: "test") { _ in TextLogHandler(level: .info) { lines.append($0) } }
    log[metadataKey: "worker"] = "1"
    log[metadataKey: "tier"] = "old"
    log.info("m", metadata: ["tier": "new"])
    log.debug("not at this level")
    #expect(lines.all.count == 1)
    #expect(lines.all.first?.hasSuffix(" info m tier=new worker=1\n") == true)
  }

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
  }
}

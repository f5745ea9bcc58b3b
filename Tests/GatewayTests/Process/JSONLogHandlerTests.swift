// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Logging
import Reactor
import Synchronization
import Testing

@testable import Gateway

@Suite("Log lines as JSON")
struct JSONLogHandlerTests {
  private func line(_ metadata: Logger.Metadata) -> String {
    JSONLogHandler.line(unixTime: 1_795_467_600, milliseconds: 7, .info, "listening", metadata)
  }

  @Test("a line is time, level, message and the metadata sorted by name")
  func members() {
    #expect(
      line(["listener": "data", "count": .stringConvertible(3)])
        == #"{"time":"2026-11-23T21:00:00.007Z","level":"info","message":"listening","#
        + #""count":3,"listener":"data"}"# + "\n")
  }

  @Test(
    "whatever a value holds, it is one object on one line that a parser reads back",
    arguments: [
      "", "two words", "a\nb\r\tc", "say \"x\" \\", "\u{0}\u{1B}[31m\u{7F}\u{85}", "käse 🧀", "a\u{2028}b",
      "\u{FFFD}", "{\"a\":1}",
    ])
  func escapes(_ value: String) throws {
    let line = line(["value": "\(value)", "na\"me": "v"])
    #expect(line.hasSuffix("}\n") && line.utf8.count { $0 == 10 } == 1)
    let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
    #expect(object["value"] == value && object["na\"me"] == "v" && object["level"] == "info")
  }

  @Test("numbers that JSON cannot say are strings")
  func numbers() throws {
    let line = line(["a": .stringConvertible(Double.nan), "b": .stringConvertible(0.25), "c": "12"])
    let object = try JSONDecoder().decode(JSON.self, from: Data(line.utf8))
    #expect(object["a"] == "nan" && object["b"] == .number(0.25) && object["c"] == "12")
  }

  @Test("a line is never longer than what a pipe takes whole", arguments: [1, 40, 3_000])
  func length(_ count: Int) throws {
    var metadata: Logger.Metadata = [:]
    for index in 0..<14 { metadata["m\(index)"] = "\(String(repeating: "\u{1}ü", count: count))" }
    let line = line(metadata)
    #expect(line.utf8.count <= LogOutput.longestLine)
    let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
    #expect(object.count == 17)
    let text = TextLogHandler.line(unixTime: 0, .info, "m", metadata)
    #expect(text.utf8.count <= LogOutput.longestLine && text.utf8.count { $0 == 10 } == 1)
  }

  @Test("lines that a pipe does not take are dropped, counted, and told of by the next")
  func dropping() throws {
    let pipe = try openPipe()
    defer { for end in [pipe.readEnd, pipe.writeEnd] { close(end) } }
    let output = LogOutput(pipe.writeEnd) { "dropped \($0)\n" }
    let line = String(repeating: "x", count: 1_023) + "\n"
    // Would wait for ever if it waited for the reader.
    for _ in 0..<200 { output.write(line) }
    var text = try readAll(pipe.readEnd)
    let taken = text.utf8.count / 1_024
    #expect(taken > 0 && taken < 200 && text == String(repeating: line, count: taken))
    output.write("next\n")
    text = try readAll(pipe.readEnd)
    #expect(text == "dropped \(200 - taken)\nnext\n")
  }

  /// What is in the pipe now.
  private func readAll(_ descriptor: Int32) throws -> String {
    var waiting: Int32 = 0
    #expect(ioctl(descriptor, UInt(FIONREAD), &waiting) == 0)
    var bytes = [UInt8](repeating: 0, count: Int(waiting))
    #expect(read(descriptor, &bytes, bytes.count) == bytes.count)
    return String(decoding: bytes, as: UTF8.self)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Testing

/// Operators search for messages: each is a constant, and docs/operations.md says what it means.
@Suite("Log messages")
struct LogMessageTests {
  @Test("are constants, all of them described with their levels in docs/operations.md, and no other")
  func documented() throws {
    let sources = try SourceFile.all(under: ["Sources"], extensions: ["swift"])
    var logged: Set<String> = []
    for source in sources {
      let text = source.lines.joined(separator: "\n")
      let calls = text.matches(
        of: /\b(?:log\.|line\(\.)(trace|debug|info|notice|warning|error|critical)[(,]\s*("?)([^",\\]*)("?)/)
      for call in calls {
        #expect(call.output.2 == "\"" && call.output.4 == "\"", "\(source.path): \(call.output.0)")
        logged.insert("\(call.output.1) \(call.output.3)")
      }
      // With any other call the message or its level could be anything.
      #expect(!text.contains(/\blog\.log\(/), "\(source.path) logs at a level that is not written there")
    }
    let document = SourceFile.root.appending(path: "docs/operations.md")
    let rows = try String(contentsOf: document, encoding: .utf8)
      .matches(of: /\n\| `([^`]+)` \| (trace|debug|info|notice|warning|error|critical) \|/)
    let documented = Set(rows.map { "\($0.output.2) \($0.output.1)" })
    #expect(logged.count > 20)
    #expect(logged.subtracting(documented) == [])
    #expect(documented.subtracting(logged) == [])
  }
}

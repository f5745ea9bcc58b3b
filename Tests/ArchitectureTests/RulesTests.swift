// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

/// A rule that cannot fail holds nothing: each is fed what it is there to catch.
@Suite("The rules")
struct RulesTests {
  private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

  @Test(
    "see an import however it is written",
    arguments: [
      "import Memcached", "  import Memcached", "public import Memcached", "@testable import Memcached",
      "@_exported import Memcached", "@preconcurrency import struct Memcached.Key", "import Memcached.Wire",
      "@_spi(Testing) internal import Memcached", "import Memcached // for Key", "import Memcached\r",
    ])
  func importsAreSeen(line: String) {
    #expect(file("Sources/Microhttpd/Daemon.swift", "\n\(line)\n").imports == ["Memcached"])
  }

  @Test(
    "take nothing else for an import",
    arguments: [
      "// import Memcached", "#if canImport(Memcached)", "important = Memcached", "let import1 = 2",
    ])
  func otherLinesAreNone(line: String) {
    #expect(file("Sources/Microhttpd/Daemon.swift", line).imports.isEmpty)
  }

  @Test("refuse an import against the arrows and name it")
  func importAgainstTheArrows() {
    let bad = file("Sources/Microhttpd/Daemon.swift", "import Glibc\nimport Memcached\nimport Reactor\n")
    #expect(
      Rules.forbiddenImports(bad) == ["Sources/Microhttpd/Daemon.swift: Microhttpd may not import Memcached"])
  }

  @Test("refuse Foundation below the gateway", arguments: ["Reactor", "Memcached", "Microhttpd"])
  func foundationBelow(module: String) {
    #expect(Rules.forbiddenImports(file("Sources/\(module)/A.swift", "import Foundation")).count == 1)
  }

  @Test("let every module import what it may", arguments: Rules.allowedImports.keys.sorted())
  func allowed(module: String) {
    let names = (Rules.allowedImports[module] ?? []).union(Rules.everywhere)
    let text = names.map { "import \($0)\n" }.joined()
    #expect(Rules.forbiddenImports(file("Sources/\(module)/A.swift", text)).isEmpty)
  }

  @Test("have no circle in the table")
  func noCircle() {
    // Taking away, again and again, what imports nothing that is left must leave nothing.
    var left = Rules.allowedImports
    while let free = left.first(where: { entry in entry.value.isDisjoint(with: left.keys) }) {
      left[free.key] = nil
    }
    #expect(left.isEmpty)
  }

  @Test("refuse a module that the table does not have")
  func unknownModule() {
    #expect(Rules.forbiddenImports(file("Sources/Extras/A.swift", "")).count == 1)
  }

  @Test(
    "miss the licence when a line of it is",
    arguments: [
      "", "import Glibc\n", "// SPDX-License-Identifier: Apache-2.0\n",
      "\n// SPDX-License-Identifier: Apache-2.0\n// SPDX-FileCopyrightText: The Crossfade authors\n",
      "// SPDX-License-Identifier: MIT\n// SPDX-FileCopyrightText: The Crossfade authors\n",
    ])
  func license(text: String) {
    #expect(Rules.missingLicense(file("Sources/Reactor/A.swift", text)).count == 1)
  }

  @Test("count lines, the last one with or without its end", arguments: ["", "\n"])
  func length(end: String) {
    let longest = Array(repeating: "x", count: Rules.longestFile).joined(separator: "\n")
    #expect(Rules.tooLong(file("Sources/Reactor/A.swift", longest + end)).isEmpty)
    #expect(Rules.tooLong(file("Sources/Reactor/A.swift", longest + "\nx" + end)).count == 1)
  }

  @Test("let a file be long that a script wrote and says so at its top")
  func generatedLength() {
    let long = Array(repeating: "x", count: Rules.longestFile + 1).joined(separator: "\n")
    let claim = "// Written by scripts/embed-openapi from openapi.yaml.\n"
    #expect(Rules.tooLong(file("Sources/Gateway/A.swift", claim + long)).isEmpty)
    #expect(Rules.tooLong(file("Sources/Gateway/A.swift", long + "\n" + claim)).count == 1)
  }

  @Test("find each forbidden word and its line", arguments: Rules.forbiddenWords.map(\.word))
  func words(word: String) {
    let found = Rules.forbiddenWord(file("Sources/Gateway/A.swift", "import Foundation\n// \(word): later\n"))
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("Sources/Gateway/A.swift:2: \(word)") == true)
  }

  @Test("want the reason of a claim", arguments: Rules.claims)
  func claims(claim: String) {
    let filler = Array(repeating: "let x = 1\n", count: Rules.reach).joined()
    func violations(_ text: String) -> Int {
      Rules.claimWithoutReason(file("Sources/Reactor/A.swift", text)).count
    }
    #expect(violations("\(claim) var a\n") == 1)
    #expect(violations("// Safe, trust me.\n\(claim) var a\n") == 1)
    #expect(violations("// because\n\(filler)\(claim) var a\n") == 1)
    #expect(violations("// Safe because only the loop's thread has it.\n\(claim) var a\n") == 0)
    #expect(violations("\(claim) var a  // because only the loop's thread has it\n") == 0)
    #expect(violations("let because = 1\n\(claim) var a\n") == 1)
  }
}

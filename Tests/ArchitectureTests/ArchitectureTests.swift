// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Testing

@Suite("The repository")
struct ArchitectureTests {
  static let sources = Result { try SourceFile.all(under: ["Sources"], extensions: ["swift", "h"]) }
  static let swift = Result {
    try SourceFile.all(under: ["Sources", "Tests"], extensions: ["swift"]) + [manifest()]
  }

  static func manifest() throws -> SourceFile {
    let url = SourceFile.root.appending(path: "Package.swift")
    return SourceFile(path: "Package.swift", text: try String(contentsOf: url, encoding: .utf8))
  }

  @Test("imports only along the arrows between the modules")
  func imports() throws {
    expectNone(try Self.sources.get().flatMap(Rules.forbiddenImports))
  }

  @Test("has every module of the table, so that the table cannot outlive the code")
  func modules() throws {
    let present = Set(try Self.sources.get().map(\.module))
    #expect(present == Set(Rules.allowedImports.keys))
  }

  @Test("names its licence at the top of each file")
  func licenses() throws {
    expectNone(try (Self.sources.get() + Self.swift.get()).flatMap(Rules.missingLicense))
  }

  @Test("has no file that is too long to read in one go")
  func length() throws {
    expectNone(try Self.swift.get().flatMap(Rules.tooLong))
  }

  @Test("has none of the words that may stand nowhere")
  func words() throws {
    expectNone(try Self.swift.get().flatMap(Rules.forbiddenWord))
  }

  @Test("gives a reason for each claim that the compiler cannot check")
  func claims() throws {
    expectNone(try Self.swift.get().flatMap(Rules.claimWithoutReason))
  }

  /// One issue a violation, so that a run shows them all and each can be read.
  private func expectNone(_ violations: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    for violation in violations { Issue.record(Comment(rawValue: violation), sourceLocation: sourceLocation) }
  }
}

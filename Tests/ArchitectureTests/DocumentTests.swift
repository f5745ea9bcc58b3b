// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Testing

/// The documents point only at what is there.
@Suite("The documents")
struct DocumentTests {
  static let documents = Result {
    let names = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "examples/README.md", "deploy/README.md"]
    let top = try names.map { name in
      SourceFile(
        path: name, text: try String(contentsOf: SourceFile.root.appending(path: name), encoding: .utf8))
    }
    return try top + SourceFile.all(under: ["docs"], extensions: ["md"])
  }

  @Test("link only to files of the repository that exist")
  func links() throws {
    for document in try Self.documents.get() {
      let folder = SourceFile.root.appending(path: document.path).deletingLastPathComponent()
      for target in targets(of: document, /\]\((?<path>[^)#:]+)\)/) {
        expectFile(folder.appending(path: target), "\(document.path) links to \(target)")
      }
    }
  }

  @Test("name only folders and files of the code that exist")
  func paths() throws {
    for document in try Self.documents.get() {
      for path in targets(
        of: document, /`(?<path>(?:Sources|Tests|Benchmarks|docs|examples|scripts)\/[^`* ]+)`/)
      {
        expectFile(SourceFile.root.appending(path: path), "\(document.path) names \(path)")
      }
    }
  }

  @Test("number the decisions from 1 without a gap, each with its number in its title")
  func decisions() throws {
    let decisions = try Self.documents.get().filter { $0.path.hasPrefix("docs/adr/") }
    for (index, decision) in decisions.enumerated() {
      let number = String(String(10_001 + index).dropFirst())
      #expect(decision.path.hasPrefix("docs/adr/\(number)-"))
      #expect(decision.lines.first?.hasPrefix("# \(number). ") == true, "\(decision.path)")
    }
    #expect(!decisions.isEmpty)
  }

  private func targets(of document: SourceFile, _ pattern: Regex<(Substring, path: Substring)>) -> [String] {
    document.lines.flatMap { line in line.matches(of: pattern).map { String($0.output.path) } }
  }

  private func expectFile(_ url: URL, _ what: String) {
    #expect(FileManager.default.fileExists(atPath: url.path), "\(what), which is not there")
  }
}

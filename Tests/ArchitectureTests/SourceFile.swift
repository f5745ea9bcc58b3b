// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation

/// A file of the repository as text, with what the rules ask about it.
struct SourceFile {
  /// From the root of the repository: `Sources/Reactor/EventLoop.swift`.
  let path: String
  let lines: [String]

  init(path: String, text: String) {
    self.path = path
    // Not by Character: "\r\n" is one, so a file with such line ends would be a single line.
    var lines = text.split(separator: /\n/, omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    self.lines = lines
  }

  /// The folder right under `Sources` or `Tests`.
  var module: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

  /// Written by a script from another file, which is the one that people read.
  var isGenerated: Bool { lines.prefix(5).contains { $0.hasPrefix("// Written by scripts/") } }

  /// The top-level modules that the file imports, whatever stands around the name: attributes, access
  /// levels, a kind of declaration, submodules.
  var imports: [String] {
    let pattern =
      #/
      ^\s* (?: @\w+ (?: \( [^)]* \) )? \s+ )*
      (?: (?: public | package | internal | fileprivate | private ) \s+ )?
      import \s+
      (?: (?: struct | class | enum | protocol | func | var | let | typealias ) \s+ )?
      (?<name> \w+ )
      /#
    return lines.compactMap { $0.firstMatch(of: pattern).map { String($0.name) } }
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// All files under the folders whose names end in one of the extensions.
  static func all(under folders: [String], extensions: Set<String>) throws -> [SourceFile] {
    var files: [SourceFile] = []
    for folder in folders {
      let paths = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
      for path in paths.sorted() where extensions.contains((path as NSString).pathExtension) {
        let url = root.appending(path: folder).appending(path: path)
        files.append(
          SourceFile(path: "\(folder)/\(path)", text: try String(contentsOf: url, encoding: .utf8)))
      }
    }
    return files
  }
}

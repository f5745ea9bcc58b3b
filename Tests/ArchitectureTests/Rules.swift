// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What every file has to keep to. Each rule gives one sentence for each violation that it finds.
enum Rules {
  /// Who may import whom: the arrows of docs/architecture.md. A module that is not here has no business
  /// in `Sources`.
  static let allowedImports: [String: Set<String>] = [
    "CLinux": [],
    "CMicrohttpd": [],
    "CGnuTLS": [],
    "Reactor": ["CLinux"],
    "GnuTLS": ["CGnuTLS", "Reactor"],
    "Memcached": ["GnuTLS", "Reactor", "DequeModule"],
    "Microhttpd": ["CMicrohttpd", "Reactor"],
    "Gateway": [
      "GnuTLS", "Memcached", "Microhttpd", "Reactor", "FoundationEssentials", "Logging", "UnixSignals",
    ],
    "crossfade": ["Gateway", "ArgumentParser", "Logging", "FoundationEssentials"],
    "MemcachedTesting": ["Memcached", "Reactor", "Foundation"],
  ]

  /// What comes with the language and the platform.
  static let everywhere: Set<String> = ["Swift", "Glibc", "Synchronization"]

  static let longestFile = 320
  /// How far above a claim its reason may stand.
  static let reach = 6

  static func forbiddenImports(_ file: SourceFile) -> [String] {
    guard let allowed = allowedImports[file.module] else {
      return ["\(file.path): the module \(file.module) is not in the table of allowed imports"]
    }
    return file.imports.filter { !allowed.contains($0) && !everywhere.contains($0) }
      .map { "\(file.path): \(file.module) may not import \($0)" }
  }

  static func missingLicense(_ file: SourceFile) -> [String] {
    // The first line of a manifest belongs to its tools version.
    let head = file.lines.drop { $0.hasPrefix("// swift-tools-version") }.prefix(2)
    let expected = [
      "// SPDX-License-Identifier: Apache-2.0", "// SPDX-FileCopyrightText: The Crossfade authors",
    ]
    return Array(head) == expected ? [] : ["\(file.path): does not begin with the two SPDX lines"]
  }

  static func tooLong(_ file: SourceFile) -> [String] {
    guard file.lines.count > longestFile, !file.isGenerated else { return [] }
    return ["\(file.path): has \(file.lines.count) lines, \(longestFile) is the most"]
  }

  /// Words that may stand nowhere, with the reason. Put together here so that this file has none of them.
  static let forbiddenWords: [(word: String, reason: String)] = [
    ("JSON" + "Serialization", "makes the static binary 60 MB instead of 17; use JSONEncoder, JSONDecoder"),
    ("TO" + "DO", "is an issue, not a comment"),
    ("FIX" + "ME", "is an issue, not a comment"),
  ]

  static func forbiddenWord(_ file: SourceFile) -> [String] {
    numbered(file).flatMap { number, line in
      forbiddenWords.filter { line.contains($0.word) }
        .map { "\(file.path):\(number): \($0.word) \($0.reason)" }
    }
  }

  /// Claims that the compiler takes on trust. Put together for the same reason.
  static let claims = ["@unchecked" + " Sendable", "nonisolated" + "(unsafe)"]

  static func claimWithoutReason(_ file: SourceFile) -> [String] {
    numbered(file).compactMap { number, line in
      guard let claim = claims.first(where: line.contains), !isComment(line) else { return nil }
      let above = file.lines[max(0, number - 1 - reach)..<number]
      if above.contains(where: { $0.contains("//") && $0.lowercased().contains("because") }) { return nil }
      return "\(file.path):\(number): \(claim) needs a comment with its \"because\" in the lines above"
    }
  }

  private static func isComment(_ line: String) -> Bool {
    line.drop { $0 == " " }.hasPrefix("//")
  }

  private static func numbered(_ file: SourceFile) -> [(number: Int, line: String)] {
    file.lines.enumerated().map { (number: $0.offset + 1, line: $0.element) }
  }
}

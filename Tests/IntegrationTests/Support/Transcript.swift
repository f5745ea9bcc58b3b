// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation

/// What a document tells its reader to do in terminals, step by step.
///
/// Two kinds of blocks count. In `sh` blocks stand the programs that go on running: `memcached … -p PORT &`
/// and `./scripts/run ARGUMENTS`. In `console` blocks stand commands after `$ `, each with what it prints.
struct Transcript {
  enum Step: Equatable {
    case memcached(port: String)
    /// With the arguments of `crossfade serve`.
    case gateway([String])
    case command(String, prints: [String])
  }

  let steps: [Step]

  init(markdown: String) {
    steps = Transcript.blocks(markdown).flatMap { block in
      switch block.language {
      case "sh": block.lines.compactMap(Transcript.program)
      case "console": Transcript.commands(block.lines)
      default: [Step]()
      }
    }
  }

  /// The commands that stand within sentences and tables, between backticks.
  static func inlineCommands(markdown: String, program: String) -> [String] {
    let spans = markdown.matches(of: /`([^`\n]+)`/).map { String($0.output.1) }
    return spans.filter { $0.hasPrefix(program + " ") }
  }

  // MARK: Parts

  private static func blocks(_ markdown: String) -> [(language: String, lines: [String])] {
    var blocks: [(language: String, lines: [String])] = []
    var isInside = false
    for line in markdown.components(separatedBy: "\n") {
      if line.hasPrefix("```") {
        if !isInside { blocks.append((String(line.dropFirst(3)), [])) }
        isInside.toggle()
      } else if isInside {
        blocks[blocks.count - 1].lines.append(line)
      }
    }
    return blocks
  }

  private static func program(_ line: String) -> Step? {
    let words = line.prefix { $0 != "#" }.split(separator: " ").filter { $0 != "&" }.map(String.init)
    switch words.first {
    case "./scripts/run": return .gateway(Array(words.dropFirst()))
    case "memcached":
      guard let flag = words.firstIndex(of: "-p"), flag + 1 < words.count else { return nil }
      return .memcached(port: words[flag + 1])
    default: return nil
    }
  }

  private static func commands(_ lines: [String]) -> [Step] {
    var steps: [(command: String, prints: [String])] = []
    for line in lines {
      if line.hasPrefix("$ ") {
        steps.append((String(line.dropFirst(2)), []))
      } else if !steps.isEmpty {
        steps[steps.count - 1].prints.append(line)
      }
    }
    return steps.map { .command($0.command, prints: withoutEmptyEnd($0.prints)) }
  }

  /// An answer without a body ends with an empty line, and a document separates commands by them.
  static func withoutEmptyEnd(_ lines: [String]) -> [String] {
    var lines = lines
    while lines.last == "" { lines.removeLast() }
    return lines
  }
}

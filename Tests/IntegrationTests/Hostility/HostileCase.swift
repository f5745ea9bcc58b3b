// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a client sends on a connection of its own, and what has to come of it.
///
/// In `bytes`, characters up to U+00FF stand for the bytes of these numbers, and
///
/// | word       | for                                                                        |
/// |------------|----------------------------------------------------------------------------|
/// | `{k}`      | the beginning of keys that this case has for itself, at each time it is sent |
/// | `{h}`      | ` HTTP/1.1`, CRLF, `Host: x`, CRLF: the rest of a head                       |
/// | `{inner}`  | a whole GET of `{k}inner`: what a smuggler wants to be read as a request     |
/// | `{length}` | how many bytes that is; `{size}` the same as a chunk has it                |
struct HostileCase: Sendable {
  enum Outcome: Sendable, Hashable {
    /// Answered with these statuses, one after the other; then the connection serves the next request.
    case answers([Int])
    /// Answered with these, then closed.
    case closes([Int])
    /// Answered with these, and not with more before the rest has come. Closed when the client ends its side.
    case waits([Int])
    /// libmicrohttpd 0.9.75 itself refuses with this status, or closes without a word (nil). Another
    /// release may choose the other of the two. It is closed, and the requests before have
    /// these answers.
    case library(Int?, after: [Int] = [])
  }

  let name: String
  let bytes: String
  let outcome: Outcome
  /// What must have reached the backend, and nothing else: verb, key, value.
  let commands: [String]
  /// The last answer is that to a HEAD.
  var isHead = false

  init(_ name: String, _ bytes: String, _ outcome: Outcome, _ commands: String..., isHead: Bool = false) {
    self.init(name, bytes, outcome, commands: commands, isHead: isHead)
  }

  init(_ name: String, _ bytes: String, _ outcome: Outcome, commands: [String], isHead: Bool = false) {
    (self.name, self.bytes, self.outcome, self.commands) = (name, bytes, outcome, commands)
    self.isHead = isHead
  }

  /// The bytes, for keys that begin with `key`.
  func bytes(_ key: String) -> [UInt8] {
    HostileCase.expand(bytes, key).unicodeScalars.map { UInt8($0.value) }
  }

  func commands(_ key: String) -> [String] { commands.map { HostileCase.expand($0, key) } }

  private static func expand(_ text: String, _ key: String) -> String {
    let rest = " HTTP/1.1\r\nHost: x\r\n"
    let inner = "GET /keys/\(key)inner\(rest)\r\n"
    return text.replacing("{k}", with: key).replacing("{h}", with: rest).replacing("{inner}", with: inner)
      .replacing("{length}", with: "\(inner.utf8.count)")
      .replacing("{size}", with: String(inner.utf8.count, radix: 16))
  }

  /// All of them but those of h1spec.
  static let all =
    lengths + codings + requestLines + targets + hosts + fields + sizes + bodies + chunks + chunkErrors
    + methods + expectations + connections + pipelines
}

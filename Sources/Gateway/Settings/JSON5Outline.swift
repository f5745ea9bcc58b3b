// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What the decoder does not tell of a JSON5 text: where one that it refuses ceases to be JSON5, and which keys
/// stand twice in one object, of which it takes one and drops the other. The decoder alone says what is JSON5:
/// the insides of numbers and strings are not looked at here.
struct JSON5Outline {
  struct Repeated: Hashable {
    let key: String
    let line: Int
  }

  struct Fault: Error, Hashable, CustomStringConvertible {
    let line: Int
    /// In bytes, from 1.
    let column: Int
    let expected: String
    var description: String { "line \(line), column \(column): expected \(expected)" }
  }

  private(set) var repeated: [Repeated] = []
  private(set) var fault: Fault?

  /// The decoder takes 512 levels.
  private static let deepest = 512
  private let bytes: [UInt8]
  private var index = 0
  private var depth = 0

  init(of bytes: [UInt8]) {
    self.bytes = bytes
    do throws(Fault) {
      try readValue()
      try skipBlank()
      if index < bytes.count { throw expected("the end of the file") }
    } catch {
      fault = error
    }
  }

  // MARK: Values

  private mutating func readValue() throws(Fault) {
    try skipBlank()
    switch next {
    case UInt8(ascii: "{"): try readObject()
    case UInt8(ascii: "["): try readList()
    case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = try readString()
    default: try readLiteral()
    }
  }

  private mutating func enter() throws(Fault) {
    depth += 1
    if depth > JSON5Outline.deepest { throw expected("no more than \(JSON5Outline.deepest) levels") }
    index += 1
  }

  private mutating func readObject() throws(Fault) {
    try enter()
    defer { depth -= 1 }
    var keys: Set<String> = []
    while true {
      try skipBlank()
      if takes("}") { return }
      let line = place(of: index).line
      let key = try readKey()
      if !keys.insert(key).inserted { repeated.append(Repeated(key: key, line: line)) }
      try skipBlank()
      guard takes(":") else { throw expected("\":\" behind the key \(quoted(key))") }
      try readValue()
      try skipBlank()
      if takes("}") { return }
      guard takes(",") else { throw expected("\",\" or \"}\"") }
    }
  }

  private mutating func readList() throws(Fault) {
    try enter()
    defer { depth -= 1 }
    while true {
      try skipBlank()
      if takes("]") { return }
      try readValue()
      try skipBlank()
      if takes("]") { return }
      guard takes(",") else { throw expected("\",\" or \"]\"") }
    }
  }

  private mutating func readKey() throws(Fault) -> String {
    if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") { return try readString() }
    let start = index
    while let byte = next, JSON5Outline.isWord(byte) { index += 1 }
    if start == index { throw expected("a key or \"}\"") }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  // Escapes are left as they are: no setting's key has any.
  private mutating func readString() throws(Fault) -> String {
    let start = index
    index += 1
    while let byte = next, byte != UInt8(ascii: "\n"), byte != bytes[start] {
      index += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    guard next == bytes[start] else {
      index = start
      throw expected("a string that ends on its line")
    }
    index += 1
    return String(decoding: bytes[start + 1..<index - 1], as: UTF8.self)
  }

  private mutating func readLiteral() throws(Fault) {
    let start = index
    while let byte = next, JSON5Outline.isWord(byte) || "+-.".utf8.contains(byte) { index += 1 }
    let literal = String(decoding: bytes[start..<index], as: UTF8.self)
    let unsigned = literal.drop { "+-".contains($0) }
    let isNumber = unsigned.first.map { $0.isNumber || $0 == "." } ?? false
    guard isNumber || ["true", "false", "null", "Infinity", "NaN"].contains(String(unsigned)) else {
      index = start
      let quotes = literal.isEmpty ? "" : "; a string has quotes"
      throw expected("a value\(quotes)")
    }
  }

  // MARK: Bytes

  private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func takes(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || byte >= 0x80
      || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
  }

  /// White space and comments.
  private mutating func skipBlank() throws(Fault) {
    while let byte = next {
      switch byte {
      case 0x09...0x0D, 0x20: index += 1
      case UInt8(ascii: "/"): try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(Fault) {
    let rest = bytes[(index + 1)...]
    switch rest.first {
    case UInt8(ascii: "/"): index = rest.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    case UInt8(ascii: "*"):
      let star = UInt8(ascii: "*")
      let end = rest.indices.dropFirst(2).first { rest[$0 - 1] == star && rest[$0] == UInt8(ascii: "/") }
      guard let end else { throw expected("a comment that ends") }
      index = end + 1
    default: throw expected("a comment")
    }
  }

  // MARK: Places

  private func expected(_ what: String) -> Fault {
    let place = place(of: index)
    return Fault(line: place.line, column: place.column, expected: what)
  }

  private func place(of index: Int) -> (line: Int, column: Int) {
    let before = bytes[..<index]
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return (before.count { $0 == UInt8(ascii: "\n") } + 1, index - lineStart + 1)
  }
}

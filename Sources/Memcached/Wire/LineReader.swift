// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// Reads tokens and numbers from one line of a reply, without making strings.
struct LineReader {
  private let line: UnsafeRawBufferPointer
  private var offset = 0

  init(_ line: UnsafeRawBufferPointer) { self.line = line }

  var isAtEnd: Bool { offset == line.count }

  /// The bytes up to the next space or the end; nil at the end. Skips the spaces before it: servers
  /// before 1.6.18 leave stray ones.
  mutating func token() -> UnsafeRawBufferPointer? {
    skipSpaces()
    if isAtEnd { return nil }
    let start = offset
    while offset < line.count, line[offset] != UInt8(ascii: " ") { offset += 1 }
    return UnsafeRawBufferPointer(rebasing: line[start..<offset])
  }

  /// The first byte of the next token, the name of a meta flag; nil at the end. Its value comes next.
  @inline(__always)
  mutating func flag() -> UInt8? {
    skipSpaces()
    if isAtEnd { return nil }
    defer { offset += 1 }
    return line[offset]
  }

  /// The unsigned decimal number from here up to the next space or the end; nil when that is anything else,
  /// or too large.
  @inline(__always)
  mutating func number() -> UInt64? {
    let start = offset
    var number: UInt64 = 0
    while offset < line.count, line[offset] != UInt8(ascii: " ") {
      let digit = UInt64(line[offset] &- 0x30)
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if digit > 9 || overflow || carry { return nil }
      number = sum
      offset += 1
    }
    return offset > start ? number : nil
  }

  mutating func skipSpaces() {
    while offset < line.count, line[offset] == UInt8(ascii: " ") { offset += 1 }
  }

  /// Passes over `byte` if it is next.
  mutating func skip(_ byte: UInt8) -> Bool {
    guard offset < line.count, line[offset] == byte else { return false }
    offset += 1
    return true
  }

  /// Passes over the rest of a token.
  mutating func skipToken() {
    while offset < line.count, line[offset] != UInt8(ascii: " ") { offset += 1 }
  }

  /// What is left, from the next byte that is no space.
  mutating func remainder() -> String {
    skipSpaces()
    defer { offset = line.count }
    return String(decoding: line[offset...], as: UTF8.self)
  }
}

extension UnsafeRawBufferPointer {
  /// An unsigned decimal number that is the whole buffer; nil when it is anything else or too large.
  var decimal: UInt64? {
    var reader = LineReader(self)
    guard let number = reader.number(), reader.isAtEnd else { return nil }
    return number
  }

  func equals(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && starts(with: text)
  }

  func starts(with text: StaticString) -> Bool {
    guard count >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount where self[index] != text.utf8Start[index] { return false }
    return true
  }

  /// The first line without its CRLF, and how many bytes it takes with it; nil when it is not complete.
  /// A bare LF does not end a line: the length of what follows could not be trusted.
  func firstLine() -> (line: UnsafeRawBufferPointer, length: Int)? {
    guard let start = baseAddress else { return nil }
    var from = 0
    while from < count, let found = memchr(start + from, Int32(UInt8(ascii: "\n")), count - from) {
      let lf = found - UnsafeMutableRawPointer(mutating: start)
      if lf > 0, self[lf - 1] == UInt8(ascii: "\r") {
        return (UnsafeRawBufferPointer(rebasing: self[..<(lf - 1)]), lf + 1)
      }
      from = lf + 1
    }
    return nil
  }
}

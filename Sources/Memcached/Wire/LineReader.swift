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
    while offset < line.count, line[offset] == UInt8(ascii: " ") { offset += 1 }
    if isAtEnd { return nil }
    let start = offset
    while offset < line.count, line[offset] != UInt8(ascii: " ") { offset += 1 }
    return UnsafeRawBufferPointer(rebasing: line[start..<offset])
  }

  /// What is left, from the next byte that is no space.
  mutating func remainder() -> String {
    while offset < line.count, line[offset] == UInt8(ascii: " ") { offset += 1 }
    defer { offset = line.count }
    return String(decoding: line[offset...], as: UTF8.self)
  }
}

extension UnsafeRawBufferPointer {
  /// An unsigned decimal number that is the whole buffer; nil when it is anything else or too large.
  var decimal: UInt64? {
    if isEmpty { return nil }
    var number: UInt64 = 0
    for byte in self {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
      if overflow || carry { return nil }
      number = sum
    }
    return number
  }

  /// As `decimal`, with an optional minus sign.
  var signedDecimal: Int64? {
    guard first == UInt8(ascii: "-") else { return decimal.flatMap { Int64(exactly: $0) } }
    return UnsafeRawBufferPointer(rebasing: self[1...]).decimal.flatMap { Int64(exactly: $0) }.map { -$0 }
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

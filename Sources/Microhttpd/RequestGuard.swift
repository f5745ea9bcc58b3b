// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc

/// Refuses requests that libmicrohttpd reads, but that another HTTP reader could read in another way.
///
/// The library's parser is lenient where that is dangerous behind a proxy (request smuggling) or for a key
/// (a NUL cuts the target). It does not tell what it overlooked, but all it hands out lies in the
/// connection's buffer, as it was sent, so the gaps between the pieces tell:
///
///     GET /keys/a?b=1 HTTP/1.1␍␊Host: x␍␊Accept: */*␍␊␍␊
///     │   └ url       └ version  │   │ └ value      │   │
///     └ method  1   1      8   2 └ name + ≥ 1       └ 4 ┘ header size, counted from the method
///
/// A folded line, a bare LF, a NUL, a line without a name: each of them makes a gap wrong. As this leans on
/// the library's layout, `Daemon.selfTest()` proves it at start.
struct RequestGuard {
  /// Why the request is refused, for people.
  private(set) var fault: StaticString?
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  /// There is an `Expect` that is not exactly `100-continue`, in whatever case (RFC 9110 §10.1.1). One with
  /// white space at its end is such, too, where the library keeps that: it would not ask for the body.
  private(set) var expectsOther = false
  private(set) var names = FieldNames()

  private let method: UnsafePointer<CChar>
  private let isHTTP11: Bool
  private let trimsValues: Bool
  /// One byte behind the last piece seen so far.
  private var end: UnsafePointer<CChar>
  private var hosts = 0

  /// Begins with the request line. All pointers are NUL-terminated, into one buffer, and must stay valid
  /// until `finish`. `target` is the raw target as it was logged, before the library cut off its query in
  /// place; `trimsValues` says whether it cuts white space off the end of values.
  init(
    method: UnsafePointer<CChar>, url: UnsafePointer<CChar>, target: [UInt8],
    version: UnsafePointer<CChar>, trimsValues: Bool
  ) {
    self.method = method
    self.trimsValues = trimsValues
    let versionLength = strlen(version)
    // "HTTP/1.1": the minor version is at 7; the library knows no major version but 1.
    isHTTP11 = versionLength == 8 && version[7] != CChar(UInt8(ascii: "0"))
    end = version + versionLength
    let methodLength = strlen(method)
    if methodLength == 0 || !RequestGuard.isToken(method, methodLength) {
      fault = "the method is no token"
    } else if url - method != methodLength + 1 {
      fault = "more than one space before the request target"
    } else if version - url - 1 != target.count {
      fault = "a NUL in the request target"
    } else if target.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
      fault = "white space or a control character in the request target"
    } else if versionLength != 8 {
      fault = "malformed HTTP version"
    }
  }

  /// Looks at the next header field, in the order in which they came.
  mutating func field(
    name: UnsafePointer<CChar>, _ nameLength: Int, value: UnsafePointer<CChar>, _ valueLength: Int
  ) {
    names.insert(name, nameLength)
    if fault != nil { return }
    if !endsLine(before: name) {
      fault = "a header line that is folded, has no name, or does not end with CRLF"
    } else if nameLength == 0 || !RequestGuard.isToken(name, nameLength) {
      fault = "a header name that is no token"
    } else if value - name <= nameLength {
      fault = "a header value that does not follow its name"
    } else if RequestGuard.hasControl(value, valueLength) {
      fault = "a control character in a header value"
    } else {
      end = value + valueLength
      note(name, nameLength, value, valueLength)
    }
  }

  /// Looks at the end. `headerSize` counts from the method's first byte to the empty line's last.
  mutating func finish(headerSize: Int) {
    if fault != nil { return }
    if !endsLine(before: method + (headerSize - 2)) {
      fault = "a line in the header that is not a field"
    } else if isChunked && contentLength != nil {
      fault = "both Content-Length and Transfer-Encoding"
    } else if isChunked && !isHTTP11 {
      fault = "Transfer-Encoding before HTTP/1.1"
    } else if hosts > 1 || (hosts == 0 && isHTTP11) {
      fault = "not exactly one Host"
    }
  }

  /// Whether a CRLF and nothing else is between the last piece and `next`, not counting white space at the
  /// end of a value where the library cuts that off.
  private func endsLine(before next: UnsafePointer<CChar>) -> Bool {
    let gap = next - end
    if gap == 2 { return true }
    guard trimsValues, gap > 2 else { return false }
    // Of " \t\r\n", say, the first byte has become a NUL.
    return (1..<(gap - 2)).allSatisfy { end[$0] == 0x20 || end[$0] == 0x09 }
  }

  private mutating func note(
    _ name: UnsafePointer<CChar>, _ nameLength: Int, _ value: UnsafePointer<CChar>, _ valueLength: Int
  ) {
    // The lengths tell the three names apart from nearly all others before a byte is compared.
    switch nameLength {
    case 4 where strcasecmp(name, "Host") == 0:
      hosts += 1
      if !HostField.isValid(value, valueLength) { fault = "a Host that is no host and port" }
    case 6 where strcasecmp(name, "Expect") == 0:
      if strcasecmp(value, "100-continue") != 0 { expectsOther = true }
    case 14 where strcasecmp(name, "Content-Length") == 0:
      if contentLength != nil { fault = "more than one Content-Length" }
      contentLength = RequestGuard.number(value, valueLength)
      if contentLength == nil { fault = "a Content-Length that is no number" }
    case 17 where strcasecmp(name, "Transfer-Encoding") == 0:
      if isChunked || strcasecmp(value, "chunked") != 0 { fault = "a Transfer-Encoding other than chunked" }
      isChunked = true
    default: break
    }
  }

  /// A decimal number; one above `Int.max` is as good as `Int.max`: too large.
  private static func number(_ text: UnsafePointer<CChar>, _ length: Int) -> Int? {
    if length == 0 { return nil }
    var number = 0
    for index in 0..<length {
      let digit = Int(text[index]) - 0x30
      guard 0...9 ~= digit else { return nil }
      let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tenfold.addingReportingOverflow(digit)
      number = overflow || carry ? .max : sum
    }
    return number
  }

  /// All but HTAB are refused: a bare CR is a line end to some readers, and none has a meaning (RFC 9110
  /// §5.5).
  private static func hasControl(_ text: UnsafePointer<CChar>, _ length: Int) -> Bool {
    // Without a branch in the loop, so that it is done for many bytes at a time.
    var found: UInt8 = 0
    for index in 0..<length {
      let byte = UInt8(bitPattern: text[index])
      found |= (byte < 0x20 ? 1 : 0) & (byte != 0x09 ? 1 : 0) | (byte == 0x7F ? 1 : 0)
    }
    return found != 0
  }

  /// RFC 9110 §5.6.2.
  static func isToken(_ text: UnsafePointer<CChar>, _ length: Int) -> Bool {
    let (low, high) = (tokenLow, tokenHigh)
    for index in 0..<length {
      let byte = UInt8(bitPattern: text[index])
      let word = byte < 64 ? low : byte < 128 ? high : 0
      if word >> (UInt64(byte) & 63) & 1 == 0 { return false }
    }
    return true
  }

  // One bit a character, so that a name is checked with a shift a byte.
  private static let tokenLow = mask("!#$%&'*+-.0123456789", from: 0)
  private static let tokenHigh = mask("ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~", from: 64)

  static func mask(_ characters: String, from first: UInt8) -> UInt64 {
    characters.utf8.reduce(0) { $0 | 1 << UInt64($1 - first) }
  }
}

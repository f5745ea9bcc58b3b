// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// The value of `Host`: a host and perhaps a port, or nothing (RFC 9112 §3.2, RFC 3986 §3.2.2).
///
/// Nothing here is chosen by it. But a proxy may choose by it, and one that reads `a b` or `a/b` as `a` would
/// not be in front of the same server as one that does not.
enum HostField {
  /// Whether it is one. White space at its end does not count: the library may have kept it.
  static func isValid(_ text: UnsafePointer<CChar>, _ length: Int) -> Bool {
    var length = length
    while length > 0, text[length - 1] == 0x20 || text[length - 1] == 0x09 { length -= 1 }
    let end = hostEnd(text, length)
    if end == length { return true }
    guard end >= 0, text[end] == colon else { return false }
    return ((end + 1)..<length).allSatisfy { 0x30...0x39 ~= text[$0] }
  }

  /// Where the host ends: at the port's colon, at the end, or at a byte that no host has; -1 = an open
  /// bracket.
  private static func hostEnd(_ text: UnsafePointer<CChar>, _ length: Int) -> Int {
    let (low, high) = (nameLow, nameHigh)
    let isLiteral = length > 0 && text[0] == openingBracket
    var index = isLiteral ? 1 : 0
    while index < length {
      let byte = UInt8(bitPattern: text[index])
      // An IPv6 address, and what RFC 3986 keeps room for, may have colons.
      let word = byte < 64 ? low : byte < 128 ? high : 0
      guard word >> (UInt64(byte) & 63) & 1 == 1 || (isLiteral && text[index] == colon) else { break }
      index += 1
    }
    guard isLiteral else { return index }
    return index < length && text[index] == closingBracket ? index + 1 : -1
  }

  private static let colon = CChar(UInt8(ascii: ":"))
  private static let openingBracket = CChar(UInt8(ascii: "["))
  private static let closingBracket = CChar(UInt8(ascii: "]"))

  // One bit a character: unreserved, sub-delims and the percent sign.
  private static let nameLow = RequestGuard.mask("!$%&'()*+,-.0123456789;=", from: 0)
  private static let nameHigh = RequestGuard.mask(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~", from: 64)
}

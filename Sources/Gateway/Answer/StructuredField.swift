// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Bare items of structured fields (RFC 9651 §3.3), as our own fields have them.
enum StructuredField {
  /// A token where the name is one, else a string.
  static func item(_ name: String) -> String {
    let isAlphabetic = name.utf8.first.map { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A } ?? false
    let isToken = name.utf8.allSatisfy { isTokenByte($0) || ":/".utf8.contains($0) }
    return (isAlphabetic || name.hasPrefix("*")) && isToken ? name : string(name)
  }

  /// A string is printable ASCII; other bytes are percent-encoded so as not to be lost.
  static func string(_ text: String) -> String {
    var string = "\""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): string += "\\" + String(UnicodeScalar(byte))
      case 0x20...0x7E: string += String(UnicodeScalar(byte))
      default: string += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return string + "\""
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc

/// The fields of a response, given to libmicrohttpd as one.
///
/// It keeps three allocations for each field, and a read of a key has seven: 18 of some 33 allocations a
/// request went into lists that are copied out and freed at once (counted with a malloc that counts). So all
/// fields go in as the value of the first, their line ends as placeholders, since it refuses CR and LF
/// there; these are then set in its own copy of the value, which it lends as a `const char *`.
///
///     Content-Type: text/plain␁␁ETag: "1.2"      ─►      Content-Type: text/plain\r\nETag: "1.2"
///
/// The layout self-test sends a response of several fields, and fails if they do not arrive as such.
enum FieldBlock {
  typealias Fields = [(name: StaticString, value: String)]

  // A control character that no field may have either, and that libmicrohttpd does not look for.
  private static let placeholder: UInt8 = 1

  /// Adds all fields. False when one of them has a value that HTTP cannot carry (empty, or with CR, LF,
  /// NUL or another control character), or when there is no memory.
  static func add(_ fields: Fields, to object: OpaquePointer) -> Bool {
    guard let first = fields.first else { return true }
    var length = 1
    for (name, value) in fields { length += name.utf8CodeUnitCount + value.utf8.count + 4 }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length) { text in
      guard write(fields, to: text), let start = text.baseAddress else { return false }
      let isAdded = start.withMemoryRebound(to: CChar.self, capacity: length) {
        MHD_add_response_header(object, cString(first.name), $0)
      }
      return isAdded == .YES && endLines(of: first.name, in: object)
    }
  }

  private static func write(_ fields: Fields, to text: UnsafeMutableBufferPointer<UInt8>) -> Bool {
    var end = 0
    for (index, field) in fields.enumerated() {
      if index > 0 {
        text[end] = placeholder
        text[end + 1] = placeholder
        end += 2
        text.baseAddress?.advanced(by: end).update(
          from: field.name.utf8Start, count: field.name.utf8CodeUnitCount)
        end += field.name.utf8CodeUnitCount
        text[end] = UInt8(ascii: ":")
        text[end + 1] = UInt8(ascii: " ")
        end += 2
      }
      guard let count = copy(field.value, to: text, at: end) else { return false }
      end += count
    }
    text[end] = 0
    return true
  }

  /// Copies a value; nil when it is empty or has a byte that no field value may have (RFC 9110 §5.5).
  private static func copy(_ value: String, to text: UnsafeMutableBufferPointer<UInt8>, at start: Int) -> Int?
  {
    var value = value
    return value.withUTF8 { bytes -> Int? in
      // Without a branch in the loop, so that it is done for many bytes at a time.
      var forbidden: UInt8 = 0
      for byte in bytes { forbidden |= (byte < 0x20 ? 1 : 0) | (byte == 0x7F ? 1 : 0) }
      guard let source = bytes.baseAddress, forbidden == 0 else { return nil }
      text.baseAddress?.advanced(by: start).update(from: source, count: bytes.count)
      return bytes.isEmpty ? nil : bytes.count
    }
  }

  // In the library's own copy: a block from malloc that it frees with the response, and that nobody else
  // reads before the response is queued.
  private static func endLines(of name: StaticString, in object: OpaquePointer) -> Bool {
    guard let value = MHD_get_response_header(object, cString(name)) else { return false }
    var next = UnsafeMutablePointer(mutating: value)
    while let end = strchr(next, Int32(placeholder)) {
      end[0] = CChar(bitPattern: UInt8(ascii: "\r"))
      end[1] = CChar(bitPattern: UInt8(ascii: "\n"))
      next = end + 2
    }
    return true
  }
}

/// A literal as C wants it: the compiler ends the bytes of a `StaticString` with a NUL.
func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

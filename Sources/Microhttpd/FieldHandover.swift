// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc

/// Gives a response's fields to libmicrohttpd as one field, whose value holds the others.
///
/// Its name is `Date`: the library then leaves out its own, which it would work out anew for each response.
/// The placeholders between the fields become line ends in its own copy of the value, which it lends as a
/// `const char *`; nobody else reads that before the response is queued.
///
///     Date ─► Sun, 06 Nov 1994 08:49:37 GMT␁␁ETag: "1.2"  ─►  Date: Sun, … GMT\r\nETag: "1.2"
///
/// The layout self-test sends a response of several fields, and fails if they do not arrive as such.
enum FieldHandover {
  private static let name: StaticString = "Date"

  /// False when a value is one that HTTP cannot carry, or when there is no memory.
  static func add(_ block: FieldBlock, date: HTTPDate, to object: OpaquePointer) -> Bool {
    guard block.isSound else { return false }
    let length = HTTPDate.length + block.count
    let isAdded = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length + 1) { text in
      guard let start = text.baseAddress else { return false }
      date.copy(to: start)
      block.withBytes { bytes in
        if let source = bytes.baseAddress {
          UnsafeMutableRawPointer(start + HTTPDate.length).copyMemory(from: source, byteCount: bytes.count)
        }
      }
      start[length] = 0
      return start.withMemoryRebound(to: CChar.self, capacity: length + 1) {
        MHD_add_response_header(object, cString(name), $0) == .YES
      }
    }
    return isAdded && endLines(in: object)
  }

  private static func endLines(in object: OpaquePointer) -> Bool {
    guard let value = MHD_get_response_header(object, cString(name)) else { return false }
    var next = UnsafeMutablePointer(mutating: value) + HTTPDate.length
    while let end = strchr(next, Int32(FieldBlock.placeholder)) {
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

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// The fields of a response, written one behind the other as they will be sent.
///
/// libmicrohttpd keeps three allocations for each field that it is given, and a `String` for each value is
/// one more, while a read of a key has seven fields: that was most of the allocations of a request (counted
/// with a malloc that counts). So the fields are one buffer from the start, with placeholders for the line
/// ends, which the library refuses in a value; `FieldHandover` gives them to it as a single field.
///
///     ␁␁Content-Type: text/plain␁␁ETag: "1.2"
public struct FieldBlock: Equatable, Sendable {
  /// Stands twice before each field. A control character that no value may have, and that libmicrohttpd
  /// does not look for.
  static let placeholder: UInt8 = 1

  private var text = ByteText()
  /// False when a value was given that HTTP cannot carry.
  private(set) var isSound = true

  public init() {}

  public init(_ fields: [(name: StaticString, value: String)]) {
    for (name, value) in fields { append(name, value) }
  }

  var count: Int { text.count }

  /// Makes room for that many bytes more, so that writing them does not move those before.
  public mutating func reserve(_ more: Int) { text.reserve(more) }

  /// All that has been written, with the placeholders.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { text.withBytes(body) }

  /// Appends a field. A value that HTTP cannot carry (empty, or with CR, LF, NUL or another control
  /// character; RFC 9110 §5.5) makes the whole block unsound: nothing of it is sent.
  public mutating func append(_ name: StaticString, _ value: String) {
    begin(name)
    if value.isEmpty { isSound = false }
    write(value)
  }

  /// Appends all fields of another block.
  public mutating func append(_ other: FieldBlock) {
    other.withBytes { text.append($0) }
    if !other.isSound { isSound = false }
  }

  /// Begins a field whose value is then written in pieces, at least one of them.
  public mutating func begin(_ name: StaticString) {
    text.append(from: "\u{1}\u{1}", name, to: ": ")
  }

  /// Writes a piece of a value that is known to be sound. The label keeps a literal from being a `String`.
  public mutating func write(literal piece: StaticString) { text.append(literal: piece) }

  public mutating func write(_ piece: String) {
    var piece = piece
    piece.withUTF8 { bytes in
      // Without a branch in the loop, so that it is done for many bytes at a time.
      var forbidden: UInt8 = 0
      for byte in bytes { forbidden |= (byte < 0x20 ? 1 : 0) | (byte == 0x7F ? 1 : 0) }
      if forbidden != 0 { isSound = false } else { text.append(UnsafeRawBufferPointer(bytes)) }
    }
  }

  public mutating func write(decimal number: UInt64) { text.append(decimal: number) }

  /// Writes 16 digits.
  public mutating func write(hexadecimal number: UInt64) { text.append(hexadecimal: number) }

  /// All of them, taken apart again: for those who look at a response, not for its way out.
  public var fields: [(name: String, value: String)] {
    text.bytes().split(separator: FieldBlock.placeholder).map { line in
      let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
      let value = line[colon...].dropFirst(2)
      return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
  }

  public static func == (left: FieldBlock, right: FieldBlock) -> Bool {
    left.isSound == right.isSound && left.text.bytes() == right.text.bytes()
  }
}

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

  /// Longer than what is in it: appending to an array piece by piece costs more than all else here.
  private var storage: [UInt8] = []
  private(set) var count = 0
  /// False when a value was given that HTTP cannot carry.
  private(set) var isSound = true

  public init() {}

  public init(_ fields: [(name: StaticString, value: String)]) {
    for (name, value) in fields { append(name, value) }
  }

  /// Makes room for that many bytes more, so that writing them does not move those before.
  public mutating func reserve(_ more: Int) {
    if storage.count - count >= more { return }
    storage += [UInt8](repeating: 0, count: max(more, storage.count))
  }

  /// Shows what has been written.
  public func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    storage.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[..<count])) }
  }

  /// Appends a field. A value that HTTP cannot carry (empty, or with CR, LF, NUL or another control
  /// character; RFC 9110 §5.5) makes the whole block unsound: nothing of it is sent.
  public mutating func append(_ name: StaticString, _ value: String) {
    begin(name)
    if value.isEmpty { isSound = false }
    write(value)
  }

  /// Appends all fields of another block.
  public mutating func append(_ other: FieldBlock) {
    other.withBytes { put($0) }
    if !other.isSound { isSound = false }
  }

  /// Begins a field whose value is then written in pieces, at least one of them.
  public mutating func begin(_ name: StaticString) {
    write(literal: "\u{1}\u{1}")
    write(literal: name)
    write(literal: ": ")
  }

  /// Writes a piece of a value that is known to be sound. The label keeps a literal from being a `String`.
  public mutating func write(literal text: StaticString) {
    put(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func write(_ text: String) {
    var text = text
    text.withUTF8 { piece in
      // Without a branch in the loop, so that it is done for many bytes at a time.
      var forbidden: UInt8 = 0
      for byte in piece { forbidden |= (byte < 0x20 ? 1 : 0) | (byte == 0x7F ? 1 : 0) }
      if forbidden != 0 { isSound = false } else { put(piece) }
    }
  }

  public mutating func write(decimal number: UInt64) {
    var length = 1
    var bound: UInt64 = 10
    // 10^19 is the largest power of ten that 64 bits hold.
    while length < 20, number >= bound {
      length += 1
      bound = length < 20 ? bound &* 10 : bound
    }
    place(length) { digits in
      var rest = number
      for position in stride(from: length - 1, through: 0, by: -1) {
        digits[position] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
        rest /= 10
      }
    }
  }

  /// Writes 16 digits.
  public mutating func write(hexadecimal number: UInt64) {
    place(16) { digits in
      var rest = number
      for position in stride(from: 15, through: 0, by: -1) {
        let digit = UInt8(truncatingIfNeeded: rest & 0xF)
        digits[position] = digit < 10 ? 0x30 + digit : 0x57 + digit
        rest >>= 4
      }
    }
  }

  private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    place(bytes.count) { $0.update(from: source, count: bytes.count) }
  }

  @inline(__always)
  private mutating func place(_ length: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    reserve(length)
    let start = count
    storage.withUnsafeMutableBufferPointer { bytes in
      // There is room, so there is an address.
      if let base = bytes.baseAddress { fill(base + start) }
    }
    count += length
  }

  /// All of them, taken apart again: for those who look at a response, not for its way out.
  public var fields: [(name: String, value: String)] {
    storage[..<count].split(separator: FieldBlock.placeholder).map { line in
      let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
      let value = line[colon...].dropFirst(2)
      return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
  }

  public static func == (left: FieldBlock, right: FieldBlock) -> Bool {
    left.isSound == right.isSound && left.storage[..<left.count] == right.storage[..<right.count]
  }
}

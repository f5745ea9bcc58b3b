// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Bytes that are written piece by piece: the fields of a response, or its body.
///
/// An array that is longer than what is in it: appending to an array for each of many short pieces costs more
/// than the pieces do.
public struct ByteText: Sendable {
  private var storage: [UInt8]
  public private(set) var count = 0

  /// - Parameter capacity: how much is expected; it grows when there is more.
  public init(capacity: Int = 0) { storage = [UInt8](repeating: 0, count: capacity) }

  /// Makes room for that many bytes more, so that writing them does not move those before.
  @inline(__always)
  public mutating func reserve(_ more: Int) {
    if storage.count - count < more { grow(by: more) }
  }

  @inline(never)
  private mutating func grow(by more: Int) {
    if storage.isEmpty { return storage = [UInt8](repeating: 0, count: max(more, 64)) }
    storage += [UInt8](repeating: 0, count: max(more, storage.count))
  }

  /// The label keeps a literal from being a `String`.
  public mutating func append(literal text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends three at once: a piece costs more than its bytes.
  public mutating func append(from opening: StaticString, _ text: StaticString, to closing: StaticString) {
    append(
      from: opening, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), to: closing
    )
  }

  public mutating func append(
    from opening: StaticString, _ bytes: UnsafeRawBufferPointer, to closing: StaticString
  ) {
    place(opening.utf8CodeUnitCount + bytes.count + closing.utf8CodeUnitCount) { start in
      let text = UnsafeMutableRawPointer(start)
      text.copyMemory(from: opening.utf8Start, byteCount: opening.utf8CodeUnitCount)
      let middle = text + opening.utf8CodeUnitCount
      if let source = bytes.baseAddress { middle.copyMemory(from: source, byteCount: bytes.count) }
      (middle + bytes.count).copyMemory(from: closing.utf8Start, byteCount: closing.utf8CodeUnitCount)
    }
  }

  public mutating func append(_ byte: UInt8) {
    place(1) { $0.pointee = byte }
  }

  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    place(bytes.count) { UnsafeMutableRawPointer($0).copyMemory(from: source, byteCount: bytes.count) }
  }

  public mutating func append(decimal number: UInt64) {
    if number < 10 { return append(UInt8(0x30 + number)) }
    var length = 2
    var bound: UInt64 = 100
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

  /// Appends 16 digits.
  public mutating func append(hexadecimal number: UInt64) {
    place(16) { digits in
      let all = ("0123456789abcdef" as StaticString).utf8Start
      for position in 0..<16 { digits[position] = all[Int(number >> UInt64(60 &- 4 &* position) & 0xF)] }
    }
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

  /// What has been written; valid within `body`.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  /// A copy of what has been written.
  public func bytes() -> [UInt8] { withBytes { [UInt8]($0) } }

  /// Takes out what has been written, without a copy.
  public mutating func take() -> [UInt8] {
    var bytes: [UInt8] = []
    // Swapped, not assigned: there would be two owners for a moment, and the change would copy.
    swap(&bytes, &storage)
    bytes.removeLast(bytes.count - count)
    count = 0
    return bytes
  }
}

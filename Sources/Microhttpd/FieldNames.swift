// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// The names of a request's fields, roughly: a bit for each length and first letter.
///
/// Handlers ask for many fields, and most are absent; this says so without a walk through the library's
/// list. Two names that share a bit cost that walk, and no more.
struct FieldNames {
  private var bits: UInt64 = 0
  private var repeated: UInt64 = 0

  mutating func insert(_ name: UnsafePointer<CChar>, _ length: Int) {
    if length == 0 { return }
    let bit = FieldNames.bit(first: UInt8(bitPattern: name[0]), length)
    repeated |= bits & bit
    bits |= bit
  }

  /// Whether there is for certain not more than one of that name.
  func isAtMostOnce(_ name: StaticString) -> Bool {
    repeated & FieldNames.bit(first: name.utf8Start[0], name.utf8CodeUnitCount) == 0
  }

  func mayContain(_ name: StaticString) -> Bool {
    bits & FieldNames.bit(first: name.utf8Start[0], name.utf8CodeUnitCount) != 0
  }

  private static func bit(first: UInt8, _ length: Int) -> UInt64 {
    // Names differ in case only by 0x20 of their letters.
    1 << ((UInt64(first | 0x20) &* 5 &+ UInt64(truncatingIfNeeded: length)) % 64)
  }
}

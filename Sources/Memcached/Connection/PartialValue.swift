// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// A hit whose large value comes in pieces, each of which is put where it is to be in the end: else all of it
/// would lie in the read buffer first, too long for the processor's cache, be moved when that grows, and be
/// copied once it is whole.
struct PartialValue {
  private(set) var item: Item
  let opaque: UInt64?
  private let length: Int

  init(_ item: Item, length: Int, opaque: UInt64?) {
    self.item = item
    self.length = length
    self.opaque = opaque
    self.item.value.reserveCapacity(length)
  }

  /// How many of these bytes belonged to the value; nil when it was whole before.
  mutating func take(from bytes: UnsafeRawBufferPointer) -> Int? {
    let count = min(length - item.value.count, bytes.count)
    if count == 0 { return nil }
    item.value.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    return count
  }
}

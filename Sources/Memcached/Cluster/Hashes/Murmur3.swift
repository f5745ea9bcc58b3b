// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// MurmurHash3_x86_32 by Austin Appleby, seed 0, fed byte by byte: a common beginning is hashed once, then
/// copied.
struct Murmur3: Sendable {
  private var hash: UInt32 = 0
  // The bytes since the last whole block of four, low-order byte first.
  private var block: UInt32 = 0
  private var length: UInt32 = 0

  mutating func update(_ byte: UInt8) {
    block |= UInt32(byte) << ((length & 3) * 8)
    length &+= 1
    if length & 3 != 0 { return }
    hash = rotated(hash ^ scrambled(block), by: 13) &* 5 &+ 0xE654_6B64
    block = 0
  }

  /// The hash of all bytes so far.
  var value: UInt32 {
    // A block of no bytes is 0, and scrambled still 0.
    var hash = hash ^ scrambled(block) ^ length
    hash = (hash ^ hash >> 16) &* 0x85EB_CA6B
    hash = (hash ^ hash >> 13) &* 0xC2B2_AE35
    return hash ^ hash >> 16
  }

  private func scrambled(_ block: UInt32) -> UInt32 {
    rotated(block &* 0xCC9E_2D51, by: 15) &* 0x1B87_3593
  }

  private func rotated(_ bits: UInt32, by count: UInt32) -> UInt32 { bits << count | bits >> (32 - count) }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// python-memcached: bits 16 to 30 of the key's CRC-32 modulo the number of buckets, of which a node has as
/// many as its weight, in the order of the nodes.
///
/// As in releases 1.60 to 1.62. Up to 1.59 a hash of 0 became 1: one key in 32,768 then has another node.
struct CRC32Modula: Ring {
  let nodeCount: Int
  private let bucketCount: Int
  // The node of each bucket; only as many as 15 bits can tell apart, so that 16 bits hold an index, too.
  private let owners: [UInt16]

  init(weights: [Int]) {
    nodeCount = weights.count
    bucketCount = weights.reduce(0, +)
    let buckets = weights.enumerated().lazy.flatMap { index, weight in
      repeatElement(UInt16(truncatingIfNeeded: index), count: weight)
    }
    owners = Array(buckets.prefix(1 << 15))
  }

  func node(for key: Key) -> Int {
    let hash = Int(crc32(key.bytes) >> 16 & 0x7FFF)
    return Int(owners[hash % bucketCount])
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Synchronization

/// Which items a store takes, and how it refuses the others.
struct MemoryLimits: Sendable {
  /// What one item may take by memcached's own count (`-I`), in bytes.
  let itemSizeMax: Int

  /// Above this, memcached keeps an item in chunks (`slab_chunk_max`) and does not count in it.
  private static let chunkBytes = 524_288

  /// What memcached 1.6.18 counts for an item: header 48, cas 8, the key and a NUL, flags unless they are
  /// 0, the value and its CR LF. Seen at `-I` 512k, 1m and 2m: one byte more is refused.
  static func itemBytes(_ key: Key, valueBytes: Int, flags: UInt32) -> Int {
    48 + 8 + key.bytes.count + 1 + (flags == 0 ? 0 : 4) + valueBytes + 2
  }

  func check(_ key: Key, valueBytes: Int, flags: UInt32) throws(MemcachedError) {
    let bytes = MemoryLimits.itemBytes(key, valueBytes: valueBytes, flags: flags)
    if bytes <= itemSizeMax { return }
    throw MemcachedError(
      .tooLarge(limit: itemSizeMax), "the item takes \(bytes) bytes, \(itemSizeMax) are allowed",
      serverLine: "SERVER_ERROR object too large for cache")
  }

  func isChunked(_ entry: Entry) -> Bool {
    let bytes = MemoryLimits.itemBytes(entry.key, valueBytes: entry.value.count, flags: entry.flags)
    return bytes > MemoryLimits.chunkBytes
  }

  func outOfMemory(needed: Int, capacity: Int) -> MemcachedError {
    MemcachedError(
      .outOfMemory, "the item needs \(needed) bytes, the store has \(capacity)",
      serverLine: "SERVER_ERROR out of memory storing object")
  }
}

/// Gives cas uniques, from 1, to all shards of a store.
final class CASSource: Sendable {
  /// Random, so that a token of a store that is gone never fits an item of the next one; never `anyBoot`.
  let boot = UInt64.random(in: 1 ... .max)
  private let last = Atomic<UInt64>(0)

  func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).newValue }

  func token(_ unique: UInt64) -> CASToken { CASToken(boot: boot, unique: unique) }
}

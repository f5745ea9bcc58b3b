// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What a store counts, under the names of `stats` (protocol.txt, "General-purpose statistics").
struct MemoryCounters: Sendable {
  var getHits = 0
  var getMisses = 0
  var sets = 0
  var flushes = 0
  var touchHits = 0
  var touchMisses = 0
  var deleteHits = 0
  var deleteMisses = 0
  var incrHits = 0
  var incrMisses = 0
  var decrHits = 0
  var decrMisses = 0
  var casHits = 0
  var casMisses = 0
  var casBadValue = 0
  /// Items stored since the start.
  var totalItems = 0
  /// Live items that were dropped to make room.
  var evictions = 0

  // How full the store is, filled in when the counters are read.
  var items = 0
  var bytes = 0

  /// The counters in memcached's order.
  var statistics: [Statistic] {
    lines.map { Statistic(name: $0.0, value: String($0.1)) }
  }

  private var lines: KeyValuePairs<String, Int> {
    [
      "cmd_get": getHits + getMisses, "cmd_set": sets, "cmd_flush": flushes,
      "cmd_touch": touchHits + touchMisses, "get_hits": getHits, "get_misses": getMisses,
      "delete_misses": deleteMisses, "delete_hits": deleteHits, "incr_misses": incrMisses,
      "incr_hits": incrHits, "decr_misses": decrMisses, "decr_hits": decrHits, "cas_misses": casMisses,
      "cas_hits": casHits, "cas_badval": casBadValue, "touch_hits": touchHits,
      "touch_misses": touchMisses, "bytes": bytes, "curr_items": items, "total_items": totalItems,
      "evictions": evictions,
    ]
  }

  static func += (sum: inout MemoryCounters, more: MemoryCounters) {
    for field in fields { sum[keyPath: field] += more[keyPath: field] }
  }

  // Computed, because key paths are not Sendable in a stored global.
  private static var fields: [WritableKeyPath<MemoryCounters, Int>] {
    [
      \.getHits, \.getMisses, \.sets, \.flushes, \.touchHits, \.touchMisses, \.deleteHits, \.deleteMisses,
      \.incrHits, \.incrMisses, \.decrHits, \.decrMisses, \.casHits, \.casMisses, \.casBadValue,
      \.totalItems, \.evictions, \.items, \.bytes,
    ]
  }
}

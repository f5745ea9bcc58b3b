// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor
import Synchronization

/// An in-process cache with memcached's semantics, as release 1.6.18 shows them. Shared by all workers.
///
/// Bounded by bytes: what was used longest ago is dropped first. An item costs its key, its value and
/// `overheadBytesPerItem`. It differs from a memcached server in three ways, all towards the promise
/// rather than the letter: time is exact, where memcached counts whole seconds (an item of 1 s may die
/// there after a few milliseconds, and a delayed flush comes up to a second early); an item that is too
/// large leaves the one that was there; an append that makes it too large says so, where memcached
/// answers `NOT_STORED`.
///
/// A key belongs to one of a few shards, each behind a lock of its own that is held for well under a
/// microsecond. Only an immediate flush holds one longer: the time to free what is there.
public final class MemoryStore: Sendable {
  /// Counted for each item beside its key and its value, in bytes: what it costs in this process.
  public static let overheadBytesPerItem = EntryTable.overheadBytes
  /// The release of memcached whose semantics these are; the answer to `version`.
  public static let version = "1.6.18"

  /// The bound, in bytes (`limit_maxbytes`).
  public let capacity: Int
  /// The largest item by memcached's count (`item_size_max`): key + value + 59 bytes, 63 with flags.
  public let itemSizeMax: Int
  /// In the tokens that this store gives (`CASToken.boot`): random, and so another after each start.
  public var boot: UInt64 { tokens.boot }

  private final class Shard: Sendable {
    let state: Mutex<MemoryShard>
    init(_ shard: sending MemoryShard) { state = Mutex(shard) }
  }

  private let shards: [Shard]
  private let tokens = CASSource()
  private let flushes = Atomic<Int>(0)
  private let now: @Sendable () -> Instant
  private let started: Instant

  /// Makes an empty store.
  ///
  /// - Parameters:
  ///   - bytes: the bound; at least 1.
  ///   - itemSizeMax: the largest item in bytes, memcached's `-I`.
  ///   - now: the clock by which items expire.
  public init(
    capacity bytes: Int, itemSizeMax: Int = 1 << 20, now: @escaping @Sendable () -> Instant = Instant.current
  ) {
    precondition(bytes > 0 && itemSizeMax > 0, "a store has room for something")
    capacity = bytes
    self.itemSizeMax = itemSizeMax
    self.now = now
    started = now()
    let count = MemoryStore.shardCount(capacity: bytes, itemSizeMax: itemSizeMax)
    let limits = MemoryLimits(itemSizeMax: itemSizeMax)
    shards = (0..<count).map { [tokens] _ in
      Shard(MemoryShard(capacity: bytes / count, limits: limits, tokens: tokens))
    }
  }

  // Shards do not lend each other room, so each must hold several of the largest items; a small store
  // is one shard and its order of eviction exact.
  private static func shardCount(capacity: Int, itemSizeMax: Int) -> Int {
    var count = 1
    while count < 16, capacity / (count * 2) >= itemSizeMax.multipliedReportingOverflow(by: 16).partialValue,
      itemSizeMax < 1 << 40
    {
      count *= 2
    }
    return count
  }

  /// Does a command, from any thread. A noreply command is answered like any other.
  ///
  /// Fails with `.tooLarge` and `.outOfMemory` (an item larger than its shard), having changed nothing,
  /// and with `.rejected` for statistics that it does not have and for a missing key.
  public func perform(_ command: Command) -> Result<Reply, MemcachedError> {
    switch command.operation {
    case .flushAll(let delaySeconds):
      flush(after: .seconds(Int64(delaySeconds)))
      return .success(.flushed)
    case .stats(let argument): return statistics(argument)
    case .version: return .success(.version(MemoryStore.version))
    case .get, .look, .store, .delete, .increment, .decrement, .touch:
      guard let key = command.key else {
        return .failure(MemcachedError(.rejected, "this command needs a key", serverLine: "ERROR"))
      }
      return shard(of: key).state.withLock { shard in
        Result { () throws(MemcachedError) in try shard.perform(command.operation, on: key, now: now()) }
      }
    }
  }

  // FNV-1a over the bytes. Not the hash that finds the key within the shard: of keys that agree in
  // some of its bits, that shard's index would make poor use.
  private func shard(of key: Key) -> Shard {
    if shards.count == 1 { return shards[0] }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in key.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return shards[Int(hash >> 32) & (shards.count - 1)]
  }

  private func flush(after delay: Duration) {
    flushes.wrappingAdd(1, ordering: .relaxed)
    // One instant for all shards: an item is flushed or not wherever its key puts it.
    let instant = now()
    for shard in shards { shard.state.withLock { $0.flush(after: delay, now: instant) } }
  }

  // MARK: Statistics

  private func statistics(_ argument: String) -> Result<Reply, MemcachedError> {
    switch argument {
    case "": .success(.stats(generalStatistics()))
    case "settings": .success(.stats(settingStatistics()))
    // What memcached answers to an argument that it does not know.
    default: .failure(MemcachedError(.rejected, "no statistics \"\(argument)\"", serverLine: "ERROR"))
    }
  }

  private func generalStatistics() -> [Statistic] {
    var counters = MemoryCounters()
    let instant = now()
    for shard in shards { counters += shard.state.withLock { $0.snapshot(now: instant) } }
    counters.flushes = flushes.load(ordering: .relaxed)
    return [
      Statistic(name: "pid", value: String(getpid())),
      Statistic(name: "uptime", value: String((instant - started).components.seconds)),
      Statistic(name: "time", value: String(time(nil))),
      Statistic(name: "version", value: MemoryStore.version),
      Statistic(name: "pointer_size", value: String(MemoryLayout<Int>.size * 8)),
      Statistic(name: "limit_maxbytes", value: String(capacity)),
    ] + counters.statistics
  }

  private func settingStatistics() -> [Statistic] {
    [
      Statistic(name: "maxbytes", value: String(capacity)),
      Statistic(name: "evictions", value: "on"),
      Statistic(name: "cas_enabled", value: "yes"),
      Statistic(name: "item_size_max", value: String(itemSizeMax)),
    ]
  }
}

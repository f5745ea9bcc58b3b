// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// What docs/embedding.md shows, from the next line on; EmbeddingTests compares the two, and runs it.
import Memcached

/// The sessions of a web shop that moves from one cache to another.
struct SessionCache {
  private let cache: AsyncFallbackClient

  /// - Parameter tiers: the new cluster first.
  init(tiers: [(name: String, nodes: [NodeAddress], distribution: Distribution)]) throws {
    cache = try AsyncFallbackClient(clusters: tiers, policy: .strict)
  }

  /// The session, from whichever tier has it; one that only an older tier had is copied to the new one.
  func session(_ id: String) async throws -> String? {
    guard let item = try await cache.get(Key("session:" + id)) else { return nil }
    return String(decoding: item.value, as: UTF8.self)
  }

  /// Stored in the new cluster; the copies in older ones are deleted.
  func store(_ session: String, id: String) async throws {
    try await cache.set(Key("session:" + id), Array(session.utf8), exptime: Exptime(seconds: 1_800))
  }

  /// Changes a session, unless somebody else does so at the same time: then it is done once more.
  func update(_ id: String, _ change: (String) -> String) async throws -> Bool {
    let key = try Key("session:" + id)
    while let item = try await cache.promote(key), let token = item.cas {
      let value = Array(change(String(decoding: item.value, as: UTF8.self)).utf8)
      let reply = try await cache.cas(key, value, token: token, exptime: Exptime(seconds: 1_800))
      if case .stored = reply { return true }
    }
    return false
  }

  /// Nil when the cache cannot be asked. A miss and a failure are two things: who treats a cache that is
  /// down as empty sends all its load to what is behind it.
  func visits(of id: String) async -> UInt64? {
    do {
      let key = try Key("visits:" + id)
      if case .counter(let value, _) = try await cache.incr(key) { return value }
      // Not there: who adds it first has counted; the others count after that.
      if case .stored = try await cache.add(key, Array("1".utf8)) { return 1 }
      if case .counter(let value, _) = try await cache.incr(key) { return value }
      return nil
    } catch {
      return nil
    }
  }

  /// Ends the connections and the thread.
  func close() { cache.close() }
}

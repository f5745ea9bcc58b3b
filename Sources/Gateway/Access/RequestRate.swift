// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Microhttpd
import Reactor
import Synchronization

/// How many requests each client may make: a bucket each, that fills at a rate and holds a burst.
///
/// One for all workers, with locks. A worker's own would be without: but the kernel puts each connection to one
/// worker, so a client of one connection would have a worker's part of what it may, and one of many all of it.
/// The clients are divided over many locks, and where no rate is limited there is none of this.
///
/// A bucket is kept as the instant at which it is full again. One that is full is as good as none, so there are
/// not more of them than clients that have asked lately, and never more than `capacity`.
final class RequestRate: Sendable {
  enum Client: Hashable, Sendable {
    case token(String)
    /// Nil = by a unix socket: all these clients are one.
    case address(AddressLimit.Address?)
  }

  struct Limits: Hashable, Sendable {
    var perSecond: Int
    var burst: Int
    var by: RateLimitBy
  }

  static let shardCount = 64
  static let clientsPerShard = 1024
  /// Most clients that are remembered at one time; some 100 bytes each.
  static let capacity = shardCount * clientsPerShard

  let limits: Limits
  private let shards = (0..<shardCount).map { _ in Shard() }
  /// What one request takes, as the time in which it is refilled, and what the bucket holds.
  private let cost, depth: Int64

  private final class Shard: Sendable {
    /// When each client's bucket is full again, in nanoseconds of the monotonic clock.
    let fullAt = Mutex<[Client: Int64]>([:])
  }

  init(_ limits: Limits) {
    self.limits = limits
    cost = (1_000_000_000 + Int64(limits.perSecond) - 1) / Int64(limits.perSecond)
    depth = cost * Int64(limits.burst)
  }

  /// Takes one request out of the client's bucket; or the time after which there is one in it.
  func take(_ client: Client, now: Instant) -> Duration? {
    shards[Int(UInt(bitPattern: client.hashValue) % UInt(RequestRate.shardCount))].fullAt.withLock { fullAt in
      let now = now.nanoseconds
      let known = fullAt[client]
      let next = max(known ?? 0, now) + cost
      if next - now > depth { return .nanoseconds(next - now - depth) }
      if known == nil, fullAt.count >= RequestRate.clientsPerShard { RequestRate.makeRoom(in: &fullAt, now) }
      fullAt[client] = next
      return nil
    }
  }

  /// Forgets those whose bucket is full; if there is none, those who are nearest to it, as they lose the least.
  private static func makeRoom(in fullAt: inout [Client: Int64], _ now: Int64) {
    let latest = max(now, fullAt.values.min() ?? now)
    fullAt = fullAt.filter { $0.value > latest }
  }

  /// How many clients are remembered.
  var clientCount: Int { shards.reduce(0) { $0 + $1.fullAt.withLock { $0.count } } }
}

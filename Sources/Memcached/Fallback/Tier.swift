// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// One tier: a cluster with its place in the fallback order. The first is the primary.
public final class Tier {
  public let name: String
  public let cluster: Cluster
  public let counter: TierCounter
  /// Whether reads look here. Where they do not, writes still delete the copies, so that it can be read again.
  public let isRead: Bool
  /// What the ledger of owed copies knows it by, in all clients that share one, wherever it stands in them.
  let id: Int?

  /// - Parameters:
  ///   - counter: goes on with what a tier of that name has counted before.
  ///   - id: for tiers that may change places; nil = its place.
  public init(
    name: String, cluster: Cluster, counter: TierCounter = TierCounter(), isRead: Bool = true, id: Int? = nil
  ) {
    self.isRead = isRead
    self.id = id
    self.name = name
    self.cluster = cluster
    self.counter = counter
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// One tier: a cluster with its place in the fallback order. The first is the primary.
public final class Tier {
  public let name: String
  public let cluster: Cluster
  public let counter: TierCounter

  /// - Parameter counter: goes on with what a tier of that name has counted before.
  public init(name: String, cluster: Cluster, counter: TierCounter = TierCounter()) {
    self.name = name
    self.cluster = cluster
    self.counter = counter
  }
}

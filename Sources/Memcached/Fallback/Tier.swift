// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// One tier: a cluster with its place in the fallback order. The first is the primary.
public final class Tier {
  public let name: String
  public let cluster: Cluster

  public init(name: String, cluster: Cluster) {
    self.name = name
    self.cluster = cluster
  }
}

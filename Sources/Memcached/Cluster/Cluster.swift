// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// The nodes of a tier.
public final class Cluster {
  /// In the order in which they were configured, which is the order that a ring counts in.
  public let nodes: [any Node]
  // Nil where nobody brought one. It is not asked for a single node, which has every key.
  private let ring: (any Ring)?

  /// A cluster of exactly one node.
  public init(nodes: [any Node]) {
    precondition(nodes.count == 1, "a cluster without a ring has one node, this one has \(nodes.count)")
    self.nodes = nodes
    ring = nil
  }

  /// A cluster of one or many nodes. `ring` was built from the same nodes in the same order.
  public init(nodes: [any Node], ring: any Ring) {
    precondition(
      nodes.count == ring.nodeCount,
      "the ring was built for \(ring.nodeCount) nodes, the cluster has \(nodes.count)")
    self.nodes = nodes
    self.ring = ring
  }

  /// Hop 6: to the node that has the command's key.
  func submit(_ command: Command, deadline: Instant, completion: @escaping Completion) {
    guard let key = command.key else { preconditionFailure("a command of a tier has a key") }
    node(for: key).submit(command, deadline: deadline, completion: completion)
  }

  /// The node that has the key.
  func node(for key: Key) -> any Node {
    guard nodes.count > 1, let ring else { return nodes[0] }
    return nodes[ring.node(for: key)]
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// What one tier said of a key that was only looked at.
public struct TierLook: Sendable {
  /// Index into `FallbackClient.tiers`.
  public var tier: Int
  /// The name of the node that has the key, by the tier's ring.
  public var node: String
  /// What the node speaks; nil while it has never been reached.
  public var wireProtocol: NodeStatus.WireProtocol?
  /// Whether reads of the key look in this tier: not while a copy there is still to be deleted.
  public var isServed: Bool
  /// `.seen` or `.miss`.
  public var result: Result<Reply, MemcachedError>
}

/// What a server tells of an item without giving it out.
public struct Sighting: Hashable, Sendable {
  public var item: Item
  /// Whether it was ever read since it was stored; nil where the server does not tell.
  public var isFetched: Bool?
  /// Seconds since it was last stored, touched or read; nil where the server does not tell.
  public var secondsSinceAccess: UInt64?

  public init(item: Item, isFetched: Bool? = nil, secondsSinceAccess: UInt64? = nil) {
    self.item = item
    self.isFetched = isFetched
    self.secondsSinceAccess = secondsSinceAccess
  }
}

extension FallbackClient {
  /// Looks at a key in every tier at once, whatever reads would do, and changes nothing: neither does anything
  /// follow from it, nor does a server take it for a read. But one of the classic protocol does (see
  /// `Command.Operation.look`).
  public func look(
    at key: Key, _ options: RequestOptions = .init(), completion: @escaping ([TierLook]) -> Void
  ) {
    let deadline = deadline(options)
    join(tiers.count, completion) { [self] tier, done in
      let node = tiers[tier].cluster.node(for: key)
      let isServed = tier == 0 || mayRead(key, from: tier)
      node.submit(Command(key, .look), deadline: deadline) { result in
        done(
          TierLook(
            tier: tier, node: node.name, wireProtocol: node.status.wireProtocol, isServed: isServed,
            result: result))
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// What one tier says of a key.
public struct Whereabouts: Sendable {
  /// Index into `FallbackClient.tiers`.
  public let tier: Int
  /// The name of the node that has the key's place in the ring.
  public let node: String
  /// `.hit` or `.miss`.
  public let result: Result<Reply, MemcachedError>
  /// Whether the look counted as an access of the item, as it does in the classic protocol.
  public let isAccess: Bool
  /// False while a copy that a write made stale is still to be deleted there, or more of them than can be
  /// remembered: the key is not read from this tier then, whatever is found.
  public let isServed: Bool
}

extension FallbackClient {
  /// Looks for a key in every tier at once, whatever the policy: each answer stands for its own tier, in the
  /// order of `tiers`. Nothing is changed or copied, and no item counts as accessed where its server can be
  /// told so (meta flag `u`).
  public func look(
    for key: Key, _ options: RequestOptions = .init(), completion: @escaping ([Whereabouts]) -> Void
  ) {
    let deadline = deadline(options)
    join(tiers.count, completion) { index, done in
      let node = tiers[index].cluster.node(for: key)
      node.submit(Command(key, .get(isPeek: true)), deadline: deadline) { [coordination] result in
        done(
          Whereabouts(
            tier: index, node: node.name, result: result, isAccess: node.status.wireProtocol == .classic,
            isServed: index == 0 || coordination.invalidations.mayServe(key, from: index)))
      }
    }
  }
}

extension Item {
  /// The MD5 of the value (RFC 1321) in hexadecimal, as `md5sum` prints it: to see whether two tiers have the
  /// same value. It proves nothing against somebody who makes values collide.
  public var digest: String {
    let digest = MD5(value)
    return (0..<4).map { index in
      // RFC 1321 §3.5: words in the order a, b, c, d, each with its low-order byte first.
      let text = String(digest.word(index).byteSwapped, radix: 16)
      return String(repeating: "0", count: 8 - text.count) + text
    }.joined()
  }
}

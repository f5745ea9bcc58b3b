// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Hop 6: which node of a cluster has a key.
///
/// A ring holds no connection and never changes: workers share one. It answers the same for ever, also
/// while a node is down. Handing the keys of a node that is down to others, as some clients do, leaves
/// stale values behind when it returns; here its keys fail, and the next tier is asked.
///
/// `Distribution` makes the rings of well-known clients. A program may bring one of its own.
public protocol Ring: Sendable {
  /// How many nodes it was built for, at least 1.
  var nodeCount: Int { get }

  /// The index of the key's node in the configured order, in `0..<nodeCount`. Called for each request:
  /// allocates nothing.
  func node(for key: Key) -> Int
}

/// A node as the ring sees it, which is as the *other clients* of the cluster are configured.
///
/// All clients of a cluster must agree to the letter: `localhost` and `127.0.0.1` are different nodes
/// to a ketama ring. Where Crossfade reaches a node by another address than they do, this is theirs.
public struct RingNode: Hashable, Sendable {
  public static let weights = 1...65_535

  public var address: NodeAddress
  /// Its share of the keys, in `RingNode.weights`.
  public var weight: Int
  /// What the clients hash in place of the address: the name at the end of a server's line in
  /// twemproxy's configuration. Nil: made of the address by `Distribution.label(of:)`.
  public var label: String?

  public init(_ address: NodeAddress, weight: Int = 1, label: String? = nil) {
    self.address = address
    self.weight = weight
    self.label = label
  }
}

/// Why nodes cannot be joined by a ring. All are mistakes in a configuration.
public enum RingError: Error, Hashable, Sendable, CustomStringConvertible {
  case noNodes
  /// Two nodes with one address or one label: the ring could not tell them apart.
  case duplicate(String)
  case emptyLabel(node: String)
  case weightOutOfRange(node: String, weight: Int)
  /// The clients of this distribution have no weights, or ignore them.
  case weightUnsupported(Distribution, node: String)
  /// An in-process cache is a tier of its own.
  case memoryNode(String)

  public var description: String {
    switch self {
    case .noNodes: "a cluster has at least one node"
    case .duplicate(let name): "\(name) is there twice"
    case .emptyLabel(let node): "\(node): a label has at least one character"
    case .weightOutOfRange(let node, let weight):
      "\(node): a weight is \(RingNode.weights.lowerBound) to \(RingNode.weights.upperBound), not \(weight)"
    case .weightUnsupported(let distribution, let node):
      "\(node): \(distribution.rawValue) has no weights; leave them out, as its clients ignore them"
    case .memoryNode(let node): "\(node) cannot be one of several nodes"
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// How keys are spread over the nodes of a cluster; each case does what one well-known client does.
///
/// A distribution that is not the one of the cluster's other clients is the commonest silent fault of a
/// migration: most keys look like misses. `docs/distributions.md` tells which fits which client.
public enum Distribution: String, Hashable, Sendable, CaseIterable {
  /// libmemcached's `MEMCACHED_BEHAVIOR_KETAMA` and `MEMCACHED_DISTRIBUTION_CONSISTENT`: one-at-a-time
  /// hash, 100 points a node; with weights MD5 points in proportion to them.
  case ketama
  /// The same with `MEMCACHED_HASH_MD5`.
  case ketamaMD5 = "ketama-md5"
  /// libmemcached's `MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED`, always by weight, MD5 for points and keys.
  case ketamaWeighted = "ketama-weighted"
  /// twemproxy's ketama with the hash it uses unless told otherwise, `fnv1a_64`.
  case ketamaTwemproxy = "ketama-twemproxy"
  /// The same with `hash: md5`. But for two points at one place, and Unix sockets, it is `ketamaWeighted`.
  case ketamaTwemproxyMD5 = "ketama-twemproxy-md5"
  /// libmemcached's default: one-at-a-time hash modulo the number of nodes.
  case modula
  /// python-memcached: 15 bits of a CRC-32 modulo the sum of weights.
  case crc32Modula = "crc32-modula"
  /// pymemcache's `HashClient` with keys of type `str`: highest random weight by MurmurHash3.
  case rendezvous

  /// For several nodes when none is named.
  public static let `default` = Distribution.ketama

  /// Whether its clients give a node with a higher weight more keys.
  public var hasWeights: Bool {
    switch self {
    case .modula, .rendezvous: false
    case .ketama, .ketamaMD5, .ketamaWeighted, .ketamaTwemproxy, .ketamaTwemproxyMD5, .crc32Modula: true
    }
  }

  /// What a client of this distribution calls the node where it hashes it. `modula` and `crc32-modula`
  /// go by the order of the nodes and hash no label.
  public func label(of node: RingNode) -> String {
    if let label = node.label { return label }
    return switch self {
    case .ketama, .ketamaMD5, .ketamaWeighted: node.ketamaLabel(unixPort: "0")
    case .ketamaTwemproxy, .ketamaTwemproxyMD5: node.ketamaLabel(unixPort: "")
    case .rendezvous: node.pymemcacheLabel
    case .modula, .crc32Modula: "\(node.address)"
    }
  }

  /// Joins the nodes, given in the order in which the clients have them.
  public func ring(of nodes: [RingNode]) throws(RingError) -> any Ring {
    try check(nodes)
    let labels = nodes.map(label(of:))
    let weights = nodes.map(\.weight)
    return switch self {
    case .ketama: Ketama(labels, weights, hash: .oneAtATime)
    case .ketamaMD5: Ketama(labels, weights, hash: .md5)
    case .ketamaWeighted: Ketama(weighted: labels, weights)
    case .ketamaTwemproxy: Ketama(twemproxy: labels, weights, hash: .fnv1a)
    case .ketamaTwemproxyMD5: Ketama(twemproxy: labels, weights, hash: .md5)
    case .modula: Modula(nodeCount: nodes.count)
    case .crc32Modula: CRC32Modula(weights: weights)
    case .rendezvous: Rendezvous(labels)
    }
  }

  private func check(_ nodes: [RingNode]) throws(RingError) {
    if nodes.isEmpty { throw .noNodes }
    var addresses: Set<NodeAddress> = []
    var labels: Set<String> = []
    for node in nodes {
      let name = "\(node.address)"
      if case .memory = node.address { throw .memoryNode(name) }
      if node.label?.isEmpty == true { throw .emptyLabel(node: name) }
      if !RingNode.weights.contains(node.weight) { throw .weightOutOfRange(node: name, weight: node.weight) }
      if node.weight != 1, !hasWeights { throw .weightUnsupported(self, node: name) }
      if !addresses.insert(node.address).inserted { throw .duplicate(name) }
      let label = label(of: node)
      if !labels.insert(label).inserted { throw .duplicate(label) }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// The consistent hashing of libmemcached and, by another key hash, of twemproxy.
///
/// Two ways to put a node's points on the continuum, both hashing the text `label-number`:
///
///     plain      100 points, each the hash that keys are hashed with
///     weighted   about 160 points times the node's share, four out of each MD5
///
/// libmemcached goes over to weighted points as soon as one node weighs more than 1, and leaves the
/// hash of keys as it is (1.0.16 to 1.1.4). Its `KETAMA_WEIGHTED` has them always, with MD5 for keys.
struct Ketama: Ring {
  let nodeCount: Int
  private let continuum: Continuum
  private let hash: ContinuumHash
  // By rank on the continuum, the index in the configured order.
  private let order: [Int]

  /// As libmemcached with `KETAMA` and the hash of keys `hash`.
  init(_ labels: [String], _ weights: [Int], hash: ContinuumHash) {
    let points =
      weights.contains { $0 > 1 } ? Self.weightedPoints(labels, weights) : Self.plainPoints(labels, hash)
    self.init(points, order: Array(labels.indices), hash)
  }

  /// As libmemcached with `KETAMA_WEIGHTED`.
  init(weighted labels: [String], _ weights: [Int]) {
    self.init(Self.weightedPoints(labels, weights), order: Array(labels.indices), .md5)
  }

  /// `order` has the index of the node of each rank.
  init(_ points: [(place: UInt32, rank: Int)], order: [Int], _ hash: ContinuumHash) {
    nodeCount = order.count
    continuum = Continuum(points)
    self.order = order
    self.hash = hash
  }

  func node(for key: Key) -> Int { order[continuum.rank(at: hash(key.bytes))] }

  // MARK: Points

  private static func plainPoints(_ labels: [String], _ hash: ContinuumHash) -> [(place: UInt32, rank: Int)] {
    labels.enumerated().flatMap { rank, label in
      (0..<100).map { (hash(Array("\(label)-\($0)".utf8)), rank) }
    }
  }

  static func weightedPoints(_ labels: [String], _ weights: [Int]) -> [(place: UInt32, rank: Int)] {
    let total = weights.reduce(0, +)
    return labels.indices.flatMap { rank in
      (0..<digests(weight: weights[rank], total: total, nodeCount: labels.count)).flatMap { number in
        let digest = MD5(Array("\(labels[rank])-\(number)".utf8))
        return (0..<4).map { (digest.word($0), rank) }
      }
    }
  }

  // How many MD5 digests a node gets. In single precision and in this order of operations, since what
  // rounding makes of 40 × share × nodes decides on the last four points: 39.999998 gives 39.
  private static func digests(weight: Int, total: Int, nodeCount: Int) -> Int {
    let share = Float(weight) / Float(total)
    return Int((share * 160 / 4 * Float(nodeCount) + 0.000_000_000_1).rounded(.down))
  }
}

extension RingNode {
  /// The address as ketama's clients hash it: without the port where that is memcached's own, an IPv6
  /// address without brackets; a Unix socket with what the client takes for its port.
  func ketamaLabel(unixPort: String) -> String {
    switch address {
    case .tcp(let host, NodeAddress.defaultPort): host
    case .tcp(let host, let port): "\(host):\(port)"
    case .unix(let path): "\(path):\(unixPort)"
    case .memory: "\(address)"
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// A circle of 2³² places with a number of points a node on it. A key belongs to the node of the first
/// point at or after its hash, and past the last point to the node of the first.
struct Continuum: Sendable {
  // The place in the upper half, the node's rank in the lower one: the order of such numbers is the order
  // of places, and among nodes at the same place the one that the clients prefer comes first.
  private let points: [UInt64]

  /// `points` has at least one element, in any order.
  init(_ points: [(place: UInt32, rank: Int)]) {
    precondition(!points.isEmpty, "a continuum has at least one point")
    self.points = points.map { UInt64($0.place) << 32 | UInt64($0.rank) }.sorted()
  }

  func rank(at hash: UInt32) -> Int {
    let wanted = UInt64(hash) << 32
    var low = 0
    var high = points.count
    while low < high {
      let middle = (low + high) / 2
      if points[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return Int(truncatingIfNeeded: points[low == points.count ? 0 : low] & 0xFFFF_FFFF)
  }
}

/// The hash that is put on a continuum.
enum ContinuumHash: Sendable {
  case oneAtATime, md5, fnv1a

  func callAsFunction(_ bytes: [UInt8]) -> UInt32 {
    switch self {
    case .oneAtATime: jenkinsOneAtATime(bytes)
    case .md5: MD5(bytes).word(0)
    case .fnv1a: fnv1a64Low(bytes)
    }
  }
}

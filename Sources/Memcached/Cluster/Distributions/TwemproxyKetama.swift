// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

extension Ketama {
  /// As twemproxy (nutcracker) with `distribution: ketama` and the `hash` of its configuration.
  ///
  /// It sorts the servers by name before it numbers them, which decides between two points at one place;
  /// shorter names come first. (Its sort of points promises no order for equal ones; where the C library's
  /// `qsort` is a merge sort, as in glibc up to 2.36, it keeps this one.)
  init(twemproxy labels: [String], _ weights: [Int], hash: ContinuumHash) {
    let order = labels.indices.sorted { left, right in
      let (left, right) = (labels[left].utf8, labels[right].utf8)
      return left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
    }
    let points = Self.weightedPoints(order.map { labels[$0] }, order.map { weights[$0] })
    self.init(points, order: order, hash)
  }
}

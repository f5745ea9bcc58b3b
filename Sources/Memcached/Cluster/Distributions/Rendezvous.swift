// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// pymemcache's `HashClient`: the node with the highest MurmurHash3 of `label-key` has the key.
///
/// pymemcache hashes text, not bytes: of each character of a `str` key it takes the code point's lowest
/// byte. (A `bytes` key it would hash as Python prints it, `b'…'`: see docs/distributions.md.)
struct Rendezvous: Ring {
  private struct Candidate {
    /// The hash so far, of `label-`.
    let prefix: Murmur3
    let index: Int
  }

  // By label, so that a later one wins a tie as the greater label does in pymemcache.
  private let candidates: [Candidate]
  var nodeCount: Int { candidates.count }

  init(_ labels: [String]) {
    let order = labels.indices.sorted { labels[$0].utf8.lexicographicallyPrecedes(labels[$1].utf8) }
    candidates = order.map { index in
      var hash = Murmur3()
      for scalar in labels[index].unicodeScalars { hash.update(UInt8(truncatingIfNeeded: scalar.value)) }
      hash.update(UInt8(ascii: "-"))
      return Candidate(prefix: hash, index: index)
    }
  }

  func node(for key: Key) -> Int {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Key.maximumLength) { text in
      if let count = lowestBytes(of: key, into: text) {
        return winner(UnsafeBufferPointer(rebasing: text[..<count]))
      }
      // No text, so no `str` key of any client: any node will do, as long as it is always the same.
      return key.bytes.withUnsafeBufferPointer { winner($0) }
    }
  }

  private func winner(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    var winner = (score: UInt32(0), index: 0)
    for candidate in candidates {
      var hash = candidate.prefix
      for byte in text { hash.update(byte) }
      let score = hash.value
      if score >= winner.score { winner = (score, candidate.index) }
    }
    return winner.index
  }

  // Nil if the key is not UTF-8. There are never more characters than bytes.
  private func lowestBytes(of key: Key, into text: UnsafeMutableBufferPointer<UInt8>) -> Int? {
    var decoder = UTF8()
    var bytes = key.bytes.makeIterator()
    var count = 0
    while true {
      switch decoder.decode(&bytes) {
      case .scalarValue(let scalar):
        text.initializeElement(at: count, to: UInt8(truncatingIfNeeded: scalar.value))
        count += 1
      case .emptyInput: return count
      case .error: return nil
      }
    }
  }
}

extension RingNode {
  /// The address as pymemcache's `HashClient` hashes it: always with the port, an IPv6 address without
  /// brackets, a Unix socket as its path.
  var pymemcacheLabel: String {
    switch address {
    case .tcp(let host, let port): "\(host):\(port)"
    case .unix(let path): path
    case .memory: "\(address)"
    }
  }
}

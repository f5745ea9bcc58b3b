// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import DequeModule
import Reactor
import Synchronization

/// Copies in older tiers that a write made stale and that could not be deleted: each is tried again
/// until it is gone, and until then its key is not served from that tier.
///
/// Shared by the workers, since all of them must stop serving the key; the one that failed to delete
/// the copy is the one that tries again. When more copies are owed than fit, the whole tier is no
/// longer served: a miss too many is better than a value that was replaced.
public final class InvalidationLedger: Sendable {
  public struct TierState: Hashable, Sendable {
    /// Copies that are still to be deleted.
    public var owed = 0
    /// Copies that could not be remembered; while it is not 0 nothing is read from the tier.
    public var overflowed = 0

    public init(owed: Int = 0, overflowed: Int = 0) {
      self.owed = owed
      self.overflowed = overflowed
    }
  }

  private struct State {
    /// By tier, then key: how many workers owe the deletion.
    var owed: [Int: [Key: Int]] = [:]
    var overflowed: [Int: Int] = [:]
  }

  private let state = Mutex(State())
  private let count = Atomic<Int>(0)
  private let capacity: Atomic<Int>

  /// - Parameter capacity: most copies that are remembered for one tier.
  public init(capacity: Int = 100_000) {
    precondition(capacity > 0, "a ledger remembers at least one copy")
    self.capacity = Atomic(capacity)
  }

  /// From now on; what is remembered already stays so.
  public func change(capacity: Int) { self.capacity.store(capacity, ordering: .relaxed) }

  /// What is owed to each tier, by its id.
  public var tiers: [Int: TierState] {
    state.withLock { state in
      var tiers = state.owed.mapValues { TierState(owed: $0.count) }
      for (tier, overflowed) in state.overflowed { tiers[tier, default: TierState()].overflowed = overflowed }
      return tiers
    }
  }

  /// Whether `key` may be served from the tier. Costs one atomic load while nothing is owed.
  func mayServe(_ key: Key, from tier: Int) -> Bool {
    if count.load(ordering: .sequentiallyConsistent) == 0 { return true }
    return state.withLock { $0.overflowed[tier] == nil && $0.owed[tier]?[key] == nil }
  }

  /// Remembers that a copy is to be deleted. False when there is no room: then the tier is not served.
  func owe(_ key: Key, to tier: Int) -> Bool {
    count.add(1, ordering: .sequentiallyConsistent)
    return state.withLock { state in
      guard state.owed[tier, default: [:]].count < capacity.load(ordering: .relaxed) else {
        state.overflowed[tier, default: 0] += 1
        return false
      }
      state.owed[tier, default: [:]][key, default: 0] += 1
      return true
    }
  }

  /// The copy is gone.
  func settle(_ key: Key, of tier: Int) {
    state.withLock { state in
      guard let workers = state.owed[tier]?[key] else { return }
      state.owed[tier]?[key] = workers == 1 ? nil : workers - 1
      if state.owed[tier]?.isEmpty == true { state.owed[tier] = nil }
    }
    count.subtract(1, ordering: .sequentiallyConsistent)
  }

  /// The tier was emptied: nothing in it is stale any more, and what overflowed is forgotten.
  func flushed(_ tier: Int) {
    let overflowed = state.withLock { $0.overflowed.removeValue(forKey: tier) } ?? 0
    count.subtract(overflowed, ordering: .sequentiallyConsistent)
  }
}

/// One worker's part of it: the copies that it owes, tried again in turn while their tier answers.
final class InvalidationQueue {
  private struct Owed: Hashable {
    let key: Key
    let tier: Int
  }

  /// Deletes a key in the tier of that id; tells whether the copy is gone.
  typealias Deletion = (Key, Int, @escaping (Bool) -> Void) -> Void

  private let ledger: InvalidationLedger
  private let loop: EventLoop
  var delete: Deletion = { _, _, isGone in isGone(false) }
  private var waiting: Deque<Owed> = []
  /// What waits or is being tried: a key written again and again is owed once.
  private var known: Set<Owed> = []
  /// What is being tried, and whether it has been owed once more since: then its success may have come
  /// before the write that it is owed for.
  private var trying: [Owed: Bool] = [:]
  private var timer: EventLoop.Timer?
  private static let interval: Duration = .milliseconds(200)
  /// Tried in one go: bounds what a tier that comes back gets at once.
  private static let batch = 1_000

  init(ledger: InvalidationLedger, loop: EventLoop) {
    self.ledger = ledger
    self.loop = loop
  }

  func append(_ key: Key, tier: Int) {
    let owed = Owed(key: key, tier: tier)
    if trying[owed] != nil { trying[owed] = true }
    guard !known.contains(owed), ledger.owe(key, to: tier) else { return }
    known.insert(owed)
    waiting.append(owed)
    schedule()
  }

  func close() { timer?.cancel() }

  private func schedule() {
    if timer != nil || waiting.isEmpty { return }
    timer = loop.schedule(after: InvalidationQueue.interval) { [weak self] in self?.tryAgain() }
  }

  private func tryAgain() {
    timer = nil
    let batch = Array(waiting.prefix(InvalidationQueue.batch))
    waiting.removeFirst(batch.count)
    for owed in batch {
      trying[owed] = false
      delete(owed.key, owed.tier) { [self] isGone in
        let isOwedAgain = trying.removeValue(forKey: owed) ?? false
        if isGone, !isOwedAgain {
          known.remove(owed)
          ledger.settle(owed.key, of: owed.tier)
        } else {
          waiting.append(owed)
        }
        schedule()
      }
    }
  }

  // Of the tiers and not of the client, which has the queue: a weak reference to it would make each retain of it
  // a slow one.
  static func deletion(
    _ tiers: [Tier], _ ids: [Int], _ timeout: Duration, _ loop: EventLoop
  ) -> Deletion {
    { key, id, isGone in
      // A tier that was taken away is read by nobody.
      guard let tier = ids.firstIndex(of: id) else { return isGone(true) }
      let node = tiers[tier].cluster.node(for: key)
      node.submit(Command(key, .delete(ifUnchanged: nil)), deadline: loop.now + timeout) { result in
        if case .success = result { isGone(true) } else { isGone(false) }
        // Until then the node has to be there, though another client may have taken the place of its own.
        withExtendedLifetime(node) {}
      }
    }
  }
}

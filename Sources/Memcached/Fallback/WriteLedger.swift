// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor
import Synchronization

/// What the workers of one process must know of each other's writes, so that a copy from an older tier
/// can never undo one. The only thing that clients of several loops share.
///
/// Two facts: *when was this key last written* (a table of times, by hash, without locks), and *is a
/// backfill of this key on its way* (a small set behind a lock, entered only when its count is not 0).
/// A writer notes its time, then looks for a backfill; a backfill enters the set, then looks for a
/// time. In whatever order the two interleave, one of them sees the other: the writer waits, or the
/// backfill is given up.
///
/// A promotion (a write that brings its item from an older tier) cannot be given up, and is a write
/// itself. It is in the set, too, so that writers wait for it; and as a delete that is on its way could
/// still be undone by it, it waits for those: the third fact that is kept here.
public final class WriteLedger: Sendable {
  private typealias Waiter = (loop: Mailbox, resume: @Sendable () -> Void)

  private struct State {
    /// On their way, with the writers that wait for their end.
    var backfills: [Key: [Waiter]] = [:]
    /// On their way, with the promotions that wait for the end of the last.
    var deletes: [Key: (count: Int, waiters: [Waiter])] = [:]
  }

  // Two keys of one slot can only suppress each other's backfills, never miss a write.
  private static let slotCount = 1 << 20

  private let suppression: Duration
  private let backfillCount = Atomic<Int>(0)
  private let state = Mutex(State())
  // Allocated once and freed in deinit; a pointer because an Array cannot hold atomics. Sendable for
  // the same reason: each element is one.
  private nonisolated(unsafe) let times: UnsafeMutablePointer<Atomic<Int64>>

  /// - Parameter suppression: how long after a write of a key no backfill of it begins.
  public init(suppression: Duration = .seconds(5)) {
    self.suppression = suppression
    // Zeroed by the kernel page by page as slots are first used: 8 MiB that an idle process does not
    // take. An atomic Int64 is 8 bytes without header, for which all zeros is the number 0 = never.
    guard let memory = calloc(WriteLedger.slotCount, MemoryLayout<Atomic<Int64>>.stride) else {
      fatalError("out of memory")
    }
    times = memory.bindMemory(to: Atomic<Int64>.self, capacity: WriteLedger.slotCount)
  }

  deinit { free(times) }

  private func slot(_ key: Key) -> Int { key.hashValue & (WriteLedger.slotCount - 1) }

  // MARK: Writers

  /// Notes a write of `key` that is about to begin, and calls `proceed` when no backfill of it is on
  /// its way any more: at once, or on `loop` in a later turn. For a delete, `endDelete` must follow.
  func beginWrite(_ key: Key, isDelete: Bool = false, on loop: EventLoop, _ proceed: @escaping () -> Void) {
    times[slot(key)].store(loop.now.nanoseconds, ordering: .sequentiallyConsistent)
    if !isDelete, backfillCount.load(ordering: .sequentiallyConsistent) == 0 { return proceed() }
    // Another promotion may have begun by then: a delete looks again.
    let next = isDelete ? { [self] in beginWrite(key, isDelete: true, on: loop, proceed) } : proceed
    let bound = LoopBound(next, on: loop)
    let mustWait = state.withLock { state in
      if state.backfills[key] != nil {
        state.backfills[key]?.append((loop.mailbox, { bound.use()() }))
        return true
      }
      if isDelete { state.deletes[key, default: (0, [])].count += 1 }
      return false
    }
    if !mustWait { proceed() }
  }

  /// A delete has ended, whatever became of it.
  func endDelete(_ key: Key) {
    let waiters: [Waiter] = state.withLock { state in
      state.deletes[key]?.count -= 1
      guard let deletes = state.deletes[key], deletes.count == 0 else { return [] }
      state.deletes[key] = nil
      return deletes.waiters
    }
    for waiter in waiters { waiter.loop.post(waiter.resume) }
  }

  /// Asks to bring `key` from an older tier. When granted, `endBackfill` must follow. If not, `retry` is
  /// called in a later turn of `loop`: by then the primary may have the item.
  func beginPromotion(_ key: Key, on loop: EventLoop, retry: @escaping () -> Void) -> Bool {
    let bound = LoopBound(retry, on: loop)
    let isGranted = state.withLock { state in
      let waiter: Waiter = (loop.mailbox, { bound.use()() })
      if state.backfills[key] != nil {
        state.backfills[key]?.append(waiter)
      } else if state.deletes[key] != nil {
        state.deletes[key]?.waiters.append(waiter)
      } else {
        state.backfills[key] = []
        return true
      }
      return false
    }
    if isGranted { backfillCount.add(1, ordering: .sequentiallyConsistent) }
    return isGranted
  }

  // MARK: Backfills

  enum Permission: Hashable, Sendable {
    case granted
    /// The key was written a moment ago.
    case suppressed
    /// Another one of the same key is on its way.
    case collapsed
  }

  /// Asks to backfill `key`. When granted, `endBackfill` must follow.
  func beginBackfill(_ key: Key, now: Instant) -> Permission {
    let isFirst = state.withLock { state in
      if state.backfills[key] != nil { return false }
      state.backfills[key] = []
      return true
    }
    guard isFirst else { return .collapsed }
    backfillCount.add(1, ordering: .sequentiallyConsistent)
    let written = times[slot(key)].load(ordering: .sequentiallyConsistent)
    if written == 0 || Instant(nanoseconds: written) + suppression <= now { return .granted }
    endBackfill(key)
    return .suppressed
  }

  /// The backfill's outcome is known; writers that waited for it go on.
  func endBackfill(_ key: Key) {
    let waiters = state.withLock { $0.backfills.removeValue(forKey: key) } ?? []
    backfillCount.subtract(1, ordering: .sequentiallyConsistent)
    for waiter in waiters { waiter.loop.post(waiter.resume) }
  }
}

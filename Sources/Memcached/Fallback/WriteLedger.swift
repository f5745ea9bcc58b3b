// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor
import Synchronization

/// What the workers of one process must know of each other's writes, so that a copy from an older tier
/// can never undo one.
///
/// Two facts: *when was this key last written* (a table of times, by hash, without locks), and *is a
/// backfill of this key on its way* (a small set behind a lock, entered only when its count is not 0).
/// A writer notes its time, then looks for a backfill; a backfill enters the set, then looks for a
/// time. In whatever order the two interleave, one of them sees the other: the writer waits, or the
/// backfill is given up. A flush of the primary is a write of every key: one more time, and it waits for
/// all backfills.
///
/// A promotion (it brings an item from an older tier for a verb that needs it) cannot be given up. It is
/// in the set, too, so that writers wait for it; and as a delete or a flush that is on its way could still
/// be undone by it, it waits for those: the third fact that is kept here.
///
/// Who waits does so until his deadline: a backfill may be on its way for as long as the primary hangs.
public final class WriteLedger: Sendable {
  private struct Waiter: Sendable {
    let id: ObjectIdentifier
    let loop: Mailbox
    let resume: @Sendable () -> Void

    init(_ wait: Timely<Bool>, _ loop: EventLoop) {
      let bound = LoopBound(wait, on: loop)
      id = ObjectIdentifier(wait)
      self.loop = loop.mailbox
      resume = { bound.use().end(with: true) }
    }
  }

  /// Writes of one kind on their way, with the promotions that wait for the end of the last.
  private struct Underway {
    var count = 0
    var waiters: [Waiter] = []

    /// One has ended; those who may go on now.
    mutating func end() -> [Waiter] {
      count -= 1
      defer { if count == 0 { waiters = [] } }
      return count == 0 ? waiters : []
    }
  }

  private struct State {
    /// Backfills and promotions on their way, with the writers that wait for their end.
    var backfills: [Key: [Waiter]] = [:]
    var deletes: [Key: Underway] = [:]
    var flushes = Underway()

    /// Forgets one who has given up waiting for `key`.
    mutating func forget(_ id: ObjectIdentifier, _ key: Key) {
      backfills[key]?.removeAll { $0.id == id }
      deletes[key]?.waiters.removeAll { $0.id == id }
      flushes.waiters.removeAll { $0.id == id }
    }
  }

  // Two keys of one slot can only suppress each other's backfills, never miss a write.
  private static let slotCount = 1 << 20

  /// In nanoseconds.
  private let suppression: Atomic<Int64>
  private let backfillCount = Atomic<Int>(0)
  private let flushedAt = Atomic<Int64>(0)
  private let state = Mutex(State())
  // Allocated once and freed in deinit; a pointer because an Array cannot hold atomics. Sendable for
  // the same reason: each element is one.
  private nonisolated(unsafe) let times: UnsafeMutablePointer<Atomic<Int64>>

  /// - Parameter suppression: how long after a write of a key no backfill of it begins. At least twice as
  ///   long as an operation may take: the write's steps, and then an answer that was read before them.
  public init(suppression: Duration = .seconds(5)) {
    self.suppression = Atomic(WriteLedger.nanoseconds(suppression))
    // Zeroed by the kernel page by page as slots are first used: 8 MiB that an idle process does not
    // take. An atomic Int64 is 8 bytes without header, for which all zeros is the number 0 = never.
    guard let memory = calloc(WriteLedger.slotCount, MemoryLayout<Atomic<Int64>>.stride) else {
      fatalError("out of memory")
    }
    times = memory.bindMemory(to: Atomic<Int64>.self, capacity: WriteLedger.slotCount)
  }

  deinit { free(times) }

  /// From now on.
  public func change(suppression: Duration) {
    self.suppression.store(WriteLedger.nanoseconds(suppression), ordering: .relaxed)
  }

  private static func nanoseconds(_ duration: Duration) -> Int64 {
    (Instant(nanoseconds: 0) + duration).nanoseconds
  }

  private func slot(_ key: Key) -> Int { key.hashValue & (WriteLedger.slotCount - 1) }

  // MARK: Waiting

  // Started after the lock was let go: what resumes it comes by mailbox, and so not before this turn ends.
  private func start(_ wait: Timely<Bool>, _ key: Key, by deadline: Instant, on loop: EventLoop) {
    let id = ObjectIdentifier(wait)
    wait.start(by: deadline, on: loop) { [self] in
      state.withLock { $0.forget(id, key) }
      return false
    }
  }

  private func resume(_ waiters: [Waiter]) { for waiter in waiters { waiter.loop.post(waiter.resume) } }

  private func note(_ key: Key, _ now: Instant) {
    times[slot(key)].store(now.nanoseconds, ordering: .sequentiallyConsistent)
  }

  // MARK: Writers

  /// Notes a write of `key`, no delete, that is about to begin. False when a backfill may be on its way: then it
  /// begins by `beginWrite`.
  func beginsAtOnce(_ key: Key, now: Instant) -> Bool {
    note(key, now)
    return backfillCount.load(ordering: .sequentiallyConsistent) == 0
  }

  /// Notes a write of `key` that is about to begin, and calls `proceed` when no backfill of it is on
  /// its way any more: at once, or on `loop` in a later turn, with false if the deadline passed before.
  /// For a delete that may proceed, `endDelete` must follow.
  func beginWrite(
    _ key: Key, isDelete: Bool = false, by deadline: Instant, on loop: EventLoop,
    _ proceed: @escaping (_ isInTime: Bool) -> Void
  ) {
    note(key, loop.now)
    let wait = Timely<Bool> { [self] isInTime in
      // Another promotion may have begun by then: a delete looks again.
      if isInTime, isDelete { return beginWrite(key, isDelete: true, by: deadline, on: loop, proceed) }
      // A long wait is no part of the time in which a write's steps are done.
      if isInTime { note(key, loop.now) }
      proceed(isInTime)
    }
    let waiter = Waiter(wait, loop)
    let mustWait = state.withLock { state in
      if state.backfills[key] != nil {
        state.backfills[key]?.append(waiter)
        return true
      }
      if isDelete { state.deletes[key, default: Underway()].count += 1 }
      return false
    }
    if mustWait { start(wait, key, by: deadline, on: loop) } else { proceed(true) }
  }

  /// A delete has ended, whatever became of it.
  func endDelete(_ key: Key) {
    let waiters = state.withLock { state in
      let waiters = state.deletes[key]?.end() ?? []
      if state.deletes[key]?.count == 0 { state.deletes[key] = nil }
      return waiters
    }
    resume(waiters)
  }

  /// Asks to bring `key` from an older tier. When granted, `endBackfill` must follow. If not, `retry` is
  /// called in a later turn of `loop`: by then the primary may have the item. With false if the deadline
  /// passed before.
  func beginPromotion(
    _ key: Key, by deadline: Instant, on loop: EventLoop, retry: @escaping (_ isInTime: Bool) -> Void
  ) -> Bool {
    let wait = Timely(retry)
    let waiter = Waiter(wait, loop)
    let isGranted = state.withLock { state in
      if state.backfills[key] != nil {
        state.backfills[key]?.append(waiter)
      } else if state.deletes[key] != nil {
        state.deletes[key]?.waiters.append(waiter)
      } else if state.flushes.count > 0 {
        state.flushes.waiters.append(waiter)
      } else {
        state.backfills[key] = []
        return true
      }
      return false
    }
    if isGranted {
      backfillCount.add(1, ordering: .sequentiallyConsistent)
    } else {
      start(wait, key, by: deadline, on: loop)
    }
    return isGranted
  }

  // MARK: Flushes of the primary

  /// Notes a flush at or before `instant`, which may be to come.
  func noteFlush(_ instant: Instant) {
    flushedAt.max(instant.nanoseconds, ordering: .sequentiallyConsistent)
  }

  /// Notes a flush that is about to begin, and calls `proceed` when nothing is on its way to the primary any
  /// more; with false if the deadline passed before. `endFlush` must follow in either case.
  func beginFlush(by deadline: Instant, on loop: EventLoop, _ proceed: @escaping (_ isInTime: Bool) -> Void) {
    noteFlush(loop.now)
    state.withLock { $0.flushes.count += 1 }
    awaitBackfills(by: deadline, on: loop, proceed)
  }

  // One after the other: no new ones are granted meanwhile.
  private func awaitBackfills(by deadline: Instant, on loop: EventLoop, _ proceed: @escaping (Bool) -> Void) {
    let wait = Timely<Bool> { [self] isInTime in
      if isInTime { awaitBackfills(by: deadline, on: loop, proceed) } else { proceed(false) }
    }
    let waiter = Waiter(wait, loop)
    let awaited = state.withLock { state in
      let key = state.backfills.keys.first
      if let key { state.backfills[key]?.append(waiter) }
      return key
    }
    if let awaited { start(wait, awaited, by: deadline, on: loop) } else { proceed(true) }
  }

  /// A flush has ended, whatever became of it.
  func endFlush(now: Instant) {
    noteFlush(now)
    resume(state.withLock { $0.flushes.end() })
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
    let written = max(
      times[slot(key)].load(ordering: .sequentiallyConsistent),
      flushedAt.load(ordering: .sequentiallyConsistent))
    if written == 0 || written + suppression.load(ordering: .relaxed) <= now.nanoseconds { return .granted }
    endBackfill(key)
    return .suppressed
  }

  /// The backfill's outcome is settled; writers that waited for it go on.
  func endBackfill(_ key: Key) {
    let waiters = state.withLock { $0.backfills.removeValue(forKey: key) } ?? []
    backfillCount.subtract(1, ordering: .sequentiallyConsistent)
    resume(waiters)
  }
}

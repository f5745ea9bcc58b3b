// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Timers in order of their instants: a binary heap that knows nothing of clocks or threads.
///
/// Cancelling marks; the entry is dropped when it comes to the top, or when the marked ones outnumber
/// the live ones, so that a timer armed and cancelled for each request cannot grow the heap.
struct TimerQueue {
  private struct Entry {
    let due: Instant
    /// Of the insertion: parts timers that are due at the same instant.
    let order: UInt64
    let timer: EventLoop.Timer

    func isBefore(_ other: Entry) -> Bool { due != other.due ? due < other.due : order < other.order }
  }

  private var heap: [Entry] = []
  private(set) var cancelledCount = 0
  /// The order of the timer inserted last.
  private(set) var lastOrder: UInt64 = 0

  var count: Int { heap.count - cancelledCount }

  func forEach(_ body: (EventLoop.Timer) -> Void) {
    for entry in heap { body(entry.timer) }
  }

  /// When the next live timer is due.
  mutating func nextDue() -> Instant? {
    dropCancelledTop()
    return heap.first?.due
  }

  mutating func insert(_ timer: EventLoop.Timer, due: Instant) {
    lastOrder += 1
    heap.append(Entry(due: due, order: lastOrder, timer: timer))
    siftUp(heap.count - 1)
  }

  /// Takes the next timer due at or before `now`, unless it was inserted after `lastOrder` was `order`.
  ///
  /// A younger timer at the top hides older ones behind it until the next turn, which comes at once.
  mutating func popDue(now: Instant, upTo order: UInt64 = .max) -> EventLoop.Timer? {
    dropCancelledTop()
    guard let top = heap.first, top.due <= now, top.order <= order else { return nil }
    removeTop()
    return top.timer
  }

  /// Tells the queue that a timer that it holds was cancelled.
  mutating func noteCancelled() {
    cancelledCount += 1
    guard cancelledCount > 64, cancelledCount * 2 > heap.count else { return }
    heap.removeAll { $0.timer.isCancelled }
    cancelledCount = 0
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
  }

  private mutating func dropCancelledTop() {
    while let top = heap.first, top.timer.isCancelled {
      removeTop()
      cancelledCount -= 1
    }
  }

  private mutating func removeTop() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    if !heap.isEmpty { siftDown(0) }
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent].isBefore(heap[child]) { return }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].isBefore(heap[smallest]) {
        smallest = child
      }
      if smallest == parent { return }
      heap.swapAt(parent, smallest)
      parent = smallest
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Memcached

@Suite struct SlotQueueTests {
  @Test("slots come out in the order in which they went in, however many wait")
  func slotsComeOutInTheOrderInWhichTheyWentIn() {
    var queue = SlotQueue()
    var (next, oldest): (UInt64, UInt64) = (0, 0)
    // Grows and shrinks, so that the ring is grown while its slots lie across its end.
    for (added, taken) in [(50, 40), (60, 10), (200, 150), (1_000, 900), (0, 210)] {
      for _ in 0..<added {
        queue.append(slot(next))
        next += 1
      }
      #expect(queue.map(\.opaque) == Array(oldest..<next))
      for _ in 0..<taken {
        #expect(queue.popFirst()?.opaque == oldest)
        oldest += 1
      }
      #expect(queue.count == Int(next - oldest))
    }
    #expect(queue.isEmpty)
  }

  @Test("a slot that is put back is the oldest again")
  func aSlotThatIsPutBackIsTheOldestAgain() {
    var queue = SlotQueue()
    for number in 0..<64 as Range<UInt64> { queue.append(slot(number)) }
    let first = queue.popFirst()
    queue.append(slot(64))
    if let first { queue.prepend(first) }
    #expect(queue.map(\.opaque) == Array(0...64))
  }

  @Test("a slot is changed in its place")
  func aSlotIsChangedInItsPlace() {
    var queue = SlotQueue()
    for number in 0..<3 as Range<UInt64> { queue.append(slot(number)) }
    queue[1].isLate = true
    #expect(queue.map(\.isLate) == [false, true, false])
  }

  @Test("the queue does not keep what was taken out of it")
  func theQueueDoesNotKeepWhatWasTakenOutOfIt() {
    final class Witness {}
    var queue = SlotQueue()
    var witness: Witness? = Witness()
    weak var observed = witness
    queue.append(slot(1, completion: { [witness] _ in withExtendedLifetime(witness) {} }))
    witness = nil
    #expect(observed != nil)
    _ = queue.popFirst()
    #expect(observed == nil)
    #expect(queue.isEmpty)
  }

  private func slot(_ opaque: UInt64, completion: Completion? = nil) -> Slot {
    Slot(
      opaque: opaque, shape: .get, hasKey: true, isWrite: false, deadline: .distantFuture,
      lateAt: .distantFuture, streamOffset: 0, completion: completion)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Reactor

@Suite struct TimerQueueTests {
  private var queue = TimerQueue()

  private func timer(_ action: @escaping () -> Void = {}) -> EventLoop.Timer {
    EventLoop.Timer(loop: nil, action: action)
  }

  private static func at(_ nanoseconds: Int64) -> Instant { Instant(nanoseconds: nanoseconds) }

  @Test("timers come out in the order of their instants, whatever order they went in")
  mutating func timersComeOutInTheOrderOfTheirInstantsWhateverOrderTheyWentI() {
    var random = SeededGenerator(seed: 1)
    var fired: [Int64] = []
    let instants = (0..<500).map { _ in Int64.random(in: 0..<100, using: &random) }
    for instant in instants { queue.insert(timer { fired.append(instant) }, due: Self.at(instant)) }
    while let timer = queue.popDue(now: Self.at(100)) { timer.fire() }
    #expect(fired == instants.sorted())
  }

  @Test("timers due at one instant come out in the order of insertion")
  mutating func timersDueAtOneInstantComeOutInTheOrderOfInsertion() {
    var fired: [Int] = []
    for number in 0..<100 { queue.insert(timer { fired.append(number) }, due: Self.at(7)) }
    while let timer = queue.popDue(now: Self.at(7)) { timer.fire() }
    #expect(fired == Array(0..<100))
  }

  @Test("a timer is not due before its instant, and is due at it")
  mutating func aTimerIsNotDueBeforeItsInstantAndIsDueAtIt() {
    queue.insert(timer(), due: Self.at(10))
    #expect(queue.popDue(now: Self.at(9)) == nil)
    #expect(queue.nextDue() == Self.at(10))
    #expect(queue.popDue(now: Self.at(10)) != nil)
    #expect(queue.nextDue() == nil)
  }

  @Test("a timer inserted after the limit waits, even when it is due")
  mutating func aTimerInsertedAfterTheLimitWaitsEvenWhenItIsDue() {
    queue.insert(timer(), due: Self.at(1))
    let limit = queue.lastOrder
    queue.insert(timer(), due: Self.at(2))
    #expect(queue.popDue(now: Self.at(5), upTo: limit) != nil)
    #expect(queue.popDue(now: Self.at(5), upTo: limit) == nil)
    #expect(queue.count == 1)
  }

  @Test("a cancelled timer neither comes out nor says when it is due")
  mutating func aCancelledTimerNeitherComesOutNorSaysWhenItIsDue() {
    let cancelled = timer()
    queue.insert(cancelled, due: Self.at(1))
    queue.insert(timer(), due: Self.at(2))
    cancelled.cancel()
    queue.noteCancelled()
    #expect(queue.nextDue() == Self.at(2))
    #expect(queue.count == 1)
    #expect(queue.cancelledCount == 0)
  }

  @Test("timers armed and cancelled at once do not pile up")
  mutating func timersArmedAndCancelledAtOnceDoNotPileUp() {
    queue.insert(timer(), due: Self.at(0))
    for instant in 1...10_000 {
      let cancelled = timer()
      queue.insert(cancelled, due: Self.at(Int64(instant)))
      cancelled.cancel()
      queue.noteCancelled()
    }
    #expect(queue.cancelledCount <= 65)
    #expect(queue.count == 1)
  }

  @Test("order survives the removal of cancelled timers in bulk")
  mutating func orderSurvivesTheRemovalOfCancelledTimersInBulk() {
    var random = SeededGenerator(seed: 2)
    var expected: [Int64] = []
    var fired: [Int64] = []
    for _ in 0..<1_000 {
      let instant = Int64.random(in: 0..<10_000, using: &random)
      let timer = timer { fired.append(instant) }
      queue.insert(timer, due: Self.at(instant))
      if Bool.random(using: &random) {
        expected.append(instant)
      } else {
        timer.cancel()
        queue.noteCancelled()
      }
    }
    while let timer = queue.popDue(now: Self.at(10_000)) { timer.fire() }
    #expect(fired == expected.sorted())
  }
}

/// The same numbers in each run (SplitMix64), so that a failure can be seen again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Microhttpd

@Suite struct RunScheduleTests {
  private var schedule = RunSchedule()
  private let now = Instant(nanoseconds: 1_000_000_000)

  /// One run in which nothing happens but `events`.
  private mutating func run(
    waiting: Int, timeout: Int64? = 0, _ events: (inout RunSchedule) -> Void = { _ in }
  ) {
    schedule.runBegins()
    events(&schedule)
    _ = schedule.takeSecondRun(waiting: waiting) { timeout }
    schedule.runEnded(now: now, waiting: waiting) { timeout }
  }

  @Test("Without waiting exchanges the library's word counts")
  mutating func withoutWaitingExchangesTheLibrarySWordCounts() {
    run(waiting: 0, timeout: nil)
    #expect(schedule.sleep(now: now) == nil)
    run(waiting: 0, timeout: 75_000)
    #expect(schedule.sleep(now: now) == .seconds(75))
    #expect(!schedule.isDue(now: now))
    #expect(schedule.isDue(now: now + .seconds(75)))
    run(waiting: 0, timeout: 0)
    #expect(schedule.sleep(now: now) == .zero)
    #expect(schedule.isDue(now: now))
  }

  @Test("While exchanges wait and nothing moves it backs off to 64 ms")
  mutating func whileExchangesWaitAndNothingMovesItBacksOffTo64Ms() {
    for milliseconds in [2, 4, 8, 16, 32, 64, 64, 64] {
      run(waiting: 3)
      #expect(schedule.sleep(now: now) == .milliseconds(milliseconds))
    }
  }

  @Test("A ready descriptor or an answer ends the sleep and the back-off")
  mutating func aReadyDescriptorOrAnAnswerEndsTheSleepAndTheBackOff() {
    for _ in 0..<5 { run(waiting: 3) }
    schedule.isReady = true
    #expect(schedule.sleep(now: now) == .zero)
    run(waiting: 3)
    #expect(schedule.sleep(now: now) == .milliseconds(1))
    run(waiting: 3)
    schedule.hasAnswers = true
    #expect(schedule.isDue(now: now))
    run(waiting: 3)
    #expect(schedule.sleep(now: now) == .milliseconds(1))
  }

  @Test("A sleep is not put off by turns that do not run the library")
  mutating func aSleepIsNotPutOffByTurnsThatDoNotRunTheLibrary() {
    run(waiting: 3)
    #expect(schedule.sleep(now: now + .milliseconds(1)) == .milliseconds(1))
    #expect(schedule.isDue(now: now + .milliseconds(2)))
  }

  @Test("A piece of a body asks for the next turn") mutating func aPieceOfABodyAsksForTheNextTurn() {
    run(waiting: 3) { $0.noteBody() }
    #expect(schedule.sleep(now: now) == .zero)
    run(waiting: 3)
    #expect(schedule.sleep(now: now) == .milliseconds(2))
  }

  @Test("Queued answers get a second run at once, unless they are out already")
  mutating func queuedAnswersGetASecondRunAtOnceUnlessTheyAreOutAlready() {
    schedule.runBegins()
    #expect(!schedule.takeSecondRun(waiting: 1) { 0 })
    schedule.noteQueued()
    #expect(schedule.takeSecondRun(waiting: 1) { nil })
    schedule.noteQueued()
    #expect(schedule.takeSecondRun(waiting: 0) { 0 })
    schedule.noteQueued()
    #expect(!schedule.takeSecondRun(waiting: 0) { 75_000 })
  }

  @Test("An answer that comes during a run asks for another one")
  mutating func anAnswerThatComesDuringARunAsksForAnotherOne() {
    run(waiting: 3) { $0.hasAnswers = true }
    #expect(schedule.sleep(now: now) == .zero)
  }
}

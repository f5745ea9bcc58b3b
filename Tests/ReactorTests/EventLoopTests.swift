// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Testing

@testable import Reactor

@Suite struct EventLoopTests {
  private let loop: EventLoop

  init() throws { loop = try EventLoop() }

  // MARK: Timers

  @Test("a timer runs once, not before it is due") func aTimerRunsOnceNotBeforeItIsDue() throws {
    var firedAt: [Instant] = []
    let due = Instant.current() + .milliseconds(20)
    loop.schedule(at: due) { firedAt.append(.current()) }
    while firedAt.isEmpty { try loop.turn() }
    try loop.turn(maxSleep: .zero)
    #expect(firedAt.count == 1)
    #expect(firedAt[0] >= due)
  }

  @Test("a cancelled timer does not run, cancelled twice or from another timer")
  func aCancelledTimerDoesNotRunCancelledTwiceOrFromAnotherTimer() throws {
    var fired = 0
    let victim = loop.schedule(after: .zero + .nanoseconds(2)) { fired += 1 }
    loop.schedule(at: loop.now) {
      victim.cancel()
      victim.cancel()
    }
    var isOver = false
    loop.schedule(after: .milliseconds(5)) { isOver = true }
    while !isOver { try loop.turn() }
    #expect(fired == 0)
  }

  @Test("a timer may be cancelled by what its own action kept alive")
  func aTimerMayBeCancelledByWhatItsOwnActionKeptAlive() throws {
    final class Owner {
      var timer: EventLoop.Timer?
      deinit { timer?.cancel() }
    }
    func arm() -> EventLoop.Timer {
      let owner = Owner()
      let timer = loop.schedule(after: .seconds(60)) { withExtendedLifetime(owner) {} }
      owner.timer = timer
      return timer
    }
    let timer = arm()
    timer.cancel()
    #expect(timer.isCancelled)
  }

  @Test("an action that schedules the next at an instant long past does not hold the loop")
  func anActionThatSchedulesTheNextAtAnInstantLongPastDoesNotHoldTh() throws {
    var count = 0
    func again() {
      count += 1
      loop.schedule(at: Instant(nanoseconds: 0), again)
    }
    loop.schedule(at: Instant(nanoseconds: 0), again)
    for _ in 0..<3 { try loop.turn() }
    #expect(count == 3)
  }

  @Test("an earlier timer scheduled by an action comes before those that wait")
  func anEarlierTimerScheduledByAnActionComesBeforeThoseThatWait() throws {
    var order: [String] = []
    loop.schedule(after: .milliseconds(3)) { order.append("later") }
    loop.schedule(after: .zero) { self.loop.schedule(after: .milliseconds(1)) { order.append("sooner") } }
    while order.count < 2 { try loop.turn() }
    #expect(order == ["sooner", "later"])
  }

  // MARK: Descriptors

  @Test("a watcher is told in each turn until it has read") func aWatcherIsToldInEachTurnUntilItHasRead()
    throws
  {
    let pipe = try Pipe()
    let watcher = Watcher()
    try loop.watch(pipe.reader, for: .readable, watcher)
    try loop.turn(maxSleep: .zero)
    #expect(watcher.told == 0)
    pipe.write()
    try loop.turn()
    try loop.turn()
    #expect(watcher.told == 2)
    #expect(watcher.last?.isReadable == true && watcher.last?.isWritable == false)
    pipe.read()
    try loop.turn(maxSleep: .zero)
    #expect(watcher.told == 2)
    try loop.unwatch(pipe.reader)
  }

  @Test("a closed peer is told as a hang-up") func aClosedPeerIsToldAsAHangUp() throws {
    let pipe = try Pipe()
    let watcher = Watcher()
    try loop.watch(pipe.reader, for: .readable, watcher)
    pipe.closeWriter()
    try loop.turn()
    #expect(watcher.last?.isHangup == true)
    try loop.unwatch(pipe.reader)
  }

  @Test("what a watcher wants to hear of can be changed") func whatAWatcherWantsToHearOfCanBeChanged() throws
  {
    let pipe = try Pipe()
    let watcher = Watcher()
    try loop.watch(pipe.writer, for: .readable, watcher)
    try loop.turn(maxSleep: .zero)
    #expect(watcher.told == 0)
    try loop.rewatch(pipe.writer, for: .writable)
    try loop.turn()
    #expect(watcher.last?.isWritable == true)
    try loop.unwatch(pipe.writer)
  }

  @Test("an event for a descriptor that was unwatched in the same turn is dropped")
  func anEventForADescriptorThatWasUnwatchedInTheSameTurnIsDropped() throws {
    let (left, right) = (try Pipe(), try Pipe())
    let (first, second, third) = (Watcher(), Watcher(), Watcher())
    try loop.watch(left.reader, for: .readable, first)
    try loop.watch(right.reader, for: .readable, second)
    // Whoever is told first takes the other away and puts a third in its place.
    func replace(_ pipe: Pipe, _ other: Watcher) {
      first.action = nil
      second.action = nil
      try! loop.unwatch(pipe.reader)
      try! loop.watch(pipe.reader, for: .readable, third)
    }
    first.action = { replace(right, second) }
    second.action = { replace(left, first) }
    left.write()
    right.write()
    try loop.turn()
    #expect(first.told + second.told == 1)
    #expect(third.told == 0)
    try loop.turn()
    #expect(third.told == 1)
    try loop.unwatch(left.reader)
    try loop.unwatch(right.reader)
  }

  @Test("the loop keeps a watcher until it is told to stop watching")
  func theLoopKeepsAWatcherUntilItIsToldToStopWatching() throws {
    let pipe = try Pipe()
    var watcher: Watcher? = Watcher()
    weak let seen = watcher
    try loop.watch(pipe.reader, for: .readable, try #require(watcher))
    watcher = nil
    #expect(seen != nil)
    try loop.unwatch(pipe.reader)
    #expect(seen == nil)
  }

  // MARK: Turns

  @Test("a turn does events, timers, mail, participants and end-of-turn tasks in that order")
  func aTurnDoesEventsTimersMailParticipantsAndEndOfTurnTasksInThat() throws {
    var order: [String] = []
    let pipe = try Pipe()
    let watcher = Watcher { order.append("event") }
    try loop.watch(pipe.reader, for: .readable, watcher)
    let participant = Participant { order.append("participant") }
    let task = Task { order.append("end of turn") }
    let log = LoopBound(Task { order.append("mail") }, on: loop)
    loop.mailbox.post { log.use().turnEnds() }
    loop.add(participant)
    loop.atEndOfTurn(task)
    loop.schedule(after: .zero) { order.append("timer") }
    pipe.write()
    try loop.turn()
    #expect(order == ["event", "timer", "mail", "participant", "end of turn"])
    loop.remove(participant)
    try loop.unwatch(pipe.reader)
  }

  @Test("an end-of-turn task may ask for another in the same turn")
  func anEndOfTurnTaskMayAskForAnotherInTheSameTurn() throws {
    var order: [Int] = []
    let second = Task { order.append(2) }
    let first = Task {
      order.append(1)
      self.loop.atEndOfTurn(second)
    }
    loop.atEndOfTurn(first)
    try loop.turn()
    #expect(order == [1, 2])
  }

  @Test(
    "a participant that is in a hurry or late does not let the loop sleep",
    arguments: [Duration.zero, .milliseconds(-1), .seconds(-5), .nanoseconds(Int64.min)])
  func aParticipantThatIsInAHurryOrLateDoesNotLetTheLoopSleep(longestSleep: Duration) throws {
    let participant = Participant(longestSleep: longestSleep)
    loop.add(participant)
    try loop.turn()
    #expect(participant.turns == 1)
  }

  @Test("the shortest of all sleeps counts") func theShortestOfAllSleepsCounts() throws {
    loop.add(Participant(longestSleep: .seconds(3_600)))
    loop.add(Participant(longestSleep: .milliseconds(1)))
    loop.schedule(at: .distantFuture) {}
    let start = Instant.current()
    try loop.turn()
    #expect(Instant.current() - start < .seconds(60))
  }

  @Test("stop ends run after the present turn, and run can be called again")
  func stopEndsRunAfterThePresentTurnAndRunCanBeCalledAgain() throws {
    var turns = 0
    let participant = Participant(longestSleep: .zero) {
      turns += 1
      if turns % 2 == 0 { self.loop.stop() }
    }
    loop.add(participant)
    try loop.run()
    #expect(turns == 2)
    try loop.run()
    #expect(turns == 4)
    loop.remove(participant)
  }
}

private final class Watcher: ReadinessWatcher {
  private(set) var told = 0
  private(set) var last: Readiness?
  var action: (() -> Void)?

  init(_ action: (() -> Void)? = nil) { self.action = action }

  func becameReady(_ readiness: Readiness) {
    told += 1
    last = readiness
    action?()
  }
}

private final class Participant: TurnParticipant {
  private(set) var turns = 0
  private let sleep: Duration?
  private let action: () -> Void

  init(longestSleep: Duration? = nil, _ action: @escaping () -> Void = {}) {
    sleep = longestSleep
    self.action = action
  }

  func takeTurn() {
    turns += 1
    action()
  }

  func longestSleep() -> Duration? { sleep }
}

private final class Task: EndOfTurnTask {
  private let action: () -> Void
  init(_ action: @escaping () -> Void) { self.action = action }
  func turnEnds() { action() }
}

/// Two connected descriptors, closed with it.
private final class Pipe {
  let reader: Int32
  private(set) var writer: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    try syscall("pipe") { pipe(&ends) }
    (reader, writer) = (ends[0], ends[1])
  }

  deinit {
    close(reader)
    closeWriter()
  }

  func write() { #expect(Glibc.write(writer, "x", 1) == 1) }

  func read() {
    var byte: UInt8 = 0
    #expect(Glibc.read(reader, &byte, 1) == 1)
  }

  func closeWriter() {
    if writer >= 0 { close(writer) }
    writer = -1
  }
}

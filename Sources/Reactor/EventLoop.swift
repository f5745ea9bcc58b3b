// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc

/// Something that takes part in each turn of a loop beside descriptors and timers, as libmicrohttpd does.
public protocol TurnParticipant: AnyObject {
  /// Called once a turn, after events, timers and mail, before buffered output is flushed.
  func takeTurn()
  /// How long the loop may sleep on this one's account; nil = until something happens.
  func longestSleep() -> Duration?
}

/// Told when its descriptor is ready.
public protocol ReadinessWatcher: AnyObject {
  func becameReady(_ readiness: Readiness)
}

/// Told at the end of a turn in which it asked for it: the place to write all that the turn buffered.
public protocol EndOfTurnTask: AnyObject {
  func turnEnds()
}

/// One thread's loop: descriptors, timers, mail. Everything bound to it runs on the thread that calls
/// `run()`, so that nothing on the data path needs a lock.
///
///     ┌► sleep in epoll ─► events ─► due timers ─► mail ─► participants ─► end-of-turn tasks ─┐
///     └──────────────────────────────────────────────────────────────────────────────────────┘
public final class EventLoop {
  /// A timer that was scheduled; keep it to be able to cancel.
  public final class Timer {
    fileprivate var action: (() -> Void)?
    /// Unsafe because it need not be checked: a timer that still waits is in the loop's queue, and the loop
    /// clears this when it goes. Not weak: that would make each retain of the loop a slow one.
    fileprivate unowned(unsafe) var loop: EventLoop?
    var isCancelled: Bool { action == nil }

    /// Makes sure that the action does not run. Does nothing when it has run already.
    public func cancel() {
      // Kept until the end: what it captured may be freed by it, and cancel this same timer then.
      guard let unneeded = action else { return }
      action = nil
      loop?.timers.noteCancelled()
      withExtendedLifetime(unneeded) {}
    }

    init(loop: EventLoop?, action: @escaping () -> Void) {
      self.loop = loop
      self.action = action
    }

    func fire() {
      let action = self.action
      self.action = nil
      action?()
    }
  }

  private struct Watch {
    var watcher: (any ReadinessWatcher)?
    var generation: UInt32
  }

  /// The clock, read once a turn.
  public private(set) var now: Instant
  public let mailbox: Mailbox
  private let poller: Poller
  private var watches: [Watch] = []
  fileprivate var timers = TimerQueue()
  private var participants: [any TurnParticipant] = []
  private var endOfTurnTasks: [any EndOfTurnTask] = []
  private var isStopping = false
  private var hasMail = false
  private var thread: pthread_t?
  private static let mailboxToken = UInt64.max

  /// Makes a loop. It belongs to the thread that first runs a turn of it.
  public init() throws(SystemError) {
    now = .current()
    mailbox = try Mailbox()
    poller = try Poller()
    try poller.add(mailbox.descriptor, .readable, token: EventLoop.mailboxToken)
  }

  deinit { timers.forEach { $0.loop = nil } }

  // MARK: Descriptors

  /// Tells `watcher`, held until `unwatch`, each turn in which `fd` is ready. One watcher a descriptor.
  public func watch(_ fd: Int32, for interest: Interest, _ watcher: any ReadinessWatcher) throws(SystemError)
  {
    assertOnLoop()
    let index = Int(fd)
    while watches.count <= index { watches.append(Watch(watcher: nil, generation: 0)) }
    watches[index].watcher = watcher
    watches[index].generation &+= 1
    try poller.add(fd, interest, token: token(fd))
  }

  /// Changes what a watched descriptor is watched for.
  public func rewatch(_ fd: Int32, for interest: Interest) throws(SystemError) {
    assertOnLoop()
    try poller.modify(fd, interest, token: token(fd))
  }

  /// Stops watching; call it before closing the descriptor. Events of this turn not yet told are dropped.
  public func unwatch(_ fd: Int32) throws(SystemError) {
    assertOnLoop()
    watches[Int(fd)].watcher = nil
    watches[Int(fd)].generation &+= 1
    try poller.remove(fd)
  }

  // A descriptor's number is reused at once by the next socket; the generation tells an event of the
  // old one from an event of the new one.
  private func token(_ fd: Int32) -> UInt64 {
    UInt64(watches[Int(fd)].generation) << 32 | UInt64(UInt32(bitPattern: fd))
  }

  // MARK: Timers, turns

  /// Runs `action` in the first turn at or after `due`; of those due at the same instant, in order of
  /// scheduling. Scheduled by another timer's action, it runs in the next turn at the earliest.
  @discardableResult
  public func schedule(at due: Instant, _ action: @escaping () -> Void) -> Timer {
    assertOnLoop()
    let timer = Timer(loop: self, action: action)
    timers.insert(timer, due: due)
    return timer
  }

  /// Runs `action` once `delay` has passed, measured from now (not from the start of the turn).
  @discardableResult
  public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> Timer {
    schedule(at: .current() + delay, action)
  }

  /// Adds a participant, asked every turn until it is removed.
  public func add(_ participant: any TurnParticipant) {
    assertOnLoop()
    participants.append(participant)
  }

  public func remove(_ participant: any TurnParticipant) {
    assertOnLoop()
    participants.removeAll { $0 === participant }
  }

  /// Runs `task` at the end of this turn, once for each call: the caller remembers that it has asked.
  public func atEndOfTurn(_ task: any EndOfTurnTask) {
    endOfTurnTasks.append(task)
  }

  // MARK: Running

  /// Turns until `stop()`.
  public func run() throws(SystemError) {
    isStopping = false
    while !isStopping { try turn() }
  }

  /// Ends `run()` after the present turn.
  public func stop() {
    assertOnLoop()
    isStopping = true
  }

  /// Closes the mailbox, running what is in it. For the end of a loop's life: later posts are refused.
  public func closeMailbox() {
    assertOnLoop()
    for letter in mailbox.shut() { letter() }
  }

  /// One turn: sleeps until something is due (`maxSleep` at the longest), then does all of it.
  public func turn(maxSleep: Duration? = nil) throws(SystemError) {
    if thread == nil { thread = pthread_self() }
    assertOnLoop()
    let ready = try poller.wait(milliseconds: sleepMilliseconds(atMost: maxSleep))
    now = .current()
    for index in 0..<ready { tell(poller.event(index)) }
    // Those that the actions schedule wait for the next turn: one that always schedules the next for
    // an instant already past would keep the loop here for ever.
    let last = timers.lastOrder
    while let timer = timers.popDue(now: now, upTo: last) { timer.fire() }
    if hasMail { openMail() }
    for participant in participants { participant.takeTurn() }
    flush()
  }

  private func tell(_ event: (token: UInt64, readiness: Readiness)) {
    if event.token == EventLoop.mailboxToken {
      hasMail = true
      return
    }
    let watch = watches[Int(UInt32(truncatingIfNeeded: event.token))]
    guard watch.generation == UInt32(event.token >> 32) else { return }
    watch.watcher?.becameReady(event.readiness)
  }

  private func openMail() {
    hasMail = false
    for letter in mailbox.collect() { letter() }
  }

  private func flush() {
    // A task may ask for another (a write that fails completes requests, which send new ones).
    while !endOfTurnTasks.isEmpty {
      let tasks = endOfTurnTasks
      endOfTurnTasks.removeAll(keepingCapacity: true)
      for task in tasks { task.turnEnds() }
    }
  }

  private func sleepMilliseconds(atMost limit: Duration?) -> Int32 {
    if isStopping || !endOfTurnTasks.isEmpty { return 0 }
    var nanoseconds = limit?.wholeNanoseconds ?? .max
    for participant in participants {
      if let sleep = participant.longestSleep() { nanoseconds = min(nanoseconds, sleep.wholeNanoseconds) }
    }
    if let due = timers.nextDue() {
      nanoseconds = min(nanoseconds, (due - Instant.current()).wholeNanoseconds)
    }
    if nanoseconds == .max { return -1 }
    // To epoll, anything negative means "for ever"; here it means "due already".
    if nanoseconds <= 0 { return 0 }
    // Rounded up: waking a fraction of a millisecond early would spin until the timer is due.
    return Int32(clamping: (nanoseconds - 1) / 1_000_000 + 1)
  }

  /// Traps, in debug builds, when called on another thread than the loop's.
  @inline(__always)
  public func assertOnLoop() {
    assert(thread == nil || pthread_equal(thread!, pthread_self()) != 0, "called off the loop's thread")
  }
}

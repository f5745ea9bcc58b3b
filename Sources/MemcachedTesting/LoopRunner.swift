// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import Reactor

/// An event loop on a thread of its own, for tests that drive from theirs what is bound to a loop.
///
///     let runner = try LoopRunner()
///     let node = runner.run { LoopBound(ServerNode(address, loop: $0), on: $0) }
///     let reply = try runner.wait { _, done in
///       node.use().submit(command, deadline: deadline, completion: done)
///     }
public final class LoopRunner: Sendable {
  /// A completion that was not called in time.
  public struct TimedOut: Error, CustomStringConvertible {
    public let timeout: Duration
    public var description: String { "not completed within \(timeout)" }
  }

  private let loop: LoopBound<EventLoop>
  private let ended = Outcome<Void>()

  public init(name: String = "test loop") throws(SystemError) {
    let loop = try EventLoop()
    self.loop = LoopBound(loop, on: loop)
    try startThread(named: name) { [loop = self.loop, ended] in
      let loop = loop.use()
      do { try loop.run() } catch { preconditionFailure("the loop failed: \(error)") }
      loop.closeMailbox()
      ended.set(())
    }
  }

  deinit { loop.post { $0.stop() } }

  /// Runs `body` on the loop's thread and waits for what it returns. Not to be called on that thread.
  public func run<Value, Failure: Error>(
    _ body: (EventLoop) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let outcome = Outcome<Result<Value, Failure>>()
    withoutActuallyEscaping(body) { body in
      let call = BorrowedCall(body)
      let isPosted = loop.post { loop in outcome.set(call.run(loop)) }
      precondition(isPosted, "the loop was stopped")
      outcome.wait()
    }
    guard let result = outcome.take() else { preconditionFailure("set, or the wait had not ended") }
    return try result.get()
  }

  /// Runs `body` on the loop's thread and waits until the completion that it was given is called, which
  /// must be once.
  public func wait<Value>(
    upTo timeout: Duration = .seconds(10), _ body: (EventLoop, @escaping (Value) -> Void) throws -> Void
  ) throws -> Value {
    let outcome = Outcome<Value>()
    try run { try body($0, outcome.set) }
    guard outcome.wait(upTo: timeout), let value = outcome.take() else { throw TimedOut(timeout: timeout) }
    return value
  }

  /// Ends the loop and waits until its thread runs nothing more.
  public func stop() {
    loop.post { $0.stop() }
    ended.wait()
  }
}

/// A closure of the caller's that the loop's thread runs, once, while the caller waits.
///
/// It lets go of the closure before it hands over the result: the letter that held it may be freed after
/// the caller has gone on, and what the closure captured may be on the caller's stack.
///
/// `@unchecked Sendable` because the caller touches nothing between posting it and having the result.
private final class BorrowedCall<Value, Failure: Error>: @unchecked Sendable {
  private var body: ((EventLoop) throws(Failure) -> Value)?

  init(_ body: @escaping (EventLoop) throws(Failure) -> Value) { self.body = body }

  func run(_ loop: EventLoop) -> Result<Value, Failure> {
    guard let body else { preconditionFailure("a call is made once") }
    self.body = nil
    return Result { () throws(Failure) in try body(loop) }
  }
}

/// A value that one thread sets, once, and another waits for.
///
/// `@unchecked Sendable` because the value is only touched under the condition's lock.
private final class Outcome<Value>: @unchecked Sendable {
  private let condition = NSCondition()
  private var value: Value?
  private var isSet = false

  func set(_ value: Value) {
    condition.withLock {
      precondition(!isSet, "completed twice")
      isSet = true
      self.value = value
      condition.broadcast()
    }
  }

  func wait() {
    condition.withLock { while !isSet { condition.wait() } }
  }

  /// False when nothing was set in time.
  func wait(upTo timeout: Duration) -> Bool {
    let limit = Date(timeIntervalSinceNow: Double(timeout.wholeNanoseconds) / 1e9)
    return condition.withLock {
      while !isSet, condition.wait(until: limit) {}
      return isSet
    }
  }

  func take() -> Value? {
    condition.withLock {
      defer { value = nil }
      return value
    }
  }
}

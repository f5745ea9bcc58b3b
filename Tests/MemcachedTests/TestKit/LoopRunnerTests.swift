// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Reactor
import Testing

@Suite struct LoopRunnerTests {
  @Test("a closure runs on the loop's thread and its value comes back")
  func aClosureRunsOnTheLoopSThreadAndItsValueComesBack() throws {
    let runner = try LoopRunner()
    var local = 1
    let thread = runner.run { _ -> pthread_t in
      local += 1
      return pthread_self()
    }
    #expect(local == 2)
    #expect(pthread_equal(thread, pthread_self()) == 0)
    #expect(runner.run { _ in pthread_equal(thread, pthread_self()) } != 0)
    runner.stop()
  }

  @Test("an error comes back as it was thrown") func anErrorComesBackAsItWasThrown() throws {
    let runner = try LoopRunner()
    #expect(throws: MemcachedError(.down, "away")) {
      try runner.run { _ throws(MemcachedError) in throw MemcachedError(.down, "away") }
    }
  }

  @Test("a completion that comes in a later turn is waited for")
  func aCompletionThatComesInALaterTurnIsWaitedFor() throws {
    let runner = try LoopRunner()
    let value: Int = try runner.wait { loop, done in
      loop.schedule(after: .milliseconds(5)) { done(42) }
    }
    #expect(value == 42)
  }

  @Test("a completion that never comes is an error in time") func aCompletionThatNeverComesIsAnErrorInTime()
    throws
  {
    let runner = try LoopRunner()
    #expect(throws: LoopRunner.TimedOut.self) {
      try runner.wait(upTo: .milliseconds(20)) { (_, _: @escaping (Int) -> Void) in }
    }
  }

  @Test("what a closure captured is let go when run returns") func whatAClosureCapturedIsLetGoWhenRunReturns()
    throws
  {
    final class Captured {}
    let runner = try LoopRunner()
    for _ in 0..<200 {
      var captured: Captured? = Captured()
      weak let seen = captured
      runner.run { [captured] _ in withExtendedLifetime(captured) {} }
      captured = nil
      #expect(seen == nil)
    }
  }

  @Test("a blocking node gives outcomes and closes its node")
  func aBlockingNodeGivesOutcomesAndClosesItsNode() throws {
    let store = MemoryStore(capacity: 1 << 20)
    let node = try BlockingNode { _ in MemoryNode(store: store, name: "memory:1MiB") }
    let key = try Key("k")
    #expect(node.perform(Command(key, .get)) == .success(.miss))
    #expect(node.status.state == .up)
    node.close()
    #expect(node.status.state == .closed)
  }
}

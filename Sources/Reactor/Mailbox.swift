// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CLinux
import Glibc
import Synchronization

/// The only door between threads: closures posted by any thread run on the loop's, in order.
///
/// A post wakes the loop through an eventfd, and only if the mailbox was empty: a burst of posts costs
/// one system call.
public final class Mailbox: Sendable {
  private struct State {
    var letters: [@Sendable () -> Void] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  let descriptor: Int32

  init() throws(SystemError) {
    descriptor = try syscall("eventfd") { eventfd(0, cf_eventfd_flags()) }
  }

  deinit { _ = Glibc.close(descriptor) }

  /// Runs `letter` on the loop's thread in one of its next turns.
  ///
  /// Returns false, and drops the letter, when the loop has stopped and will never read it.
  @discardableResult
  public func post(_ letter: @escaping @Sendable () -> Void) -> Bool {
    let (accepted, wasEmpty) = state.withLock { state -> (Bool, Bool) in
      if state.isClosed { return (false, false) }
      state.letters.append(letter)
      return (true, state.letters.count == 1)
    }
    if wasEmpty { wake() }
    return accepted
  }

  /// Takes all letters. Called by the loop when the eventfd is readable.
  func collect() -> [@Sendable () -> Void] {
    var counter: UInt64 = 0
    _ = read(descriptor, &counter, MemoryLayout<UInt64>.size)
    return state.withLock { state in
      defer { state.letters = [] }
      return state.letters
    }
  }

  /// Refuses letters from now on and hands over those that came before.
  func shut() -> [@Sendable () -> Void] {
    state.withLock { state in
      state.isClosed = true
      defer { state.letters = [] }
      return state.letters
    }
  }

  private func wake() {
    var one: UInt64 = 1
    // The counter of an eventfd cannot overflow by ones, so the write cannot fail with EAGAIN.
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// How the time of one operation is divided over the tries that may have to follow one another.
///
/// Each gets an equal part of what is left, and the node's own timeout within it: what an answer leaves
/// over goes to the tries behind it, and however many tiers are stopped, each of the others has its share.
///
///     1 s, three tiers      primary          older         oldest
///     all stopped           333 ms           333 ms        333 ms     (or the node's timeout, if shorter)
///     primary answers       1 ms             500 ms        500 ms
enum Budget {
  /// When a try has to end that begins `now`.
  /// - Parameter tries: it and those that may have to follow.
  static func share(of deadline: Instant, among tries: Int, now: Instant) -> Instant {
    // A plain division of numbers: that of a Duration is one of 128 bits, and this is on the data path.
    tries == 1
      ? deadline
      : Instant(nanoseconds: now.nanoseconds + (deadline.nanoseconds - now.nanoseconds) / Int64(tries))
  }
}

extension FallbackClient {
  /// When the first of `tries` has to end.
  func share(of deadline: Instant, among tries: Int) -> Instant {
    Budget.share(of: deadline, among: tries, now: loop.now)
  }

  /// The time since then, by the loop's clock.
  func microseconds(since begun: Instant) -> UInt32 {
    loop.now.microseconds(since: begun)
  }
}

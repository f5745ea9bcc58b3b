// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// When `MHD_run` has to be called. Knows no library and no clock, so that it can be tested.
///
/// libmicrohttpd tells how long it may sleep, but says 0 for as long as an exchange waits, or a chunked body
/// stands still (ChunkedUploads.swift): it would ask each of them again and again. So while any waits, its
/// word does not count; what happened in the last run does:
///
/// | in the last run                                      | next run                              |
/// |------------------------------------------------------|---------------------------------------|
/// | an answer was queued (its head is built, not sent)   | at once, in the same turn             |
/// | a piece of a body was read (more may be there)       | in the next turn, without sleep       |
/// | neither, exchanges wait                              | after 1, 2, 4 … 64 ms                 |
/// | neither, none waits                                  | when the library says                 |
///
/// A descriptor of the library's that becomes ready, or an answer, ends any sleep. The back-off is for what
/// neither tells: bytes that it left in a socket because it was busy with the request before, and time-outs.
struct RunSchedule {
  /// The library's epoll descriptor is ready, or it was given a connection.
  var isReady = false
  /// Exchanges that waited have been answered.
  var hasAnswers = false
  /// The last run is likely to have left work.
  private(set) var wantsTurn = false
  private(set) var due = Instant.distantFuture

  private var hasQueued = false
  private var hasReadBody = false
  private var wasCalled = false
  private var backoffMilliseconds: Int64 = 1
  static let longestBackoffMilliseconds: Int64 = 64

  func isDue(now: Instant) -> Bool { isReady || hasAnswers || wantsTurn || now >= due }

  /// How long the loop may sleep; nil = until something happens.
  func sleep(now: Instant) -> Duration? {
    if isReady || hasAnswers || wantsTurn { return .zero }
    if due == .distantFuture { return nil }
    return max(.zero, due - now)
  }

  mutating func runBegins() {
    wasCalled = isReady || hasAnswers
    (isReady, hasAnswers, wantsTurn, hasReadBody) = (false, false, false, false)
  }

  mutating func noteQueued() { hasQueued = true }
  mutating func noteBody() { hasReadBody = true }

  /// Whether answers are left half way. `timeout` is the library's, in milliseconds.
  mutating func takeSecondRun(waiting: Int, timeout: () -> Int64?) -> Bool {
    guard hasQueued else { return false }
    hasQueued = false
    // Without waiting exchanges the library's word is exact, and says that small answers are out already.
    return waiting > 0 || timeout() == 0
  }

  mutating func runEnded(now: Instant, waiting: Int, timeout: () -> Int64?) {
    if waiting == 0 {
      let milliseconds = timeout()
      wantsTurn = milliseconds == 0
      due = milliseconds.map { now + .milliseconds($0) } ?? .distantFuture
      backoffMilliseconds = 1
    } else {
      wantsTurn = hasQueued || hasReadBody
      let hasMoved = wasCalled || wantsTurn
      backoffMilliseconds =
        hasMoved ? 1 : min(backoffMilliseconds * 2, RunSchedule.longestBackoffMilliseconds)
      due = now + .milliseconds(backoffMilliseconds)
    }
    hasQueued = false
  }
}

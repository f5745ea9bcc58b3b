// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Reactor

/// The daemon's part in each turn of the loop. `MHD_run` costs a system call and asks every waiting exchange,
/// so it is called only when `RunSchedule` sees a reason.
extension Daemon: TurnParticipant, ReadinessWatcher {
  public func becameReady(_ readiness: Readiness) { runs.isReady = true }

  public func takeTurn() {
    guard let daemon else { return }
    if runs.isDue(now: loop.now) {
      run(daemon)
      if !ended.isEmpty { passOnEnds() }
    }
    updateListening()
    completeDrain()
  }

  public func longestSleep() -> Duration? { runs.sleep(now: loop.now) }

  /// One run; a second one when answers were queued, once for all of them: the first builds their heads, the
  /// second writes them.
  private func run(_ daemon: OpaquePointer) {
    let timeout = { Daemon.timeoutMilliseconds(daemon) }
    isRunning = true
    runs.runBegins()
    MHD_run(daemon)
    if runs.takeSecondRun(waiting: waiting, timeout: timeout) { MHD_run(daemon) }
    isRunning = false
    runs.runEnded(now: loop.now, waiting: waiting + handshakes + endStuckUploads(), timeout: timeout)
  }

  private static func timeoutMilliseconds(_ daemon: OpaquePointer) -> Int64? {
    var milliseconds: UInt64 = 0
    return MHD_get_timeout(daemon, &milliseconds) == .YES ? Int64(clamping: milliseconds) : nil
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor

/// Logs, once a change and never per key, that stale copies are owed to an older tier and that all are gone,
/// and that a tier is not served because there were too many, and served again.
///
/// It looks, as `NodeWatch` does, and worker 0 looks for all: the ledger is that of the process.
final class OwedWatch {
  // It looks through a client: who else holds it must let go of the watch first.
  private let client: FallbackClient
  private let tierNames: [String]
  private let loop: EventLoop
  private let log: Logger
  private var states: [InvalidationLedger.TierState]
  private var timer: EventLoop.Timer?
  private static let interval: Duration = .milliseconds(500)

  /// - Parameter former: the one whose place it takes: what that has told is not told again.
  init(_ client: FallbackClient, loop: EventLoop, log: Logger, succeeding former: OwedWatch? = nil) {
    self.client = client
    tierNames = client.tiers.map(\.name)
    states = tierNames.map { former?.state(of: $0) ?? .init() }
    self.loop = loop
    self.log = log
  }

  private func state(of tier: String) -> InvalidationLedger.TierState? {
    tierNames.firstIndex(of: tier).map { states[$0] }
  }

  func stop() {
    timer?.cancel()
    timer = nil
  }

  /// Looks now and then again and again.
  func check() {
    for (index, name) in tierNames.enumerated() {
      let (before, now) = (states[index], client.owed(tier: index))
      states[index] = now
      tell(name, before, now)
    }
    timer = loop.schedule(after: OwedWatch.interval) { [weak self] in self?.check() }
  }

  private func tell(
    _ tier: String, _ before: InvalidationLedger.TierState, _ now: InvalidationLedger.TierState
  ) {
    let metadata: Logger.Metadata = ["tier": "\(tier)"]
    if before.owed == 0, now.owed > 0 { log.warning("stale copies owed", metadata: metadata) }
    if before.overflowed == 0, now.overflowed > 0 {
      log.warning(
        "tier not served",
        metadata: [
          "tier": "\(tier)", "reason": "more stale copies than --max-owed", "until": "it is flushed",
        ])
    }
    if before.owed > 0, now.owed == 0 { log.info("stale copies gone", metadata: metadata) }
    if before.overflowed > 0, now.overflowed == 0 { log.info("tier served again", metadata: metadata) }
  }
}

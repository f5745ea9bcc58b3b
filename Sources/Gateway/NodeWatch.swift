// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor

/// Logs, once a change, that a node went down or came up, and that the gateway became ready.
///
/// It looks rather than being told: a node that flaps many times a second is then at most a line a look,
/// and the data path does nothing for it. Worker 0 looks for all, since all of them reach a node or none.
final class NodeWatch {
  private unowned let worker: Worker
  private let log: Logger
  private var states: [[NodeStatus.State]]
  private var wasReady = false
  private var timer: EventLoop.Timer?
  private var interval: Duration = .milliseconds(10)
  private static let longestInterval: Duration = .seconds(1)

  /// `worker` owns the watch and outlives it.
  init(_ worker: Worker) {
    self.worker = worker
    log = worker.log
    states = worker.nodeStatuses.map { $0.map { _ in .connecting } }
  }

  func stop() {
    timer?.cancel()
    timer = nil
  }

  /// Looks now and then again and again: soon at first, so that `ready` follows the first connection.
  func check() {
    for (tier, statuses) in worker.nodeStatuses.enumerated() {
      for (node, status) in statuses.enumerated() where status.state != states[tier][node] {
        states[tier][node] = status.state
        tell(status, worker.client.tiers[tier], node)
      }
    }
    if worker.isReady != wasReady {
      wasReady.toggle()
      if wasReady { log.info("ready") } else { log.warning("not ready") }
    }
    timer = worker.loop.schedule(after: interval) { [weak self] in self?.check() }
    interval = min(interval * 2, NodeWatch.longestInterval)
  }

  private func tell(_ status: NodeStatus, _ tier: Tier, _ node: Int) {
    var metadata: Logger.Metadata = ["tier": "\(tier.name)", "node": "\(tier.cluster.nodes[node].name)"]
    switch status.state {
    case .connecting, .closed: break
    case .up:
      metadata["protocol"] = status.wireProtocol.map { "\($0.rawValue)" }
      metadata["version"] = status.version.map { "\($0)" }
      log.info("node up", metadata: metadata)
    case .down:
      metadata["reason"] = "\(status.lastError?.detail ?? "unknown")"
      log.warning("node down", metadata: metadata)
    }
  }
}

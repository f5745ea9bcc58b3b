// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor

/// Logs which nodes come and go, and whether the gateway is ready: once a change for the whole process.
///
/// Each worker has connections of its own, and so a view of its own of a node. Its nodes tell of every change,
/// by the mailbox of worker 0; what is logged is the worst that any worker sees, as `/stats` shows it. A
/// reconnection that succeeds is no news, nor is a probe that fails.
final class NodeWatch {
  private struct Entry {
    let tier: String
    let node: String
    /// By worker: the last that was up, suspect or ejected, or that it first has to connect.
    var views: [NodeStatus]
    var state = NodeStatus.State.connecting
    /// Lines within the second that ends at `windowEnd`, and changes in it that had none.
    var lines = 0
    var untold = 0
    var windowEnd = Instant(nanoseconds: 0)
  }

  private var entries: [[Entry]]
  private let loop: EventLoop
  private let log: Logger
  private var isReady = false
  private var isStopped = false
  /// A node that flaps has so many lines a second, and then one that says how often it has changed.
  private static let burst = 4
  private static let window: Duration = .seconds(1)

  /// - Parameters:
  ///   - tiers: their names, and those of their nodes.
  ///   - former: the one whose place it takes: what that has told is not told again.
  init(
    tiers: [(name: String, nodes: [String])], workers: Int, log: Logger, loop: EventLoop,
    succeeding former: NodeWatch? = nil
  ) {
    let views = Array(repeating: NodeStatus(state: .connecting), count: workers)
    entries = tiers.map { tier in
      tier.nodes.map { node in
        former?.entry(tier.name, node) ?? Entry(tier: tier.name, node: node, views: views)
      }
    }
    isReady = former?.isReady ?? false
    self.log = log
    self.loop = loop
  }

  func stop() { isStopped = true }

  private func entry(_ tier: String, _ node: String) -> Entry? {
    guard var entry = entries.joined().first(where: { $0.tier == tier && $0.node == node }) else {
      return nil
    }
    // What was still to be told is told with the next change.
    (entry.lines, entry.untold) = (0, 0)
    return entry
  }

  /// How a worker sees a node from now on.
  func changed(_ status: NodeStatus, worker: Int, tier: Int, node: Int) {
    if isStopped { return }
    let entry = entries[tier][node]
    log.debug(
      "node state",
      metadata: [
        "tier": "\(entry.tier)", "node": "\(entry.node)", "worker": "\(worker)",
        "state": "\(status.state.rawValue)",
      ])
    guard status.state.isSettled else { return }
    entries[tier][node].views[worker] = status
    note(tier, node)
    noteReadiness()
  }

  // MARK: Nodes

  private func note(_ tier: Int, _ node: Int) {
    let merged = NodeStatus(merging: entries[tier][node].views)
    guard merged.state != entries[tier][node].state, merged.state.isSettled else { return }
    entries[tier][node].state = merged.state
    if loop.now >= entries[tier][node].windowEnd {
      entries[tier][node].windowEnd = loop.now + NodeWatch.window
      entries[tier][node].lines = 0
    }
    if entries[tier][node].lines < NodeWatch.burst {
      entries[tier][node].lines += 1
      return tell(merged, entries[tier][node])
    }
    entries[tier][node].untold += 1
    if entries[tier][node].untold > 1 { return }
    loop.schedule(at: entries[tier][node].windowEnd) { [weak self] in self?.catchUp(tier, node) }
  }

  private func catchUp(_ tier: Int, _ node: Int) {
    if isStopped { return }
    let entry = entries[tier][node]
    entries[tier][node].untold = 0
    tell(NodeStatus(merging: entry.views), entry)
  }

  private func tell(_ status: NodeStatus, _ entry: Entry) {
    var metadata: Logger.Metadata = ["tier": "\(entry.tier)", "node": "\(entry.node)"]
    if entry.untold > 0 { metadata["changes"] = "\(entry.untold)" }
    switch status.state {
    case .up:
      metadata["protocol"] = status.wireProtocol.map { "\($0.rawValue)" }
      metadata["version"] = status.version.map { "\($0)" }
      log.info("node up", metadata: metadata)
    case .suspect:
      metadata["reason"] = status.lastError.map { "\($0.detail)" }
      log.notice("node suspect", metadata: metadata)
    case .ejected:
      metadata["reason"] = status.lastError.map { "\($0.detail)" }
      log.warning("node ejected", metadata: metadata)
    // Of some worker that has not settled yet; the others' views were told.
    case .connecting, .probing, .closed: break
    }
  }

  // MARK: Readiness

  // As `/readyz`: every worker has a node of the primary.
  private func noteReadiness() {
    let isReady = entries[0][0].views.indices.allSatisfy { worker in
      entries[0].contains { $0.views[worker].state.isReachable }
    }
    if isReady == self.isReady { return }
    self.isReady = isReady
    if isReady { log.info("ready") } else { log.warning("not ready") }
  }
}

extension NodeStatus.State {
  /// Not on the way from one of these to another.
  fileprivate var isSettled: Bool { self == .up || self == .suspect || self == .ejected }
}

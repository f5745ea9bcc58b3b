// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// Everything that `/metrics` tells, in its order. Each metric is described in docs/operations.md; a test
/// compares the two.
///
/// Operations, statuses and words of which there was none yet are left out: there would be hundreds.
struct MetricsReport {
  private let total: TotalMeasurements
  private var out = MetricsText()

  var text: String { out.text }

  /// - Parameters:
  ///   - limits: of connections, by listener.
  ///   - owed: what is owed to older tiers, by name.
  ///   - process: nil where the system does not tell.
  init(
    _ total: TotalMeasurements, version: String, limits: [(ListenerRole, Int)],
    owed: [(tier: String, InvalidationLedger.TierState)],
    process: ProcessFacts?
  ) {
    self.total = total
    requests()
    listeners()
    connectionLimits(limits)
    refusals()
    tierInfo()
    tierReads()
    tierWrites()
    tierDurations()
    backfills()
    writeOwed(owed)
    nodes()
    events()
    out.gauge(
      "crossfade_build_info", "Always 1; what is running is in the labels.", [.init("version", version)], 1)
    out.gauge("crossfade_workers", "Workers that answered this scrape.", total.workers)
    if let process { writeProcess(process) }
  }

  // MARK: Requests

  private mutating func requests() {
    let statuses = RequestCounts.statuses
    var answers: [MetricLabelPair: UInt64] = [:]
    var order: [MetricLabelPair] = []
    var latencies: [(operation: String, LatencyHistogram)] = []
    for (route, operation) in Routes.operations.enumerated() {
      for (slot, status) in statuses.enumerated() {
        let count = total.requests.answers[route * statuses.count + slot]
        let pair = MetricLabelPair(operation: operation, status: status == 0 ? "other" : String(status))
        if count == 0 { continue }
        // Health has a row in both tables of routes.
        if answers[pair] == nil { order.append(pair) }
        answers[pair, default: 0] += count
      }
      if total.requests.latencies[route].count == 0 { continue }
      if let known = latencies.firstIndex(where: { $0.operation == operation }) {
        latencies[known].1 += total.requests.latencies[route]
      } else {
        latencies.append((operation, total.requests.latencies[route]))
      }
    }
    for pair in order {
      out.counter(
        "crossfade_requests_total", "Requests that were answered, by route and status.",
        [.init("operation", pair.operation), .init("status", pair.status)], answers[pair] ?? 0)
    }
    for (operation, histogram) in latencies {
      out.histogram(
        "crossfade_request_duration_seconds",
        "From when all of a request was there to its answer, counted from turn to turn of the worker's loop.",
        [.init("operation", operation)], histogram)
    }
    out.counter(
      "crossfade_request_body_bytes_total", "Bytes of requests' bodies.", total.requests.requestBytes)
    out.counter(
      "crossfade_response_body_bytes_total", "Bytes of answers' bodies.", total.requests.responseBytes)
  }

  private struct MetricLabelPair: Hashable {
    let operation: String
    let status: String
  }

  private mutating func listeners() {
    let roles: [ListenerRole] = [.data, .admin]
    for role in roles {
      out.gauge(
        "crossfade_client_connections", "Client connections that are open.",
        [.init("listener", role.rawValue)], total.connections[role] ?? 0)
    }
    for role in roles {
      out.gauge(
        "crossfade_requests_in_flight", "Requests that wait for their answer.",
        [.init("listener", role.rawValue)], total.inFlight[role] ?? 0)
    }
  }

  private mutating func connectionLimits(_ limits: [(ListenerRole, Int)]) {
    for (role, limit) in limits {
      out.gauge(
        "crossfade_client_connections_limit", "The most client connections of all workers together.",
        [.init("listener", role.rawValue)], limit)
    }
  }

  private mutating func refusals() {
    let roles: [ListenerRole] = [.data, .admin]
    for role in roles {
      out.counter(
        "crossfade_client_connections_total", "Client connections that were accepted.",
        [.init("listener", role.rawValue)], total.limits[role]?.connections ?? 0)
    }
    for role in roles {
      for (limit, path) in Daemon.Counters.refusals {
        out.counter(
          "crossfade_limit_reached_total", "Times that a limit on clients refused or ended something.",
          [.init("listener", role.rawValue), .init("limit", limit)], total.limits[role]?[keyPath: path] ?? 0)
      }
    }
  }

  // MARK: Tiers

  private mutating func tierInfo() {
    for (index, tier) in total.tiers.enumerated() {
      out.gauge(
        "crossfade_tier_info", "Always 1; what each tier is.",
        [.init("tier", tier.name), .init("role", index == 0 ? "primary" : "older")], 1)
    }
  }

  private mutating func tierReads() {
    for tier in total.tiers {
      let counts = tier.counts
      let results = [
        ("hit", counts.hits), ("miss", counts.misses), ("error", counts.errors), ("skip", counts.skips),
      ]
      for (result, count) in results {
        out.counter(
          "crossfade_tier_reads_total",
          "Keys that were looked for in a tier; skip: its node was ejected, or the copy there is stale.",
          [.init("tier", tier.name), .init("result", result)], count)
      }
    }
  }

  private mutating func tierWrites() {
    for tier in total.tiers {
      let counts = tier.counts
      let results = [("done", counts.writes), ("error", counts.writeErrors), ("skip", counts.writeSkips)]
      for (result, count) in results {
        out.counter(
          "crossfade_tier_writes_total",
          "Commands that change an item, and deletions of older copies; skip: the node was ejected.",
          [.init("tier", tier.name), .init("result", result)], count)
      }
    }
  }

  private mutating func tierDurations() {
    for tier in total.tiers {
      out.histogram(
        "crossfade_tier_duration_seconds", "What one command to a tier took, skipped ones left out.",
        [.init("tier", tier.name)], tier.counts.latency)
    }
  }

  private mutating func backfills() {
    let counts = total.backfills
    let results = [
      ("stored", counts.stored), ("exists", counts.exists), ("too-large", counts.tooLarge),
      ("expired", counts.expired), ("suppressed", counts.suppressed), ("collapsed", counts.collapsed),
      ("limited", counts.limited), ("failed", counts.failed),
    ]
    for (result, count) in results {
      out.counter(
        "crossfade_backfills_total", "Hits of older tiers that were to be copied to the primary.",
        [.init("result", result)], count)
    }
  }

  private mutating func writeOwed(_ owed: [(tier: String, InvalidationLedger.TierState)]) {
    for (tier, state) in owed {
      out.gauge(
        "crossfade_owed_invalidations", "Stale copies in an older tier that are still to be deleted.",
        [.init("tier", tier)], state.owed)
    }
    for (tier, state) in owed {
      out.gauge(
        "crossfade_overflowed_invalidations",
        "Stale copies above --max-owed: while there are any the tier is not served.",
        [.init("tier", tier)], state.overflowed)
    }
  }

  // MARK: Nodes

  private mutating func forEachNode(
    _ body: (inout MetricsText, [MetricLabel], [NodeStatus]) -> Void
  ) {
    for tier in total.tiers {
      for node in tier.nodes { body(&out, [.init("tier", tier.name), .init("node", node.name)], node.views) }
    }
  }

  private mutating func nodes() {
    forEachNode { out, labels, views in
      let isUp = views.allSatisfy(\.state.isReachable)
      out.gauge("crossfade_node_up", "1 when every worker reaches the node.", labels, isUp ? 1 : 0)
    }
    forEachNode { out, labels, views in
      for state in NodeStatus.State.allCases {
        out.gauge(
          "crossfade_node_state", "Workers that see the node in this state.",
          labels + [.init("state", state.rawValue)], views.count { $0.state == state })
      }
    }
    forEachNode { out, labels, views in
      out.gauge(
        "crossfade_node_in_flight", "Commands that the node has not answered yet.", labels,
        views.map(\.inFlight).reduce(0, +))
    }
    forEachNode { out, labels, views in
      out.gauge(
        "crossfade_node_waiting", "Those of them that wait for a connection to the node.", labels,
        views.map(\.waiting).reduce(0, +))
    }
  }

  // MARK: The process

  private mutating func events() {
    for event in CountedEvent.allCases {
      let metric = event.metric
      out.counter(metric.name, metric.help, metric.labels, total.events[event.rawValue])
    }
  }

  private mutating func writeProcess(_ facts: ProcessFacts) {
    out.gauge(
      "process_start_time_seconds", "Start time of the process since the Unix epoch.", facts.startTimeSeconds)
    out.counter("process_cpu_seconds_total", "Processor time that the process has used.", facts.cpuSeconds)
    out.gauge("process_resident_memory_bytes", "Resident memory.", facts.residentBytes)
    out.gauge("process_virtual_memory_bytes", "Virtual memory.", facts.virtualBytes)
    out.gauge("process_max_fds", "The most descriptors that may be open.", facts.maximumDescriptors)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// A copy of what one worker has counted and how things stand with it: what it mails to who asks.
struct Measurements: Sendable {
  struct OfTier: Sendable {
    let name: String
    let counts: TierCounts
    let nodes: [(name: String, status: NodeStatus)]
  }

  struct OfListener: Sendable {
    let role: ListenerRole
    let connections: Int
    let inFlight: Int
    let limits: Daemon.Counters
  }

  /// Of the tiers (`NodeFactory.generation`).
  var generation = 0
  var requests: RequestCounts
  var events: [UInt64]
  var tiers: [OfTier]
  var backfills: BackfillCounts
  var listeners: [OfListener]
}

extension Measurements {
  /// Of a worker's client.
  init(_ metrics: WorkerMetrics, _ client: FallbackClient, _ listeners: [OfListener]) {
    requests = metrics.counts
    events = metrics.events
    tiers = client.tiers.map { tier in
      OfTier(
        name: tier.name, counts: tier.counter.counts,
        nodes: tier.cluster.nodes.map { ($0.name, $0.status) })
    }
    backfills = client.backfillCounts
    self.listeners = listeners
  }
}

/// What all workers have measured, added up.
struct TotalMeasurements {
  struct Tier {
    let name: String
    var counts = TierCounts()
    /// In the order in which they were first seen.
    var nodes: [(name: String, views: [NodeStatus])] = []
  }

  let workers: Int
  var requests = RequestCounts()
  /// Those of the process included.
  var events = ProcessCounters.shared.all
  var tiers: [Tier] = []
  var backfills = BackfillCounts()
  var connections: [ListenerRole: Int] = [:]
  var inFlight: [ListenerRole: Int] = [:]
  var limits: [ListenerRole: Daemon.Counters] = [.data: .init(), .admin: .init()]

  init(_ parts: [Measurements]) {
    workers = parts.count
    for part in parts {
      requests += part.requests
      for index in events.indices { events[index] += part.events[index] }
      backfills = backfills + part.backfills
      for tier in part.tiers { add(tier) }
      for listener in part.listeners {
        connections[listener.role, default: 0] += listener.connections
        inFlight[listener.role, default: 0] += listener.inFlight
        limits[listener.role] = limits[listener.role, default: .init()] + listener.limits
      }
    }
  }

  // Workers may differ in their tiers for as long as it takes to change them.
  private mutating func add(_ part: Measurements.OfTier) {
    let place = tiers.firstIndex { $0.name == part.name } ?? tiers.endIndex
    if place == tiers.endIndex { tiers.append(Tier(name: part.name)) }
    tiers[place].counts += part.counts
    for node in part.nodes {
      if let known = tiers[place].nodes.firstIndex(where: { $0.name == node.name }) {
        tiers[place].nodes[known].views.append(node.status)
      } else {
        tiers[place].nodes.append((node.name, [node.status]))
      }
    }
  }
}

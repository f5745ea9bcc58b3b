// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

extension NodeStatus {
  /// One view of a node from those of all workers: what waits is added up, the worst state shows.
  init(merging views: [NodeStatus]) {
    let worstFirst: [State] = [.ejected, .probing, .suspect, .connecting, .closed, .up]
    let worst = worstFirst.lazy.compactMap { state in views.first { $0.state == state } }.first
    self = worst ?? NodeStatus(state: .closed)
    inFlight = views.map(\.inFlight).reduce(0, +)
    let known = views.first { $0.wireProtocol != nil }
    wireProtocol = known?.wireProtocol
    version = known?.version
  }
}

/// A node in `/tiers` and `/stats`.
struct NodeBody: Encodable {
  private enum Member: String, CodingKey {
    case name, state, version, error, stats
    case wireProtocol = "protocol"
    case inFlight = "in_flight"
  }

  var name: String
  var status: NodeStatus
  /// Why it is not up, or did not give its statistics.
  var error: String?
  /// Nil where none were asked for, or none came.
  var statistics: [Statistic]?

  func encode(to encoder: any Encoder) throws {
    var members = encoder.container(keyedBy: Member.self)
    try members.encode(name, forKey: .name)
    try members.encode(status.state.rawValue, forKey: .state)
    try members.encodeIfPresent(status.wireProtocol?.rawValue, forKey: .wireProtocol)
    try members.encodeIfPresent(status.version, forKey: .version)
    try members.encode(status.inFlight, forKey: .inFlight)
    try members.encodeIfPresent(error, forKey: .error)
    let pairs = statistics?.map { ($0.name, $0.value) }
    try members.encodeIfPresent(
      pairs.map { Dictionary($0, uniquingKeysWith: { _, last in last }) }, forKey: .stats)
  }
}

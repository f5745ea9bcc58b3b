// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting

/// What befalls the servers, and what it excuses.
extension HTTPWorld {
  /// The primary drops an item, as one does that needs its memory.
  func evict(_ key: Key) throws {
    let node = try clusters.node(of: key.description, in: .new)
    guard away[0] != node, model.overlapCount(of: key) < 4 else { return }
    history.append("\(key) is evicted")
    counts.evictions += 1
    try clusters.server(.new, node).evict([key.description])
    model.mayHaveLost(key)
  }

  /// Both tiers are emptied through the program, while nothing else is under way.
  func flush() throws {
    let response = try http(clusters.gateway.adminAddress, "POST", "/flush?tier=new&tier=old")
    history.append("flush: \(response.status)")
    if response.status != 200 { note("flush: \(response.text)") }
    model.flushed()
  }

  // MARK: Absence

  /// Seldom, and each node in its turn: one that has come back only just now is waited for longer each time.
  private static let troublesPerRound = 2

  /// Takes a node away, or brings it back: at most one of each tier at a time.
  func changeHealth() throws {
    let side = TwoClusters.Side.allCases[random.number(in: 0..<2)]
    if away[side.rawValue] != nil {
      try bringBack(side)
      return side == .old ? try uncover() : ()
    }
    if counts.troubles == Self.troublesPerRound { return }
    let node = (round + counts.troubles) % TwoClusters.nodesPerTier
    if conditions.trouble == .kills {
      try kill(side, node)
    } else {
      clusters.server(side, node).suspend()
    }
    history.append("\(side.name) node \(node) is away")
    counts.troubles += 1
    away[side.rawValue] = node
    if side == .new { absences.append(Absence(node: node, start: time)) }
  }

  // What it had is gone. An older copy of an item of the primary must not show for it, nor a value of another
  // node: the model allows neither.
  private func kill(_ side: TwoClusters.Side, _ node: Int) throws {
    try clusters.kill(side, node)
    for key in random.keys where try clusters.node(of: key.description, in: side) == node {
      model.mayHaveLost(key, isOfPrimary: side == .new)
    }
  }

  /// Returns when the program uses the node again.
  func bringBack(_ side: TwoClusters.Side) throws {
    guard let node = away[side.rawValue] else { return }
    if conditions.trouble == .kills {
      try clusters.restart(side, node)
    } else {
      clusters.server(side, node).resume()
      try waitUntilUp(side, node)
    }
    history.append("\(side.name) node \(node) is back")
    away[side.rawValue] = nil
    if side == .new { absences[absences.count - 1].end = time }
  }

  // An older node is back with what it had: the worst moment for the primary to lose everything, as nothing
  // that is owed has been settled yet.
  private func uncover() throws {
    for key in random.keys { try evict(key) }
    if let client = clients.indices.first(where: { clients[$0].underWay == nil }) {
      try begin(client, many: random.keys)
      try end(client)
    }
  }

  // Its state and not its log: nobody may have asked it while it was stopped.
  private func waitUntilUp(_ side: TwoClusters.Side, _ node: Int) throws {
    let limit = Date().addingTimeInterval(10)
    while try clusters.states()[side.rawValue][node] != "up" {
      guard Date() < limit else { throw GatewayProcess.Failure(description: "a node does not come back") }
      usleep(5_000)
    }
  }

  // MARK: Verdicts

  /// What is wrong with a result beside what the model says of it: only keys of a node that was away may
  /// fail, and as long as it is away nobody can have looked there, or changed anything.
  func verdict(
    _ key: Key, _ result: Result<Reply, MemcachedError>, tier: Int, since began: Int,
    _ request: HTTPOperation?
  ) throws -> String? {
    let node = try clusters.node(of: key.description, in: .new)
    let meets = absences.filter { $0.node == node && $0.end ?? time >= began }
    switch result {
    case .failure(let error):
      counts.failures += 1
      // Where nodes have little time, one that is slow is as good as stopped.
      guard conditions.trouble == .kills, meets.isEmpty else { return nil }
      return "\(key) failed although its node was there: \(error)"
    case .success(let reply):
      guard meets.contains(where: { $0.start < began && $0.end == nil }) else { return nil }
      return mayBeSaid(reply, tier, request) ? nil : "\(key) gave \(reply) although its node is away"
    }
  }

  // What is answered without the primary: hits of the older tier, an add of what it has, and a tag that is of
  // no item of the primary.
  private func mayBeSaid(_ reply: Reply, _ tier: Int, _ request: HTTPOperation?) -> Bool {
    switch (reply, request?.operation) {
    case (.hit, _): tier > 0
    case (.notStored, .store(.add, _, _, _)?): true
    case (.exists, _): request?.known?.isWeak == true
    default: false
    }
  }
}

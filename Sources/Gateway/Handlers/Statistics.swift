// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// `GET /stats`, `GET /stats?tier=old`: each server's own statistics, what all workers see of it, and what
/// they have copied.
enum Statistics {
  static func get(_ call: Call) throws(Problem) {
    let form = try call.negotiate([.json, .text])
    let names = call.query.values("tier").map { String(decoding: $0, as: UTF8.self) }
    try call.context.checkTiers(names)
    call.context.client.stats("", tiers: names.isEmpty ? nil : names) { answers in
      call.context.collectNodeStatuses { workers in
        call.context.collectBackfillCounts { counts in
          let body = StatisticsBody(
            backfill: .init(counts.reduce(BackfillCounts(), +)),
            tiers: answers.map { tier($0, workers, call.context.client) })
          if form == .json { return call.respond(json: body) }
          call.respond(.of(.text, Array(TextTable.text(rows(body)).utf8)))
        }
      }
    }
  }

  private static func tier(
    _ answers: TierAnswers, _ workers: [[[NodeStatus]]], _ client: FallbackClient
  ) -> StatisticsBody.Tier {
    guard let index = client.tiers.firstIndex(where: { $0.name == answers.tier }) else {
      preconditionFailure("an answer of a tier that is none")
    }
    let owed = client.owed(tier: index)
    return StatisticsBody.Tier(
      name: answers.tier, owedInvalidations: owed.owed,
      overflowedInvalidations: owed.overflowed, isServed: owed.overflowed == 0,
      nodes: answers.nodes.enumerated().map { position, answer in
        node(answer.node, NodeStatus(merging: workers.map { $0[index][position] }), answer.result)
      })
  }

  private static func node(
    _ name: String, _ status: NodeStatus, _ result: Result<Reply, MemcachedError>
  ) -> NodeBody {
    var node = NodeBody(name: name, status: status)
    switch result {
    case .success(.stats(let statistics)): node.statistics = statistics
    case .success: node.error = "\(name): the reply is no statistics"
    case .failure(let error): node.error = error.description
    }
    return node
  }

  /// A line a fact, each with its tier and node, so that `grep` finds it.
  private static func rows(_ body: StatisticsBody) -> [[String]] {
    var rows = body.backfill.rows.map { ["-", "-", "backfill_\($0.name)", String($0.count)] }
    for tier in body.tiers {
      rows.append([tier.name, "-", "owed_invalidations", String(tier.owedInvalidations)])
      rows.append([tier.name, "-", "overflowed_invalidations", String(tier.overflowedInvalidations)])
      rows.append([tier.name, "-", "served", String(tier.isServed)])
      for node in tier.nodes {
        let facts = [
          ("state", node.status.state.rawValue), ("protocol", node.status.wireProtocol?.rawValue),
          ("in_flight", String(node.status.inFlight)), ("error", node.error),
        ]
        for case (let name, let value?) in facts { rows.append([tier.name, node.name, name, value]) }
        rows += (node.statistics ?? []).map { [tier.name, node.name, $0.name, $0.value] }
      }
    }
    return rows
  }
}

/// Rows in columns for eyes.
enum TextTable {
  /// Each column is as wide as its widest cell; the last one is not padded.
  static func text(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
      }
      return cells.joined(separator: "  ") + "\n"
    }.joined()
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// `GET /tiers`: the tiers in the fallback order, and their nodes as all workers together see them. Nothing
/// is sent to a server for it, so that it answers when none of them does.
enum Tiers {
  static func get(_ call: Call) throws(Problem) {
    answer(call, call.context, try call.negotiate([.json, .text]))
  }

  /// - Parameter context: the one whose tiers they are: of a change, the one that came of it.
  static func answer(_ call: Call, _ context: ServiceContext, _ form: Representation) {
    context.collectNodeStatuses { workers in
      let settings = context.settings.tiers
      let tiers = context.client.tiers.enumerated().map { index, tier in
        let nodes = tier.cluster.nodes.enumerated().map { position, node in
          let status = NodeStatus(merging: workers.map { $0[index][position] })
          return NodeBody(name: node.name, status: status, error: reason(status.lastError))
        }
        return TiersBody.Tier(settings[index], isPrimary: index == 0, nodes: nodes)
      }
      if form == .json { return call.respond(json: TiersBody(tiers: tiers)) }
      call.respond(.of(.text, Array(TextTable.text(rows(tiers)).utf8)))
    }
  }

  /// Without the node's name, which stands beside it.
  private static func reason(_ error: MemcachedError?) -> String? {
    var error = error
    error?.node = nil
    return error?.description
  }

  /// A line a node under a line of titles: what is set for its tier, and what was found.
  private static func rows(_ tiers: [TiersBody.Tier]) -> [[String]] {
    let found = ["mode", "node", "state", "speaks", "version", "in_flight", "error"]
    var rows = [["tier", "role", "distribution", "protocol"] + found]
    for tier in tiers {
      for node in tier.nodes {
        rows.append([
          tier.name, tier.role.rawValue, tier.distribution, tier.wireProtocol, tier.mode,
          node.name, node.status.state.rawValue, node.status.wireProtocol?.rawValue ?? "-",
          node.status.version ?? "-",
          String(node.status.inFlight), node.error ?? "-",
        ])
      }
    }
    return rows
  }
}

/// What `/tiers` answers.
struct TiersBody: Encodable {
  enum Role: String, Encodable {
    case primary, older
  }

  struct Tier: Encodable {
    private enum CodingKeys: String, CodingKey {
      case name, role, mode, distribution, nodes
      case wireProtocol = "protocol"
    }

    let name: String
    let role: Role
    let mode: String
    /// As set; says nothing for one node.
    let distribution: String
    /// As set: `auto` leaves it to what each node speaks.
    let wireProtocol: String
    let nodes: [NodeBody]

    init(_ settings: TierSettings, isPrimary: Bool, nodes: [NodeBody]) {
      name = settings.name
      role = isPrimary ? .primary : .older
      mode = settings.mode.rawValue
      distribution = settings.distribution.rawValue
      wireProtocol = settings.wireProtocol.rawValue
      self.nodes = nodes
    }
  }

  let tiers: [Tier]
}

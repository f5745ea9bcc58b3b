// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// `GET /migration`, `GET /migration/verdict`: how far the move is, and whether to go to the primary alone. Said
/// by what the workers have counted; no server is asked.
enum Migration {
  static func get(_ call: Call) throws(Problem) {
    let form = try call.negotiate([.json, .text])
    report(call.context) { report in
      if form == .json { return call.respond(json: report.body) }
      call.respond(.of(.text, Array(report.text.utf8)))
    }
  }

  /// 200 only if it is, so that `curl -f` tells, too.
  static func verdict(_ call: Call) throws(Problem) {
    let form = try call.negotiate([.json, .text])
    report(call.context) { report in
      let body =
        form == .json ? call.context.json.encode(report.verdictBody) : Array(report.verdictText.utf8)
      var response = Response.of(form, status: report.verdict == .ready ? 200 : 503, body)
      if let seconds = report.secondsLeft { response.add("Retry-After", String(seconds)) }
      call.respond(response)
    }
  }

  private static func report(_ context: ServiceContext, _ completion: @escaping (MigrationReport) -> Void) {
    context.collectMeasurements { parts in
      completion(MigrationReport(facts(context, parts), context.settings.migration))
    }
  }

  private static func facts(_ context: ServiceContext, _ parts: [Measurements]) -> MigrationFacts {
    let settings = context.settings
    // Nothing is known, and nothing is said, of tiers that have just changed.
    let span = context.migration?.span(to: parts)
    let tiers = settings.tiers.enumerated().map { index, tier in
      MigrationFacts.Tier(
        name: tier.name, mode: tier.mode, reads: span?.counts.reads[index] ?? .init(),
        owed: index == 0 ? .init() : context.client.owed(tier: index))
    }
    var facts = MigrationFacts(tiers: tiers)
    facts.observed = span?.observed ?? .zero
    facts.backfills = span?.counts.backfills ?? .init()
    facts.nodesNotUp = nodesNotUp(parts, tiers[0].name)
    if !settings.backfill.isEnabled { facts.whyNotCopied = "backfill is off (--backfill)" }
    if !settings.policy.promotes { facts.whyNotCopied = "the policy \(settings.policy) does not (--policy)" }
    return facts
  }

  private static func nodesNotUp(
    _ parts: [Measurements], _ primary: String
  ) -> [(name: String, state: NodeStatus.State)] {
    let nodes = TotalMeasurements(parts).tiers.first { $0.name == primary }?.nodes ?? []
    return nodes.compactMap { node in
      let status = NodeStatus(merging: node.views)
      // What runs in this process is up while this process is.
      return status.state == .up || status.wireProtocol == .memory ? nil : (node.name, status.state)
    }
  }
}

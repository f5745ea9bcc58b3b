// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What `/migration` and `/migration/verdict` tell, in both forms.
struct MigrationReport {
  let facts: MigrationFacts
  let limits: MigrationLimits
  let verdict: MigrationVerdict
  let reasons: [MigrationReason]

  init(_ facts: MigrationFacts, _ limits: MigrationLimits) {
    let rules = MigrationRules(facts, limits)
    self.facts = facts
    self.limits = limits
    (verdict, reasons) = (rules.verdict, rules.reasons)
  }

  /// Whole seconds until the window is full, if that is what is missing.
  var secondsLeft: Int64? {
    if verdict != .wait || facts.observed >= limits.window { return nil }
    return ((limits.window - facts.observed).wholeMilliseconds + 999) / 1_000
  }

  var verdictBody: MigrationVerdictBody { MigrationVerdictBody(verdict: verdict, reasons: reasons) }

  /// The verdict, and a line for each reason.
  var verdictText: String {
    let rows = reasons.map { [$0.verdict.rawValue, $0.code, $0.tier ?? "-", $0.detail] }
    return "\(verdict.rawValue)\n" + TextTable.text(rows)
  }

  // MARK: All of it

  var body: MigrationBody {
    let tiers = facts.tiers.enumerated().map { index, tier in
      MigrationBody.Tier(
        name: tier.name, role: index == 0 ? .primary : .older, mode: tier.mode.rawValue,
        hits: tier.reads.hits, misses: tier.reads.misses, errors: tier.reads.errors, skips: tier.reads.skips,
        shareOfHits: share(tier.reads.hits),
        hitsPerSecond: facts.perSecond(tier.reads.hits), owedInvalidations: tier.owed.owed,
        overflowedInvalidations: tier.owed.overflowed)
    }
    return MigrationBody(
      verdict: verdict, reasons: reasons, primary: facts.tiers[0].name,
      windowSeconds: seconds(limits.window), observedSeconds: seconds(facts.observed), reads: facts.reads,
      olderShareOfHits: share(facts.olderHits),
      maximumOlderShareOfHits: Double(limits.maximumOlderHits.millionths) / 1e6,
      olderHitsPerSecond: facts.perSecond(facts.olderHits), tiers: tiers, backfill: .init(facts.backfills))
  }

  var text: String {
    let body = body
    let facts = [
      ["primary", body.primary], ["window_seconds", "\(body.windowSeconds)"],
      ["observed_seconds", "\(body.observedSeconds)"], ["reads", "\(body.reads)"],
      ["older_share_of_hits", told(body.olderShareOfHits)],
      ["maximum_older_share_of_hits", "\(body.maximumOlderShareOfHits)"],
      ["older_hits_per_second", "\(body.olderHitsPerSecond)"],
    ]
    let copies = body.backfill.rows.map { ["backfill_\($0.name)", "\($0.count)"] }
    let titles = [
      "tier", "role", "mode", "hits", "misses", "errors", "skips", "share_of_hits", "hits_per_second", "owed",
      "overflowed",
    ]
    let rows = body.tiers.map { tier in
      [
        tier.name, tier.role.rawValue, tier.mode, "\(tier.hits)", "\(tier.misses)", "\(tier.errors)",
        "\(tier.skips)", told(tier.shareOfHits), "\(tier.hitsPerSecond)", "\(tier.owedInvalidations)",
        "\(tier.overflowedInvalidations)",
      ]
    }
    let tables = [TextTable.text(facts + copies), TextTable.text([titles] + rows)]
    return ([verdictText] + tables).joined(separator: "\n")
  }

  private func told(_ share: Double?) -> String { share.map { "\($0)" } ?? "-" }

  private func share(_ hits: UInt64) -> Double? {
    Share(hits, of: facts.hits).map { Double($0.millionths) / 1e6 }
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.wholeMilliseconds / 100) / 10
  }
}

/// What `/migration/verdict` answers.
struct MigrationVerdictBody: Encodable {
  let verdict: MigrationVerdict
  let reasons: [MigrationReason]
}

/// What `/migration` answers. All counts are those of the seconds that were observed, and of this gateway.
struct MigrationBody: Encodable {
  struct Tier: Encodable {
    private enum CodingKeys: String, CodingKey {
      case name, role, mode, hits, misses, errors, skips
      case shareOfHits = "share_of_hits"
      case hitsPerSecond = "hits_per_second"
      case owedInvalidations = "owed_invalidations"
      case overflowedInvalidations = "overflowed_invalidations"
    }

    let name: String
    let role: TiersBody.Role
    let mode: String
    let hits, misses, errors, skips: UInt64
    /// Of the hits of all tiers; nil where there are none.
    let shareOfHits: Double?
    let hitsPerSecond: Double
    let owedInvalidations, overflowedInvalidations: Int
  }

  private enum CodingKeys: String, CodingKey {
    case verdict, reasons, primary, reads, tiers, backfill
    case windowSeconds = "window_seconds"
    case observedSeconds = "observed_seconds"
    case olderShareOfHits = "older_share_of_hits"
    case maximumOlderShareOfHits = "maximum_older_share_of_hits"
    case olderHitsPerSecond = "older_hits_per_second"
  }

  let verdict: MigrationVerdict
  let reasons: [MigrationReason]
  let primary: String
  let windowSeconds, observedSeconds: Double
  let reads: UInt64
  /// Of the hits of all tiers; nil where there are none.
  let olderShareOfHits: Double?
  let maximumOlderShareOfHits: Double
  /// What will come to what is behind the cache.
  let olderHitsPerSecond: Double
  let tiers: [Tier]
  let backfill: StatisticsBody.Backfill
}

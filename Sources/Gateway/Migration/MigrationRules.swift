// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// Whether it is time to go to the primary alone. A wrong "ready" sends the load of a cache to what is behind
// it, so whatever is not known for sure is a reason not to be. Of what came within the window:
//
// | code                     | verdict | when                                                               |
// |--------------------------|---------|--------------------------------------------------------------------|
// | no-older-tier            | blocked | there is none: nothing is known of what only it has                |
// | primary-not-up           | blocked | a node of the primary is not up in every worker; each is told      |
// | reads-failed             | blocked | a tier failed more of its reads than the maximum share             |
// | overflowed-invalidations | blocked | an older tier is not read, as too many stale copies are in it      |
// | not-copied               | blocked | too many hits of older tiers, which stay there: backfill is off,   |
// |                          |         | or refused more than half of them                                  |
// | window-not-full          | wait    | less than the window was seen since the start or a change of tiers |
// | few-reads                | wait    | fewer keys were read than the minimum                              |
// | no-hits                  | wait    | no tier had any of them: there is nothing to compare               |
// | older-hits               | wait    | older tiers had more of all hits than the maximum share            |
// | owed-invalidations       | wait    | stale copies in an older tier are still to be deleted              |
//
// None of these: ready. Time mends what is to be waited for; for what is blocked somebody has to do something.
// An older tier that drains is not read: that is the trial without it, and it neither hits nor fails.

/// What was seen of a move.
struct MigrationFacts {
  struct Tier {
    let name: String
    var mode = TierMode.serving
    /// Within the window.
    var reads = MigrationCounts.Reads()
    var owed = InvalidationLedger.TierState()
  }

  /// The primary first.
  var tiers: [Tier]
  /// Nodes of the primary that are not up in every worker, by name.
  var nodesNotUp: [(name: String, state: NodeStatus.State)] = []
  /// How long was looked.
  var observed: Duration = .zero
  /// Within the window.
  var backfills = BackfillCounts()
  /// Why nothing is copied; nil = hits of older tiers are.
  var whyNotCopied: String?

  var olderTiers: ArraySlice<Tier> { tiers.dropFirst() }
  /// Keys that were read: each is looked for in the primary first.
  var reads: UInt64 { tiers[0].reads.all }
  var hits: UInt64 { tiers.map(\.reads.hits).reduce(0, +) }
  var olderHits: UInt64 { olderTiers.map(\.reads.hits).reduce(0, +) }

  /// To hundredths, as nobody needs to know more.
  func perSecond(_ count: UInt64) -> Double {
    let milliseconds = observed.wholeMilliseconds
    return milliseconds == 0 ? 0 : (Double(count) * 100_000 / Double(milliseconds)).rounded() / 100
  }
}

/// Whether to go to the primary alone.
enum MigrationVerdict: String, Encodable {
  case ready, wait, blocked
}

/// Why not.
struct MigrationReason: Encodable, Hashable {
  /// What it makes the verdict.
  let verdict: MigrationVerdict
  /// One of the table's.
  let code: String
  /// Where one is meant.
  var tier: String?
  /// For people.
  let detail: String
}

struct MigrationRules {
  private let facts: MigrationFacts
  private let limits: MigrationLimits
  /// All of them, those first that somebody has to do something about.
  private(set) var reasons: [MigrationReason] = []

  init(_ facts: MigrationFacts, _ limits: MigrationLimits) {
    self.facts = facts
    self.limits = limits
    reasons = blocked + waiting
  }

  var verdict: MigrationVerdict { reasons.first?.verdict ?? .ready }

  private var tooManyOlderHits: Bool {
    limits.maximumOlderHits.isExceeded(by: facts.olderHits, of: facts.hits)
  }

  // MARK: Blocked

  private var blocked: [MigrationReason] {
    noOlderTier + primaryNotUp + readsFailed + overflowed + notCopied
  }

  private var noOlderTier: [MigrationReason] {
    if !facts.olderTiers.isEmpty { return [] }
    return [
      reason(.blocked, "no-older-tier", "there is no older tier, so that nobody can say what only it has")
    ]
  }

  private var primaryNotUp: [MigrationReason] {
    facts.nodesNotUp.map { node in
      reason(
        .blocked, "primary-not-up", of: facts.tiers[0],
        "\(node.name) is \(node.state.rawValue), and has to be up in every worker")
    }
  }

  private var readsFailed: [MigrationReason] {
    facts.tiers.compactMap { tier in
      let (failed, all) = (tier.reads.failed, tier.reads.all)
      guard limits.maximumOlderHits.isExceeded(by: failed, of: all) else { return nil }
      return reason(
        .blocked, "reads-failed", of: tier,
        "\(failed) of \(all) keys could not be looked for (\(shares(failed, all))), so that nobody knows "
          + "whether it has them")
    }
  }

  private var overflowed: [MigrationReason] {
    facts.olderTiers.filter { $0.owed.overflowed > 0 }.map { tier in
      reason(
        .blocked, "overflowed-invalidations", of: tier,
        "\(tier.owed.overflowed) stale copies more than are remembered (--max-owed): it is not read until "
          + "it is flushed")
    }
  }

  private var notCopied: [MigrationReason] {
    guard tooManyOlderHits else { return [] }
    if let why = facts.whyNotCopied {
      return [reason(.blocked, "not-copied", "hits of older tiers are not copied to the primary: \(why)")]
    }
    let counts = facts.backfills
    let refused = counts.tooLarge + counts.limited + counts.failed
    guard refused > facts.olderHits / 2 else { return [] }
    let causes = [
      (counts.tooLarge, "too large (--backfill-max-size, or what its servers take)"),
      (counts.limited, "over the rate (--backfill-items-per-second, --backfill-bytes-per-second)"),
      (counts.failed, "failed in the primary (crossfade_tier_writes_total, its servers' logs)"),
    ]
    let told = causes.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    return [
      reason(
        .blocked, "not-copied",
        "\(refused) of \(facts.olderHits) hits of older tiers were not copied to the primary: \(told)")
    ]
  }

  // MARK: Waiting

  private var waiting: [MigrationReason] { notFull + fewReads + noHits + olderHits + owed }

  private var notFull: [MigrationReason] {
    if facts.observed >= limits.window { return [] }
    let (seen, all) = (facts.observed.wholeMilliseconds / 1_000, limits.window.wholeMilliseconds)
    let seconds = all % 1_000 == 0 ? "\(all / 1_000)" : "\(Double(all) / 1_000)"
    return [
      reason(
        .wait, "window-not-full",
        "\(seen) of \(seconds) seconds (--migration-window) were seen since the start or the last change of tiers"
      )
    ]
  }

  private var fewReads: [MigrationReason] {
    if facts.reads >= limits.minimumReads { return [] }
    return [
      reason(
        .wait, "few-reads",
        "\(facts.reads) keys were read, fewer than \(limits.minimumReads) (--migration-min-reads)")
    ]
  }

  private var noHits: [MigrationReason] {
    // Without any reads they are too few.
    if facts.hits > 0 || facts.reads == 0 { return [] }
    return [reason(.wait, "no-hits", "no tier had any of the \(facts.reads) keys that were read")]
  }

  private var olderHits: [MigrationReason] {
    guard tooManyOlderHits else { return [] }
    let own = facts.olderTiers.filter { $0.reads.hits > 0 }
    return own.map { tier in
      let together = own.count > 1 ? ", with the other older tiers \(facts.olderHits)" : ""
      return reason(
        .wait, "older-hits", of: tier,
        "\(tier.reads.hits) of \(facts.hits) hits were in it alone\(together) "
          + "(\(shares(facts.olderHits, facts.hits))), \(facts.perSecond(tier.reads.hits)) a second")
    }
  }

  private var owed: [MigrationReason] {
    facts.olderTiers.filter { $0.owed.owed > 0 }.map { tier in
      reason(
        .wait, "owed-invalidations", of: tier, "\(tier.owed.owed) stale copies in it are still to be deleted")
    }
  }

  // MARK: Words

  private func reason(
    _ verdict: MigrationVerdict, _ code: String, of tier: MigrationFacts.Tier? = nil, _ detail: String
  ) -> MigrationReason {
    MigrationReason(verdict: verdict, code: code, tier: tier?.name, detail: detail)
  }

  private func shares(_ part: UInt64, _ whole: UInt64) -> String {
    let share = Share(part, of: whole) ?? Share(millionths: 0)
    return "\(share), at most \(limits.maximumOlderHits) by --migration-max-older-hits"
  }
}

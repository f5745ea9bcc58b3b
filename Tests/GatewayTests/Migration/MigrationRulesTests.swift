// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Testing

@testable import Gateway

/// A change of a move that is ready, and what is said of it: `verdict code tier` for each reason.
struct MigrationRow: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let change: @Sendable (inout MigrationFacts, inout MigrationLimits) -> Void
  let expected: [String]

  init(
    _ description: String, _ expected: [String],
    _ change: @escaping @Sendable (inout MigrationFacts, inout MigrationLimits) -> Void
  ) {
    testDescription = description
    self.expected = expected
    self.change = change
  }

  /// 1000 reads and hits, 10 of them in the older tier, in 10 minutes: each just as much as it has to be.
  static var ready: MigrationFacts {
    var facts = MigrationFacts(tiers: [.init(name: "new"), .init(name: "old")])
    facts.tiers[0].reads = .init(hits: 990, misses: 10)
    facts.tiers[1].reads = .init(hits: 10)
    facts.backfills.stored = 10
    facts.observed = .seconds(600)
    return facts
  }

  var rules: MigrationRules {
    var (facts, limits) = (MigrationRow.ready, MigrationLimits())
    change(&facts, &limits)
    return MigrationRules(facts, limits)
  }
}

extension MigrationRow {
  static let time: [MigrationRow] = [
    .init("all is as it has to be", []) { _, _ in },
    .init("a millisecond less than the window", ["wait window-not-full"]) { facts, _ in
      facts.observed = .milliseconds(599_999)
    },
    .init("nothing seen yet", ["wait window-not-full", "wait few-reads"]) { facts, _ in
      facts = MigrationFacts(tiers: [.init(name: "new"), .init(name: "old")])
    },
    .init("a longer window", ["wait window-not-full"]) { $1.window = .seconds(601) },
    .init("one read more is wanted", ["wait few-reads"]) { $1.minimumReads = 1_001 },
    .init("a key of the primary that could not be looked for was read", []) { facts, limits in
      facts.tiers[0].reads.skips = 1
      limits.minimumReads = 1_001
    },
    .init("no hits", ["wait no-hits"]) { facts, _ in
      facts.tiers[0].reads = .init(misses: 1_000)
      facts.tiers[1].reads = .init(misses: 1_000)
    },
  ]

  static let hits: [MigrationRow] = [
    .init("one hit more in the older tier", ["wait older-hits old"]) { facts, _ in
      facts.tiers[1].reads.hits = 11
    },
    .init("one hit less in the primary", ["wait older-hits old"]) { facts, _ in
      facts.tiers[0].reads = .init(hits: 989, misses: 11)
    },
    .init("none allowed and one there", ["wait older-hits old"]) { facts, limits in
      limits.maximumOlderHits = Share(millionths: 0)
      facts.tiers[1].reads.hits = 1
    },
    .init("none allowed and none there", []) { facts, limits in
      limits.maximumOlderHits = Share(millionths: 0)
      facts.tiers[1].reads.hits = 0
    },
    .init("all hits in the older tier, and all allowed", []) { facts, limits in
      limits.maximumOlderHits = Share(millionths: 1_000_000)
      facts.tiers[0].reads = .init(misses: 1_000)
      facts.tiers[1].reads = .init(hits: 1_000)
    },
    .init("two older tiers that together have too much", ["wait older-hits old", "wait older-hits oldest"]) {
      facts, _ in
      facts.tiers[1].reads.hits = 6
      facts.tiers.append(.init(name: "oldest", reads: .init(hits: 5)))
    },
    .init("two older tiers of which one has too much", ["wait older-hits oldest"]) { facts, _ in
      facts.tiers[1].reads.hits = 0
      facts.tiers.append(.init(name: "oldest", reads: .init(hits: 20)))
    },
  ]

  static let copies: [MigrationRow] = [
    .init("backfill is off, and little is left", []) { facts, _ in facts.whyNotCopied = "off" },
    .init("backfill is off, and much is left", ["blocked not-copied", "wait older-hits old"]) { facts, _ in
      facts.whyNotCopied = "off"
      facts.tiers[1].reads.hits = 100
    },
    .init("just half was refused", ["wait older-hits old"]) { facts, _ in
      facts.tiers[1].reads.hits = 100
      (facts.backfills.tooLarge, facts.backfills.limited, facts.backfills.failed) = (20, 20, 10)
    },
    .init("more than half was refused", ["blocked not-copied", "wait older-hits old"]) { facts, _ in
      facts.tiers[1].reads.hits = 100
      (facts.backfills.tooLarge, facts.backfills.limited, facts.backfills.failed) = (20, 20, 11)
    },
    .init("all of little was refused", []) { facts, _ in facts.backfills.limited = 10 },
    .init("much expired, or was copied by others", ["wait older-hits old"]) { facts, _ in
      facts.tiers[1].reads.hits = 100
      (facts.backfills.expired, facts.backfills.collapsed, facts.backfills.exists) = (40, 30, 30)
    },
  ]

  static let tiers: [MigrationRow] = [
    .init("no older tier", ["blocked no-older-tier"]) { facts, _ in facts.tiers.removeLast() },
    .init("two nodes of the primary away", ["blocked primary-not-up new", "blocked primary-not-up new"]) {
      facts, _ in facts.nodesNotUp = [("a", .ejected), ("b", .suspect)]
    },
    .init("as many failed as may", []) { facts, _ in
      facts.tiers[1].reads = .init(misses: 990, errors: 6, skips: 4)
    },
    .init("one more failed", ["blocked reads-failed old"]) { facts, _ in
      facts.tiers[1].reads = .init(misses: 990, errors: 6, skips: 5)
    },
    .init("the primary failed", ["blocked reads-failed new"]) { facts, _ in
      facts.tiers[0].reads.errors = 11
    },
    .init("an older tier that nobody needed was never asked", []) { facts, _ in
      facts.tiers[1].reads = .init()
    },
    .init("an older tier drains", []) { facts, _ in
      facts.tiers[1] = .init(name: "old", mode: .draining)
    },
    .init("a stale copy is owed", ["wait owed-invalidations old"]) { facts, _ in
      facts.tiers[1].owed.owed = 1
    },
    .init("a stale copy is owed to a tier that drains", ["wait owed-invalidations old"]) { facts, _ in
      facts.tiers[1] = .init(name: "old", mode: .draining, owed: .init(owed: 1))
    },
    .init("too many are owed", ["blocked overflowed-invalidations old", "wait owed-invalidations old"]) {
      facts, _ in facts.tiers[1].owed = .init(owed: 2, overflowed: 1)
    },
  ]
}

@Suite struct MigrationRulesTests {
  @Test(
    "each rule, at its boundary",
    arguments: MigrationRow.time + MigrationRow.hits + MigrationRow.copies + MigrationRow.tiers)
  func rule(_ row: MigrationRow) {
    let told = row.rules.reasons.map { reason in
      ([reason.verdict.rawValue, reason.code] + [reason.tier].compactMap { $0 }).joined(separator: " ")
    }
    #expect(told == row.expected)
    let expected: MigrationVerdict =
      row.expected.contains { $0.hasPrefix("blocked") } ? .blocked : row.expected.isEmpty ? .ready : .wait
    #expect(row.rules.verdict == expected)
  }

  @Test("whoever looks at all that can be wrong is told all of it, blocked first")
  func everything() {
    let row = MigrationRow("all", []) { facts, _ in
      facts.observed = .seconds(60)
      facts.nodesNotUp = [("a:11211", .ejected)]
      facts.tiers[0].reads = .init(hits: 60, misses: 40)
      facts.tiers[1] = .init(
        name: "old", reads: .init(hits: 30, errors: 10), owed: .init(owed: 3, overflowed: 2))
      facts.backfills = BackfillCounts()
      facts.backfills.tooLarge = 29
    }
    #expect(
      row.rules.reasons.map(\.detail) == [
        "a:11211 is ejected, and has to be up in every worker",
        "10 of 40 keys could not be looked for (25%, at most 1% by --migration-max-older-hits), so that nobody "
          + "knows whether it has them",
        "2 stale copies more than are remembered (--max-owed): it is not read until it is flushed",
        "29 of 30 hits of older tiers were not copied to the primary: 29 too large (--backfill-max-size, or what "
          + "its servers take)",
        "60 of 600 seconds (--migration-window) were seen since the start or the last change of tiers",
        "100 keys were read, fewer than 1000 (--migration-min-reads)",
        "30 of 90 hits were in it alone (33.3334%, at most 1% by --migration-max-older-hits), 0.5 a second",
        "3 stale copies in it are still to be deleted",
      ])
  }

  @Test("a share just above the maximum never looks like the maximum")
  func rounding() {
    let row = MigrationRow("much", []) { facts, _ in
      facts.tiers[0].reads.hits = 99_000_000_000
      facts.tiers[1].reads.hits = 1_000_000_001
    }
    #expect(row.rules.reasons.map(\.code) == ["older-hits"])
    #expect(row.rules.reasons[0].detail.contains("(1.0001%, at most 1% "))
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Which tiers a verb reads and writes. Every difference between the policies is a property here; the
/// client asks and never looks at the case.
///
/// | verb | `strict` | `pymemcache` |
/// |---|---|---|
/// | get, gets | primary, then each older tier on a miss *or an error*; the first hit wins and is backfilled | get: the same on a miss, an error of a tier is the answer, no backfill; gets: primary only |
/// | promote | as get, but a hit of an older tier is brought to the primary first and answered from there | as get |
/// | get_many, gets_many | each key for itself, as get | an older tier is asked for all keys, and only if *all* of them missed |
/// | set | the copies in older tiers are deleted, then the primary | primary |
/// | cas, delete with a token | primary; when it is done there, or may be, the older copies are deleted | primary |
/// | delete | every tier, oldest first; a miss only if none had it | primary |
/// | add | primary, only if no older tier has the key | primary |
/// | replace, append, prepend, incr, decr, touch | primary; on a miss the item is brought there from an older tier and it is done once more; when it is done, or may be, the older copies are deleted | primary |
/// | flush_all | the tiers that the call names, else the primary | the same |
/// | stats, version, close, quit | every tier | every tier |
///
/// `mirror` is `strict`, but set and touch are done in every older tier, too, instead of deleting its
/// copy, so that the old cluster stays good for a way back.
public enum FallbackPolicy: String, Hashable, Sendable, CaseIterable {
  /// No sequence of operations shows a value that was deleted, replaced or has expired. The default.
  case strict
  /// As strict, and the older tiers are kept up to date.
  case mirror
  /// What `FallbackClient` of pymemcache 4.0.0 does (`pymemcache/fallback.py`), exactly.
  case pymemcache

  /// What a write does to the older tiers' copies of its key.
  enum OlderCopies: Hashable, Sendable {
    case untouched
    case deleted
    /// The same command is done there.
    case written
  }

  /// Whether a read goes on to the next tier when one fails, as it does when one misses.
  var readsPastErrors: Bool { self != .pymemcache }

  /// Whether `gets` reads older tiers. pymemcache's compares its (value, token) pair with None, which
  /// it never is, so that it always answers from the primary.
  var getsReadsOlderTiers: Bool { self != .pymemcache }

  /// Whether each key of a multi-get falls back for itself.
  var fallsBackPerKey: Bool { self != .pymemcache }

  /// Whether hits of older tiers are copied to the primary.
  var backfills: Bool { self != .pymemcache }

  /// Whether a verb that needs an item in the primary brings it there from an older tier.
  public var promotes: Bool { self != .pymemcache }

  func olderCopies(of operation: Command.Operation) -> OlderCopies {
    if self == .pymemcache { return .untouched }
    switch operation {
    case .store(.set, _, _, _), .touch: return self == .mirror ? .written : .deleted
    case .store, .delete, .increment, .decrement: return .deleted
    case .get, .look, .flushAll, .stats, .version: return .untouched
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// How one tier took part in an operation.
public struct Visit: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    case hit
    case miss
    /// The tier could not be asked or failed to answer.
    case error(MemcachedError)
  }

  /// Index into `FallbackClient.tiers`.
  public var tier: Int
  public var outcome: Outcome
  /// How long it took, as `Answer.microseconds`.
  public var microseconds: UInt32

  public init(tier: Int, outcome: Outcome, microseconds: UInt32 = 0) {
    self.tier = tier
    self.outcome = outcome
    self.microseconds = microseconds
  }
}

/// What an operation over the tiers came to.
public struct Answer: Sendable {
  /// Whether an older tier's item was or will be copied to the primary, as far as the answer can know.
  public enum Copying: Hashable, Sendable {
    /// Nothing is to be said of it; a backfill that follows the answer may still do so.
    case none
    /// A backfill follows, with `BackfillSettings.assumedTTL`, as the server could not tell the ttl.
    case assumedTTL
    /// The older tier's item, which had this ttl, was brought to the primary, and that is the answer.
    case promoted(TimeToLive)
    /// It was to be brought to the primary, in vain: why, in an operator's word.
    case failed(String)
  }

  public var result: Result<Reply, MemcachedError>
  /// Index of the tier that the result is of.
  public var tier: Int
  /// Of a read: the other tiers that were consulted, in that order; empty when the primary alone was. Of a
  /// write: the older tiers whose copies it was to delete or to write, and what became of that. A copy whose
  /// tier failed is owed.
  public var others: [Visit]
  public var copying = Copying.none
  /// From the first command of this operation to `tier` to the reply that is the result, what had to be brought
  /// there from an older tier in between included. Counted from turn to turn of the loop, without a look at the
  /// clock of its own: what is answered within the turn took 0. Not of operations on many keys.
  public var microseconds: UInt32

  public init(
    _ result: consuming Result<Reply, MemcachedError>, tier: Int = 0, others: [Visit] = [],
    microseconds: UInt32 = 0
  ) {
    self.result = result
    self.tier = tier
    self.others = others
    self.microseconds = microseconds
  }
}

/// The answers of a tier's nodes to a command that concerns whole servers.
public struct TierAnswers: Sendable {
  public struct NodeAnswer: Sendable {
    /// The node's name.
    public var node: String
    public var result: Result<Reply, MemcachedError>
  }

  /// The tier's name.
  public var tier: String
  /// In the order in which the nodes are configured.
  public var nodes: [NodeAnswer]
}

/// What a caller may say of one operation beside its arguments.
public struct RequestOptions: Hashable, Sendable {
  /// Nil: the client's `operationTimeout` from now.
  public var deadline: Instant?
  /// Do not wait for the outcome: the answer is `.accepted` as soon as the command is queued.
  public var noreply: Bool

  public init(deadline: Instant? = nil, noreply: Bool = false) {
    self.deadline = deadline
    self.noreply = noreply
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// One perfect cache, to hold a cache of several tiers against.
///
/// For each key it knows the set of what may be there. While one write at a time is done and none fails,
/// that is exactly one thing, and every reply is known beforehand. Writes that overlap may take effect in
/// any order; one that failed may have been done or not, if it does not say that it was not, and a set or
/// delete that failed may have left nothing. What is lost (`mayHaveLost`) leaves nothing, and nothing older.
/// Whatever else is read is a violation: a value that was deleted, replaced or has expired.
public struct CacheModel {
  /// What may be under a key; nil in a set of them = nothing.
  public struct Version: Hashable, Sendable {
    public var value: [UInt8]
    public var flags: UInt32
    /// By the model's clock, in seconds; nil = never.
    public var expires: Int64?

    public init(value: [UInt8], flags: UInt32, expires: Int64?) {
      self.value = value
      self.flags = flags
      self.expires = expires
    }
  }

  public typealias States = Set<Version?>

  /// A write between its start and its end.
  struct Write {
    enum Outcome {
      case pending
      case failed(MemcachedError.WriteOutcome)
      case replied(Reply)
    }

    let id: Int
    let operation: Command.Operation
    /// Whether the token of a cas or delete is that of the item; nil when the model cannot tell.
    let isFresh: Bool?
    var outcome = Outcome.pending
  }

  /// A key whose writes overlap is judged when the last of them has ended.
  struct Record {
    var base: States = [nil]
    var overlapping: [Write] = []
    /// How often the item was changed, for `isFresh`.
    var changes = 0
  }

  /// In seconds. To be put forward only while nothing is on its way.
  public var now: Int64 = 0
  /// Tiers may fail: a reply that says "absent" then speaks only of those that could be asked.
  public let mayFail: Bool
  /// Overlapping writes may leave a losing value in an older tier (`FallbackPolicy.mirror`).
  public let isMirrored: Bool
  /// How far a ttl may be off, in seconds, for caches with a clock of their own.
  public let slack: Int64
  /// A counter that has one digit less may have no space in its place: memcached makes a new item of it if
  /// the old one is just being sent to a reader (1.6.18, `do_add_delta`).
  public let mayShorten: Bool
  var records: [Key: Record] = [:]
  var reads: [Int: (key: Key, seen: States)] = [:]
  private var nextID = 0

  public init(
    mayFail: Bool = false, isMirrored: Bool = false, mayShorten: Bool = false, slack: Int64 = 0
  ) {
    self.mayFail = mayFail
    self.isMirrored = isMirrored
    self.mayShorten = mayShorten
    self.slack = slack
  }

  /// Says what an older tier has before anything is done. Several of one key: any of them may show.
  public mutating func seed(_ key: Key, _ versions: [Version]) {
    records[key] = Record(base: mayFail ? States(versions + [nil]) : States(versions))
    if versions.isEmpty { records[key] = Record() }
  }

  /// Everything was flushed, while nothing else was on its way.
  public mutating func flushed() {
    for key in records.keys { records[key, default: Record()].base = [nil] }
    for key in records.keys { records[key, default: Record()].changes += 1 }
  }

  /// How often the item was changed: a token read at another count is stale.
  public func changes(of key: Key) -> Int { records[key]?.changes ?? 0 }

  /// How many writes of a key are to be judged together.
  public func overlapCount(of key: Key) -> Int { records[key]?.overlapping.count ?? 0 }

  // MARK: Writes

  /// A write begins. Its number is for `endWrite`.
  public mutating func beginWrite(_ key: Key, _ operation: Command.Operation, isFresh: Bool? = nil) -> Int {
    nextID += 1
    records[key, default: Record()].overlapping.append(
      Write(id: nextID, operation: operation, isFresh: isFresh))
    let visible = visible(key).union([nil])
    for (id, read) in reads where read.key == key { reads[id]?.seen.formUnion(visible) }
    return nextID
  }

  /// A write has ended. Returns what is wrong with its reply; nil when nothing is.
  public mutating func endWrite(
    _ id: Int, _ key: Key, _ result: Result<Reply, MemcachedError>
  ) -> String? {
    switch result {
    // A touch leaves the token as it is.
    case .success(let reply):
      return end(id, key, .replied(reply), isChange: Effect.isChange(reply) && reply != .touched)
    case .failure(let error):
      return mayFail ? end(id, key, .failed(error.outcome), isChange: false) : "\(key) failed: \(error)"
    }
  }

  /// What a tier had of the key may be gone, by no one's wish: evicted, or lost with its node. For everybody
  /// that is a delete of which nobody knows whether it was done. Of the primary it makes tokens stale.
  public mutating func mayHaveLost(_ key: Key, isOfPrimary: Bool = true) {
    let id = beginWrite(key, .delete(ifUnchanged: nil))
    // What may have been done is never impossible.
    _ = end(id, key, .failed(.unknown), isChange: isOfPrimary)
  }

  private mutating func end(_ id: Int, _ key: Key, _ outcome: Write.Outcome, isChange: Bool) -> String? {
    guard var record = records[key], let index = record.overlapping.firstIndex(where: { $0.id == id }) else {
      return "a write ended that had not begun"
    }
    record.overlapping[index].outcome = outcome
    if isChange { record.changes += 1 }
    records[key] = record
    return settle(key)
  }

  // Once no write of the key is under way any more, what all of them came to is its new base.
  private mutating func settle(_ key: Key) -> String? {
    guard var record = records[key], record.overlapping.allSatisfy({ !$0.isPending }) else { return nil }
    let isAlone = record.overlapping.count == 1
    let outcomes = Effect.outcomes(live(record.base), record.overlapping, mustAll: true, self)
    if outcomes.isEmpty, isAlone {
      return "\(record.overlapping[0]) is impossible with \(live(record.base))"
    }
    // Overlapping writes whose replies fit no order at all are not judged by them.
    let isUnclear = outcomes.isEmpty || (isMirrored && !isAlone)
    record.base = isUnclear ? visible(key) : outcomes
    record.overlapping = []
    records[key] = record
    return nil
  }

  // MARK: Reads

  /// A read begins. Its number is for `endRead`.
  public mutating func beginRead(_ key: Key) -> Int {
    nextID += 1
    // While a write moves the item from one tier to another, a read may look where it is not.
    reads[nextID] = (key, overlapCount(of: key) == 0 ? visible(key) : visible(key).union([nil]))
    return nextID
  }

  /// A read has ended. Returns what is wrong with its reply; nil when nothing is.
  public mutating func endRead(_ id: Int, _ result: Result<Reply, MemcachedError>) -> String? {
    guard let (key, seen) = reads.removeValue(forKey: id) else { return "a read ended that had not begun" }
    switch result {
    case .failure(let error): return mayFail ? nil : "\(key) failed: \(error)"
    case .success(.hit(let item)):
      return seen.contains { fits(item, $0) } ? nil : "\(key) shows \(item), which none is of \(seen)"
    case .success(let reply):
      return reply == .miss && live(seen).contains(nil)
        ? nil : "\(key) gave \(reply), which none is of \(seen)"
    }
  }

  /// A read that only learns whether there is an item has ended, as `endRead`.
  public mutating func endLook(_ id: Int, isThere: Bool) -> String? {
    guard isThere else { return endRead(id, .success(.miss)) }
    guard let (key, seen) = reads.removeValue(forKey: id) else { return "a look ended that had not begun" }
    return live(seen) == [nil] ? "\(key) is there, and was not" : nil
  }

  private func fits(_ item: Item, _ version: Version?) -> Bool {
    guard let version, item.value == version.value, item.flags == version.flags else { return false }
    switch (item.ttl, version.expires) {
    case (.unknown, _), (.never, nil): return true
    case (.seconds(let left), let expires?):
      return expires > now && (expires - now - slack...expires - now).contains(left)
    default: return false
    }
  }

  // MARK: What may be seen

  /// Everything that a read may show just now.
  func visible(_ key: Key) -> States {
    let record = records[key] ?? Record()
    return Effect.outcomes(live(record.base), record.overlapping, mustAll: false, self)
  }

  /// The states with what has expired replaced by nothing.
  private func live(_ states: States) -> States {
    States(states.map { version in version?.expires.map { $0 <= now } ?? false ? nil : version })
  }
}

extension CacheModel.Write {
  var isPending: Bool {
    if case .pending = outcome { true } else { false }
  }
}

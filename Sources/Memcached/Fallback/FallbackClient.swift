// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// Hop 5: one cache made of an ordered list of tiers. Reads go to the primary and, on a miss, to the
/// older tiers; which tiers a verb touches is decided by `FallbackPolicy`, whose table says it verb by
/// verb.
///
///     get ─► primary ─hit──────────────────────────────► answer
///               └─miss, error─► older ─hit─────────────► answer
///                                 └─miss─► next older … ► miss, or the primary's error
///
/// A client is bound to a loop: calls and completions are on its thread, and a completion may run
/// before the call returns. Each is called exactly once. Programs that prefer `await` use
/// `AsyncFallbackClient`. The verbs and their meaning are those of pymemcache's client; parameters
/// stand in the same order in all of them.
public final class FallbackClient {
  public typealias AnswerHandler = (Answer) -> Void

  /// In the fallback order; the first is the primary.
  public let tiers: [Tier]
  public let policy: FallbackPolicy
  /// What this client shares with those of other workers.
  public let coordination: TierCoordination
  let loop: EventLoop
  let operationTimeout: Duration
  /// By place: what the ledger of owed copies knows the tiers by.
  private let ids: [Int]
  /// Whether it took the place of another client, whose copies may still be on their way.
  let isSuccessor: Bool
  /// Copies in older tiers that are still to be deleted; one for a client and those that take its place.
  let invalidations: InvalidationQueue
  private let formerCounts: BackfillCounts
  private lazy var backfill = Backfill(
    coordination, timeout: operationTimeout, loop: loop, counts: formerCounts,
    submit: { [tiers] command, deadline, completion in
      tiers[0].cluster.submit(command, deadline: deadline, completion: completion)
    })

  /// - Parameters:
  ///   - tiers: at least one, the primary first, then the others, newest first.
  ///   - operationTimeout: the budget of one call, divided over the tiers; a node's own timeout counts
  ///     within it.
  ///   - coordination: the same for all clients of a process that serve the same tiers.
  ///   - predecessor: the client whose place it takes on this loop; with the same ledgers, and the same ids
  ///     for the tiers that stay. What that one has begun it ends; it needs not be closed, and gives up its
  ///     connections when it is let go of. Whoever changes tiers sees to it that no operations of the two
  ///     overlap, and calls `TierCoordination.holdBackfills`.
  public init(
    tiers: [Tier], policy: FallbackPolicy = .strict, operationTimeout: Duration = .seconds(1),
    coordination: TierCoordination = TierCoordination(), loop: EventLoop,
    succeeding predecessor: FallbackClient? = nil
  ) {
    precondition(!tiers.isEmpty, "a fallback client has at least one tier")
    self.tiers = tiers
    self.policy = policy
    self.operationTimeout = operationTimeout
    self.coordination = coordination
    self.loop = loop
    ids = tiers.enumerated().map { $1.id ?? $0 }
    isSuccessor = predecessor != nil
    formerCounts = predecessor?.backfillCounts ?? BackfillCounts()
    invalidations =
      predecessor?.invalidations ?? InvalidationQueue(ledger: coordination.invalidations, loop: loop)
    invalidations.delete = InvalidationQueue.deletion(tiers, ids, operationTimeout, loop)
  }

  /// What became of this client's backfills.
  public var backfillCounts: BackfillCounts { backfill.counts }

  // MARK: Reading

  /// Reads an item: `.hit` or `.miss`.
  /// - Parameter isPeek: do not count as an access where the server can be told so.
  public func get(
    _ key: Key, isPeek: Bool = false, _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    read(
      key, isPeek: isPeek, tier: 0, others: [], backfills: policy.backfills && !isPeek, deadline(options),
      completion)
  }

  /// Reads an item for a later `cas`. Only a token of tier 0 can ever match there.
  public func gets(
    _ key: Key, _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    if policy.getsReadsOlderTiers { return get(key, options, completion: completion) }
    submitToPrimary(Command(key, .get(isPeek: false)), deadline(options), completion)
  }

  /// Asks one tier after the other until one has the key.
  func read(
    _ key: Key, isPeek: Bool, tier index: Int, others: [Visit], backfills: Bool, _ deadline: Instant,
    _ completion: @escaping AnswerHandler
  ) {
    let share = share(of: deadline, among: tiers.count - index)
    let begun = loop.now
    readOne(Command(key, .get(isPeek: isPeek)), key, tier: index, share) { [self] result in
      took(
        result, key, isPeek: isPeek, tier: index, since: begun, others: others, backfills: backfills,
        deadline, completion)
    }
  }

  /// What a tier said to a read: the answer, or a reason to ask the next one.
  func took(
    _ result: Result<Reply, MemcachedError>, _ key: Key, isPeek: Bool, tier index: Int, since begun: Instant,
    others: [Visit], backfills: Bool, _ deadline: Instant, _ completion: @escaping AnswerHandler
  ) {
    let time = microseconds(since: begun)
    tiers[index].counter.noteRead(result, microseconds: time)
    // Not bound in the switch below: that would copy the item.
    if index == 0, result.isHit { return completion(Answer(result, microseconds: time)) }
    let visit: Visit
    switch result {
    case .success(.hit(let item)):
      let answer = Answer(result, tier: index, others: others, microseconds: time)
      // A primary that failed would fail the copy, too; if it hangs, the key would be held meanwhile.
      if !backfills || others[0].outcome != .miss { return completion(answer) }
      return backfill(item, key, answer, completion)
    case .success: visit = Visit(tier: index, outcome: .miss, microseconds: time)
    case .failure(let error):
      if !policy.readsPastErrors {
        return completion(Answer(result, tier: index, others: others, microseconds: time))
      }
      visit = Visit(tier: index, outcome: .error(error), microseconds: time)
    }
    if tiers.count == 1 { return completion(Answer(result, microseconds: time)) }
    var others = others
    others.append(visit)
    if index + 1 == tiers.count { return completion(conclusion(others)) }
    read(
      key, isPeek: isPeek, tier: index + 1, others: others, backfills: backfills, deadline, completion)
  }

  // Answers first, and then makes the copy of what an older tier had.
  private func backfill(_ item: Item, _ key: Key, _ answer: Answer, _ completion: AnswerHandler) {
    guard let exptime = backfill.begin(item, key) else { return completion(answer) }
    var answer = answer
    if item.ttl == .unknown { answer.copying = .assumedTTL }
    completion(answer)
    backfill.add(item, key, exptime)
  }

  /// Reads from one tier; a copy there that is still to be deleted is as good as gone.
  func readOne(
    _ command: Command, _ key: Key, tier: Int, _ deadline: Instant, _ completion: @escaping Completion
  ) {
    if tier > 0, !mayRead(key, from: tier) {
      tiers[tier].counter.noteWithheld()
      return completion(.success(.miss))
    }
    submit(command, tier: tier, deadline, completion)
  }

  // No tier has the item. The primary decides: if it could not be asked, nobody knows whether the item
  // exists, and that is an error; an older tier that failed only counts as skipped.
  private func conclusion(_ visits: [Visit]) -> Answer {
    let (others, time) = (Array(visits.dropFirst()), visits[0].microseconds)
    if case .error(let error) = visits[0].outcome {
      return Answer(.failure(error), others: others, microseconds: time)
    }
    return Answer(.success(.miss), others: others, microseconds: time)
  }

  // MARK: Writing

  /// Stores, whatever is there: `.stored`.
  public func set(
    _ key: Key, _ value: [UInt8], flags: UInt32 = 0, exptime: Exptime = .never,
    _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .store(.set, value: value, flags: flags, exptime: exptime), options, completion)
  }

  /// Stores if the key is absent: `.stored` or `.notStored`.
  public func add(
    _ key: Key, _ value: [UInt8], flags: UInt32 = 0, exptime: Exptime = .never,
    _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .store(.add, value: value, flags: flags, exptime: exptime), options, completion)
  }

  /// Stores if the key is present: `.stored` or `.notStored`.
  public func replace(
    _ key: Key, _ value: [UInt8], flags: UInt32 = 0, exptime: Exptime = .never,
    _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .store(.replace, value: value, flags: flags, exptime: exptime), options, completion)
  }

  /// Adds to the end of a value that is present, whose flags and ttl stay: `.stored` or `.notStored`.
  public func append(
    _ key: Key, _ value: [UInt8], _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .store(.append, value: value, flags: 0, exptime: .never), options, completion)
  }

  /// Adds to the front of a value that is present, whose flags and ttl stay: `.stored` or `.notStored`.
  public func prepend(
    _ key: Key, _ value: [UInt8], _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .store(.prepend, value: value, flags: 0, exptime: .never), options, completion)
  }

  /// Stores if the item is unchanged since the token was read: `.stored`, `.exists` or `.miss`.
  public func cas(
    _ key: Key, _ value: [UInt8], token: CASToken, flags: UInt32 = 0, exptime: Exptime = .never,
    _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .store(.cas(token), value: value, flags: flags, exptime: exptime), options, completion)
  }

  /// Deletes: `.deleted`, `.miss`, or `.exists` when there is a token and the item changed.
  public func delete(
    _ key: Key, ifUnchanged token: CASToken? = nil, _ options: RequestOptions = .init(),
    completion: @escaping AnswerHandler
  ) {
    write(key, .delete(ifUnchanged: token), options, completion)
  }

  /// Adds to a counter, wrapping at 2^64: `.counter`, `.miss` or `.notNumeric`.
  public func incr(
    _ key: Key, by delta: UInt64 = 1, _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .increment(delta: delta), options, completion)
  }

  /// Subtracts from a counter, stopping at 0: `.counter`, `.miss` or `.notNumeric`.
  public func decr(
    _ key: Key, by delta: UInt64 = 1, _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .decrement(delta: delta), options, completion)
  }

  /// Gives an item a new ttl: `.touched` or `.miss`.
  public func touch(
    _ key: Key, exptime: Exptime, _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    write(key, .touch(exptime: exptime), options, completion)
  }

  // MARK: The end

  /// Ends all connections, saying `quit`. What is in flight fails with `.closed`, as does what comes after.
  public func close() {
    invalidations.close()
    for tier in tiers { for node in tier.cluster.nodes { node.close() } }
  }

  // For a face that owns the loop.
  func stopLoop() { loop.stop() }

  /// The same as `close`: pymemcache has both words.
  public func quit() { close() }

  // MARK: Parts

  func submit(_ command: Command, tier: Int, _ deadline: Instant, _ completion: @escaping Completion) {
    tiers[tier].cluster.submit(command, deadline: deadline, completion: completion)
  }

  /// The same for an operation that is one command to the primary.
  func submitToPrimary(_ command: Command, _ deadline: Instant, _ completion: @escaping AnswerHandler) {
    let begun = loop.now
    let isWrite = command.isWrite
    submit(command, tier: 0, deadline) { [self] result in
      let time = microseconds(since: begun)
      if isWrite {
        tiers[0].counter.noteWrite(result, microseconds: time)
      } else {
        tiers[0].counter.noteRead(result, microseconds: time)
      }
      completion(Answer(result, microseconds: time))
    }
  }

  /// Whether a read of the key looks in that older tier: not where it is being drained, nor while a copy there
  /// is still to be deleted.
  func mayRead(_ key: Key, from tier: Int) -> Bool {
    tiers[tier].isRead && coordination.invalidations.mayServe(key, from: ids[tier])
  }

  /// A copy in that tier is to be deleted, and not to be served until it is.
  func owe(_ key: Key, tier: Int) { invalidations.append(key, tier: ids[tier]) }

  /// What is owed to the tier at that place.
  public func owed(tier: Int) -> InvalidationLedger.TierState {
    coordination.invalidations.tiers[ids[tier]] ?? .init()
  }

  /// What the ledger of owed copies knows the tier at that place by.
  func id(of tier: Int) -> Int { ids[tier] }

  func deadline(_ options: RequestOptions) -> Instant {
    options.deadline ?? loop.now + operationTimeout
  }
}

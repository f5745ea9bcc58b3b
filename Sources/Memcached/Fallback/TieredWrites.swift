// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// What the clients of one process share, and how backfill behaves. One for all workers.
public struct TierCoordination: Sendable {
  public let writes: WriteLedger
  public let invalidations: InvalidationLedger
  public let backfill: BackfillSettings
  let backfillRate: BackfillRate

  /// For clients that take the place of others: the same ledgers, other settings of backfill.
  public init(succeeding other: TierCoordination, backfill: BackfillSettings) {
    (writes, invalidations) = (other.writes, other.invalidations)
    self.backfill = backfill
    backfillRate = other.backfill == backfill ? other.backfillRate : BackfillRate(backfill)
  }

  /// For all clients that share the ledgers, from now on.
  public func change(suppression: Duration, maximumOwed: Int) {
    writes.change(suppression: suppression)
    invalidations.change(capacity: maximumOwed)
  }

  /// No backfill begins until then, and for the time of suppression after it: what clients that go have read or
  /// written counts for none of the tiers of those that take their places.
  public func holdBackfills(until instant: Instant) { writes.noteFlush(instant) }

  public init(
    writes: WriteLedger = WriteLedger(), invalidations: InvalidationLedger = InvalidationLedger(),
    backfill: BackfillSettings = BackfillSettings()
  ) {
    self.writes = writes
    self.invalidations = invalidations
    self.backfill = backfill
    backfillRate = BackfillRate(backfill)
  }
}

// MARK: - Writes over tiers

/// The writes of the policies that keep older tiers true. Each is a chain of steps of which every one
/// begins when the one before it is done, and has a share of the time that is left, so that a tier that
/// was stopped leaves the others theirs. The answer is given at the end of the chain:
///
///     set, delete             older copies gone ─► primary
///     cas, delete with token  primary ─done─► older copies gone
///     add                     older tiers miss ─► primary
///     incr, append, touch …   primary ─hit─► older copies gone
///                                └─miss─► older tier ─hit─► add to primary ─► primary ─► older gone
extension FallbackClient {
  func write(
    _ key: Key, _ operation: Command.Operation, _ options: RequestOptions,
    _ completion: @escaping AnswerHandler
  ) {
    let deadline = deadline(options)
    // Where one tier is left of several, a copy to it may still be on its way.
    let isShared = (tiers.count > 1 || isSuccessor) && policy.olderCopies(of: operation) != .untouched
    guard isShared else {
      let command = Command(key, operation, noreply: options.noreply)
      return submitToPrimary(command, deadline, completion)
    }
    // The chain goes on for a caller who does not wait for its end.
    if options.noreply { completion(Answer(.success(.accepted))) }
    let done: AnswerHandler = options.noreply ? { _ in } : completion
    let writes = coordination.writes
    let command = Command(key, operation)
    if case .delete = operation {
      let write = TieredWrite(key: key, command: command, deadline: deadline) { answer in
        writes.endDelete(key)
        done(answer)
      }
      return beginInTurn(write, isDelete: true, done)
    }
    let write = TieredWrite(key: key, command: command, deadline: deadline, completion: done)
    if writes.beginsAtOnce(key, now: loop.now) { begin(write) } else { beginInTurn(write, done) }
  }

  // After what is on its way of the key. A delete that was held back has not begun, and does not end.
  private func beginInTurn(_ write: TieredWrite, isDelete: Bool = false, _ done: @escaping AnswerHandler) {
    let begun = loop.now
    coordination.writes.beginWrite(write.key, isDelete: isDelete, by: write.deadline, on: loop) {
      [self] isInTime in
      if isInTime { return begin(write) }
      done(Answer(.failure(.heldBack), microseconds: microseconds(since: begun)))
    }
  }

  private func begin(_ write: TieredWrite) {
    switch write.command.operation {
    case .store(.set, _, _, _), .delete(nil):
      settleOlder(write, from: tiers.count - 1)
    case .store(.add, _, _, _):
      look(for: write.key, from: 1, write.deadline, []) { [self] found, visits in
        if found != nil { return write.answer(.success(.notStored)) }
        add(write, after: visits)
      }
    // Only the primary can compare a token. If it refuses, the older copies must stay: one of them may
    // be all there is.
    case .store(.cas, _, _, _), .delete: change(write, mayPromote: false)
    default: change(write, mayPromote: true)
    }
  }

  // A tier that could not be asked may have a copy, which would show once the new item has expired.
  private func add(_ write: TieredWrite, after looks: [Visit]) {
    askPrimary(write, by: write.deadline) { [self] write, result in
      switch result {
      case .failure(let error) where error.outcome == .notApplied: break
      case .success(.stored), .failure:
        for look in looks {
          if tiers[look.tier].isRead {
            guard case .error = look.outcome else { continue }
            write.visits.append(look)
          }
          owe(write.key, tier: look.tier)
        }
      case .success: break
      }
      write.answer(result)
    }
  }

  private func finish(_ write: TieredWrite) {
    askPrimary(write, by: write.deadline) { write, result in write.answer(result) }
  }

  private func askPrimary(
    _ write: TieredWrite, by end: Instant,
    _ next: @escaping (TieredWrite, Result<Reply, MemcachedError>) -> Void
  ) {
    let asked = loop.now
    let begun = write.begunInPrimary ?? asked
    write.begunInPrimary = begun
    submit(write.command, tier: 0, end) { [self] result in
      tiers[0].counter.noteWrite(result, microseconds: microseconds(since: asked))
      write.microseconds = microseconds(since: begun)
      next(write, result)
    }
  }

  // The verbs that need what is there.
  private func change(_ write: TieredWrite, mayPromote: Bool) {
    let end = share(of: write.deadline, among: tiers.count)
    askPrimary(write, by: end) { [self] write, result in
      switch result {
      case .success(.miss) where mayPromote, .success(.notStored) where mayPromote:
        promote(write, instead: result)
      case .failure(let error) where error.outcome == .notApplied: write.answer(result)
      case .success(.miss), .success(.notStored), .success(.exists), .success(.notNumeric):
        write.answer(result)
      // It may have been done: then the older copies are stale, and a miss is better than one of them.
      case .success, .failure:
        write.primaryResult = result
        settleOlder(write, from: tiers.count - 1)
      }
    }
  }

  private func promote(_ write: TieredWrite, instead result: Result<Reply, MemcachedError>) {
    bring(write.key, by: write.deadline) { [self] promotion in
      if let begun = write.begunInPrimary { write.microseconds = microseconds(since: begun) }
      switch promotion {
      case .again: change(write, mayPromote: true)
      // What another writer has stored meanwhile is what the verb now finds.
      case .stored, .exists: change(write, mayPromote: false)
      case .absent, .expiring: write.answer(result)
      case .failed(var error):
        // Whatever became of the copy, the verb itself has changed nothing.
        error.outcome = .notApplied
        write.answer(.failure(error))
      }
    }
  }

  // Deletes (or, mirrored, writes) the copies of the older tiers, oldest first, so that at no time a
  // tier shows what a newer one has given up. A copy that cannot be deleted is owed. Then the primary is asked,
  // or, where it was the first, the write ends with what it said.
  private func settleOlder(_ write: TieredWrite, from tier: Int) {
    if tier == 0 {
      if let result = write.primaryResult { write.answer(result) } else { finish(write) }
      return
    }
    let isMirrored = policy.olderCopies(of: write.command.operation) == .written
    let begun = loop.now
    let end = share(of: write.deadline, among: tier + 1)
    let settled: Completion = { [self] result in
      var visit = Visit(tier: tier, outcome: .hit, microseconds: microseconds(since: begun))
      tiers[tier].counter.noteWrite(result, microseconds: visit.microseconds)
      switch result {
      case .success(.miss): visit.outcome = .miss
      case .success: if isMirrored { write.isReadable = true }
      case .failure(let error):
        if !isMirrored { owe(write.key, tier: tier) }
        visit.outcome = .error(error)
      }
      write.visits.append(visit)
      settleOlder(write, from: tier - 1)
    }
    if isMirrored { return mirror(write, tier, end, settled) }
    submit(Command(write.key, .delete(ifUnchanged: nil)), tier: tier, end, settled)
  }

  // A server that has hung may do it much later, after the deletion that is then owed: so that begins when it
  // is settled what became of it, and the key is not served from there meanwhile.
  private func mirror(
    _ write: TieredWrite, _ tier: Int, _ end: Instant, _ completion: @escaping Completion
  ) {
    var command = write.command
    command.mustSettle = true
    let key = write.key
    let timely = Timely(completion)
    let ledger = coordination.invalidations
    var isLate = false
    var isRemembered = false
    timely.start(by: end, on: loop) { [tiers, id = id(of: tier)] in
      isLate = true
      isRemembered = ledger.owe(key, to: id)
      let node = tiers[tier].cluster.node(for: key).name
      return .failure(
        MemcachedError(.timedOut, "no answer before the deadline", node: node, outcome: .unknown))
    }
    submit(command, tier: tier, end) { [self] result in
      let isDone = if case .success = result { true } else { false }
      if isLate || !isDone { owe(key, tier: tier) }
      if isRemembered { ledger.settle(key, of: id(of: tier)) }
      if !isLate { timely.end(with: result) }
    }
  }
}

/// A write on its way through the tiers. An object, which each step hands to the next.
final class TieredWrite {
  let key: Key
  let command: Command
  let deadline: Instant
  let completion: FallbackClient.AnswerHandler
  /// What became of the older tiers' copies.
  var visits: [Visit] = []
  /// An older tier has what was written.
  var isReadable = false
  /// Of a write that the primary is asked to do before the older copies are settled: what it said.
  var primaryResult: Result<Reply, MemcachedError>?
  /// When the primary was asked first.
  var begunInPrimary: Instant?
  /// From then to its last answer, or to that of what the item was to be brought from.
  var microseconds: UInt32 = 0

  init(key: Key, command: Command, deadline: Instant, completion: @escaping FallbackClient.AnswerHandler) {
    self.key = key
    self.command = command
    self.deadline = deadline
    self.completion = completion
  }

  /// Ends it. A delete is a miss only when no tier had the key, and none that may have it was unreachable.
  func answer(_ result: consuming Result<Reply, MemcachedError>) {
    // The primary alone has not done it: it will be read as long as the primary cannot be asked, and after.
    if isReadable, case .failure(var error) = result, error.outcome == .notApplied {
      error.outcome = .unknown
      result = .failure(error)
    }
    if case .delete(nil) = command.operation, case .success(.miss) = result,
      visits.contains(where: { $0.outcome != .miss })
    {
      result = .success(.deleted)
    }
    completion(Answer(result, others: visits, microseconds: microseconds))
  }
}

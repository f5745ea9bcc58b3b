// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// What came of bringing a key's item from an older tier to the primary.
enum Promotion {
  /// The primary has it now; the older tier's index.
  case stored(Item, tier: Int)
  /// The primary has another one, stored meanwhile.
  case exists
  /// It is being brought or deleted by others, or was just now: by now the primary may have it.
  case again
  /// No older tier has it; one that could not be asked is among the visits.
  case absent([Visit])
  /// It expires in this very second.
  case expiring
  case failed(MemcachedError)
}

/// A read that wants its item in the primary, and the steps that it shares with writes:
///
///     promote  older tier ─hit─► add to primary ─► primary
extension FallbackClient {
  /// Reads an item as `get`, but one that only an older tier has is brought to the primary first and read
  /// there, so that its token is good for `cas`. If that cannot be done the answer is the older tier's, and
  /// `Answer.copying` says why. Not subject to the limits of backfill, nor to its being off.
  public func promote(
    _ key: Key, _ options: RequestOptions = .init(), completion: @escaping AnswerHandler
  ) {
    if !policy.promotes || tiers.count == 1 { return get(key, options, completion: completion) }
    promote(key, by: deadline(options), completion)
  }

  private func promote(_ key: Key, by deadline: Instant, _ completion: @escaping AnswerHandler) {
    read(key, isPeek: false, tier: 0, others: [], backfills: false, deadline) { [self] answer in
      guard case .success(.hit) = answer.result, answer.tier > 0, answer.others.first?.outcome == .miss else {
        return completion(answer)
      }
      let begun = loop.now
      bring(key, by: deadline) { [self] promotion in
        switch promotion {
        case .again: promote(key, by: deadline, completion)
        case .stored(let item, let tier):
          readCopy(of: item, from: tier, key, since: begun, deadline, instead: answer, completion)
        case .exists:
          read(key, isPeek: false, tier: 0, others: [], backfills: false, deadline, completion)
        case .absent(let visits) where visits.allSatisfy({ $0.outcome == .miss }):
          completion(Answer(.success(.miss), others: visits))
        case .absent: completion(answer.notCopied("unreachable"))
        case .expiring: completion(answer.notCopied("expiring"))
        case .failed(let error): completion(answer.notCopied(error.word))
        }
      }
    }
  }

  private func readCopy(
    of item: Item, from tier: Int, _ key: Key, since begun: Instant, _ deadline: Instant,
    instead older: Answer, _ completion: @escaping AnswerHandler
  ) {
    let asked = loop.now
    submit(Command(key, .get(isPeek: false)), tier: 0, deadline) { [self] result in
      tiers[0].counter.noteRead(result, microseconds: microseconds(since: asked))
      switch result {
      case .success(.hit):
        var answer = Answer(
          result, others: older.others.filter { $0.tier > 0 && $0.tier < tier },
          microseconds: microseconds(since: begun))
        answer.others.append(Visit(tier: tier, outcome: .hit, microseconds: older.microseconds))
        answer.copying = .promoted(item.ttl)
        completion(answer)
      // Deleted or evicted since.
      case .success: completion(older.notCopied("gone"))
      case .failure(let error): completion(older.notCopied(error.word))
      }
    }
  }

  /// Brings the item of `key` to the primary, which has been found not to have it.
  ///
  /// Alone with the key from the look to the add: a delete in between would be undone by the add.
  func bring(_ key: Key, by deadline: Instant, _ completion: @escaping (Promotion) -> Void) {
    let writes = coordination.writes
    let isGranted = writes.beginPromotion(key, by: deadline, on: loop) { isInTime in
      completion(isInTime ? .again : .failed(.heldBack))
    }
    if !isGranted { return }
    look(for: key, from: 1, deadline, []) { [self] item, visits in
      guard let item, let tier = visits.last?.tier else {
        writes.endBackfill(key)
        return completion(.absent(visits))
      }
      guard let exptime = coordination.backfill.exptime(of: item) else {
        writes.endBackfill(key)
        return completion(.expiring)
      }
      // The key is held until the add is settled; who asked for it waits no longer than he wants.
      let added = Timely<Result<Reply, MemcachedError>> { result in
        switch result {
        case .success(.stored): completion(.stored(item, tier: tier))
        case .success: completion(.exists)
        case .failure(let error): completion(.failed(error))
        }
      }
      let end = share(of: deadline, among: tiers.count)
      added.start(by: end, on: loop) { .failure(.heldBack) }
      submit(.copy(of: item, key, exptime), tier: 0, end) { result in
        writes.endBackfill(key)
        added.end(with: result)
        // Until then the node has to be there, though another client may have taken the place of this one.
        withExtendedLifetime(self) {}
      }
    }
  }

  // The first older tier that has the key; nil when none has, those that fail counting as not having it.
  func look(
    for key: Key, from tier: Int, _ deadline: Instant, _ visits: [Visit],
    _ completion: @escaping (Item?, [Visit]) -> Void
  ) {
    if tier == tiers.count { return completion(nil, visits) }
    // The older tiers from here on, and the primary after them.
    let end = share(of: deadline, among: tiers.count - tier + 1)
    let begun = loop.now
    readOne(Command(key, .get(isPeek: true)), key, tier: tier, end) { [self] result in
      let time = microseconds(since: begun)
      tiers[tier].counter.noteRead(result, microseconds: time)
      let visit = { (outcome: Visit.Outcome) in
        visits + [Visit(tier: tier, outcome: outcome, microseconds: time)]
      }
      switch result {
      case .success(.hit(let item)): completion(item, visit(.hit))
      case .success: look(for: key, from: tier + 1, deadline, visit(.miss), completion)
      case .failure(let error): look(for: key, from: tier + 1, deadline, visit(.error(error)), completion)
      }
    }
  }
}

extension MemcachedError {
  /// For who may not touch a key before a copy of it has come to its end, or waits for that end himself.
  static let heldBack = MemcachedError(
    .timedOut, "a copy from an older tier to the primary was still on its way at the deadline")
}

extension Answer {
  /// An older tier's answer to one who wanted it in the primary.
  fileprivate func notCopied(_ reason: String) -> Answer {
    var answer = self
    answer.copying = .failed(reason)
    return answer
  }
}

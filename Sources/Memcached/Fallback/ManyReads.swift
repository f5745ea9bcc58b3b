// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

extension FallbackClient {
  /// Reads many items: one answer a key, in the order of `keys`.
  /// - Parameters:
  ///   - isPeek: do not count as accesses where the server can be told so.
  ///   - allowance: for all values together. A hit that does not fit fails with `.answerTooLarge`; which ones do
  ///     not depends on which come first.
  public func getMany(
    _ keys: [Key], isPeek: Bool = false, allowance: ValueAllowance = ValueAllowance(),
    _ options: RequestOptions = .init(),
    completion: @escaping ([Answer]) -> Void
  ) {
    if keys.isEmpty { return completion([]) }
    let deadline = deadline(options)
    let command = Command.Operation.get(isPeek: isPeek)
    guard policy.fallsBackPerKey else {
      return readTogether(keys, command, tier: 0, allowance, deadline, completion)
    }
    let backfills = policy.backfills && !isPeek
    let share = share(of: deadline, among: tiers.count)
    let many = ManyAnswers(keys.count, allowance, completion)
    let begun = loop.now
    for (index, key) in keys.enumerated() {
      submit(Command(key, command), key, tier: 0, share) { [self] result in
        // The way of most keys, and all that it needs.
        if case .success(.hit) = result {
          tiers[0].counter.noteRead(result, microseconds: microseconds(since: begun))
          return many.put(Answer(result), at: index)
        }
        let key = keys[index]
        took(
          result, key, isPeek: isPeek, tier: 0, since: begun, others: [], backfills: backfills, deadline
        ) { answer in many.put(answer, at: index) }
      }
    }
  }

  /// As `getMany`, for later `cas`.
  public func getsMany(
    _ keys: [Key], _ options: RequestOptions = .init(), completion: @escaping ([Answer]) -> Void
  ) {
    getMany(keys, options, completion: completion)
  }

  // pymemcache's get_many: a tier is asked for all keys at once; any hit ends the search.
  private func readTogether(
    _ keys: [Key], _ operation: Command.Operation, tier index: Int, _ allowance: ValueAllowance,
    _ deadline: Instant,
    _ completion: @escaping ([Answer]) -> Void
  ) {
    var allowance = allowance
    join(keys.count) { [self] (answers: [Answer]) in
      let failure = answers.first { if case .failure = $0.result { true } else { false } }
      if let failure { return completion(keys.map { _ in failure }) }
      let isMiss = answers.allSatisfy { if case .success(.miss) = $0.result { true } else { false } }
      if isMiss, index + 1 < tiers.count {
        readTogether(keys, operation, tier: index + 1, allowance, deadline, completion)
      } else {
        completion(answers)
      }
    } each: { [self] position, done in
      let (key, end) = (keys[position], share(of: deadline, among: tiers.count - index))
      let begun = loop.now
      if !tiers[index].isRead { return done(Answer(.success(.miss), tier: index)) }
      submit(Command(key, operation), key, tier: index, end) { [self] result in
        tiers[index].counter.noteRead(result, microseconds: microseconds(since: begun))
        done(allowance.admit(Answer(result, tier: index)))
      }
    }
  }
}

/// The answers to many keys, as they come in.
private final class ManyAnswers {
  private var answers: [Answer]
  private var missing: Int
  private var allowance: ValueAllowance
  private let completion: ([Answer]) -> Void

  init(_ count: Int, _ allowance: ValueAllowance, _ completion: @escaping ([Answer]) -> Void) {
    // Each is overwritten. Not optional: all of them would be copied to be handed over.
    answers = Array(repeating: Answer(.success(.miss)), count: count)
    missing = count
    self.allowance = allowance
    self.completion = completion
  }

  /// Called once for each key.
  func put(_ answer: Answer, at index: Int) {
    answers[index] = allowance.admit(answer)
    missing -= 1
    if missing == 0 { completion(answers) }
  }
}

/// How many bytes the values of one answer to many keys may have: what comes beyond is let go of at once, so
/// that a thousand keys of the largest values do not fill the memory.
public struct ValueAllowance: Hashable, Sendable {
  public let limit: Int
  private var left: Int

  /// - Parameter bytes: of all values together.
  public init(bytes: Int = .max) {
    limit = bytes
    left = bytes
  }

  /// Nil, and the value's bytes are spent, when it fits.
  public mutating func refusal(of item: Item) -> MemcachedError? {
    if item.value.count <= left {
      left -= item.value.count
      return nil
    }
    return MemcachedError(
      .answerTooLarge(limit: limit),
      "more than \(limit) bytes of values in one answer: ask for fewer keys, or for this one alone"
    )
  }

  mutating func admit(_ answer: Answer) -> Answer {
    guard case .success(.hit(let item)) = answer.result, let error = refusal(of: item) else { return answer }
    return Answer(.failure(error), tier: answer.tier, others: answer.others)
  }
}

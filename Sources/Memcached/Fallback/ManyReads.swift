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
    let deadline = deadline(options)
    let command = Command.Operation.get(isPeek: isPeek)
    if policy.fallsBackPerKey {
      var allowance = allowance
      let backfills = policy.backfills && !isPeek
      join(keys.count, completion) { index, done in
        read(
          Command(keys[index], command), keys[index], tier: 0, others: [], backfills: backfills, deadline
        ) { answer in
          done(allowance.admit(answer))
        }
      }
    } else {
      readTogether(keys, command, tier: 0, allowance, deadline, completion)
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
      submit(Command(key, operation), key, tier: index, end) { result in
        done(allowance.admit(Answer(result, tier: index)))
      }
    }
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

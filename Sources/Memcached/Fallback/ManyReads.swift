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
    let operation = Command.Operation.get(isPeek: isPeek)
    guard policy.fallsBackPerKey else {
      return readTogether(keys, operation, tier: 0, allowance, deadline, completion)
    }
    let share = share(of: deadline, among: tiers.count)
    let reads = ManyReads(keys, isPeek: isPeek, deadline, allowance, of: self, completion)
    let primary = tiers[0].cluster
    for index in keys.indices {
      primary.submit(Command(keys[index], operation), deadline: share) { reads.took($0, at: index) }
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
      submit(Command(key, operation), tier: index, end) { [self] result in
        tiers[index].counter.noteRead(result, microseconds: microseconds(since: begun))
        done(allowance.admit(Answer(result, tier: index)))
      }
    }
  }
}

/// The reads of one multi-get: what they have in common, which each of them would otherwise capture for itself,
/// and their answers as they come in.
private final class ManyReads {
  private let client: FallbackClient
  private let keys: [Key]
  private let isPeek: Bool
  private let deadline: Instant
  private let begun: Instant
  private var answers: [Answer]
  private var missing: Int
  private var allowance: ValueAllowance
  private let completion: ([Answer]) -> Void

  init(
    _ keys: [Key], isPeek: Bool, _ deadline: Instant, _ allowance: ValueAllowance, of client: FallbackClient,
    _ completion: @escaping ([Answer]) -> Void
  ) {
    self.client = client
    self.keys = keys
    self.isPeek = isPeek
    self.deadline = deadline
    begun = client.loop.now
    // Each is overwritten. Not optional: all of them would be copied to be handed over.
    answers = Array(repeating: Answer(.success(.miss)), count: keys.count)
    missing = keys.count
    self.allowance = allowance
    self.completion = completion
  }

  /// What the primary said of a key. Called once for each.
  func took(_ result: Result<Reply, MemcachedError>, at index: Int) {
    // The way of most keys, and all that it needs.
    if result.isHit {
      client.tiers[0].counter.noteRead(result, microseconds: client.microseconds(since: begun))
      return put(Answer(result), at: index)
    }
    client.took(
      result, keys[index], isPeek: isPeek, tier: 0, since: begun, others: [],
      backfills: client.policy.backfills && !isPeek, deadline
    ) { [self] answer in put(answer, at: index) }
  }

  private func put(_ answer: consuming Answer, at index: Int) {
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

  mutating func admit(_ answer: consuming Answer) -> Answer {
    guard case .success(.hit(let item)) = answer.result, let error = refusal(of: item) else { return answer }
    return Answer(.failure(error), tier: answer.tier, others: answer.others)
  }
}

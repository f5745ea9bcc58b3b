// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Hop 4 of a request: operations of any kind, many at once.

import Memcached
import Microhttpd
import Reactor

/// `POST /batch`. Each operation is a `Call` that goes through the handler of its verb, so that its result is
/// what a request of its own would have been answered.
///
///     get a ────────────► result 0
///     set b ─► get b ───► results 1, 3         operations of one key one after the other,
///     incr c ───────────► result 2             those of different keys at once
///
/// All that begin in one turn of the loop leave in one write a node. Nothing is undone when one fails.
enum Batch {
  static func post(_ call: Call) throws(Problem) {
    _ = try call.negotiate([.json])
    try call.request.refusePreconditions()
    // An announced length has been looked at before the body came; that of a chunked one is known only now.
    let (length, limit) = (call.request.body.count, call.context.settings.maximumBatchLength)
    guard length <= limit else {
      throw Problem(.tooLarge, "the body has \(length) bytes; at most \(limit) can be taken here")
    }
    guard let request = try call.arguments(BatchRequest.self) else {
      throw Problem(.invalidBody, "there is no body: send `{\"operations\":[…]}`")
    }
    BatchRun(call, request.operations).begin()
  }
}

/// A batch on its way.
private final class BatchRun {
  private let call: Call
  private let operations: [Result<BatchOperation, Problem>]
  /// Of each operation the next one of the same key.
  private var followers: [Int?]
  private var outcomes: [Outcome?]
  private var missing: Int
  private var allowance: ValueAllowance
  /// Many operations of one key must not take many times the time of one.
  private let deadline: Instant

  init(_ call: Call, _ operations: [Result<BatchOperation, Problem>]) {
    self.call = call
    self.operations = operations
    followers = Array(repeating: nil, count: operations.count)
    outcomes = Array(repeating: nil, count: operations.count)
    missing = operations.count
    allowance = ValueAllowance(bytes: call.context.settings.maximumBatchLength)
    guard let end = call.options(isSequence: true).deadline else {
      preconditionFailure("a sequence of commands has a deadline")
    }
    deadline = end
  }

  func begin() {
    if operations.isEmpty { return respond() }
    for index in firstOfEachKey() { run(from: index) }
  }

  /// Ties the operations of each key together.
  private func firstOfEachKey() -> [Int] {
    var last: [Key: Int] = [:]
    last.reserveCapacity(operations.count)
    return operations.indices.filter { index in
      guard case .success(let operation) = operations[index] else { return true }
      guard let before = last.updateValue(index, forKey: operation.key) else { return true }
      followers[before] = index
      return false
    }
  }

  /// Does an operation and those that follow it. A loop where they are answered at once, as by a memory tier:
  /// each within the completion of the one before it, a thousand would not fit on the stack.
  private func run(from first: Int) {
    var next: Int? = first
    while let index = next {
      next = nil
      var isBeginning = true
      perform(index) { [self] outcome in
        put(outcome, at: index)
        guard let follower = followers[index] else { return }
        if isBeginning { next = follower } else { run(from: follower) }
      }
      isBeginning = false
    }
  }

  private func perform(_ index: Int, _ completion: @escaping (Outcome) -> Void) {
    do throws(Problem) {
      let operation = try operations[index].get()
      guard call.context.loop.now < deadline else { throw outOfTime(operation) }
      let part = BatchPart(deadline: deadline, complete: completion)
      let own = try Call(
        call.request, call.context, caller: call.caller, key: operation.key, query: .none, part: part)
      try own.caller?.check(operation.isWrite ? .write : .read)
      try operation.perform(own)
    } catch {
      completion(.failed(error))
    }
  }

  private func outOfTime(_ operation: BatchOperation) -> Problem {
    var problem = Problem(.timedOut, "the time of the batch was up before this operation could begin")
    problem.outcome = operation.isWrite ? .notApplied : nil
    return problem
  }

  private func put(_ outcome: Outcome, at index: Int) {
    var outcome = outcome
    if case .item(let body, _) = outcome, let error = allowance.refusal(of: body.item) {
      outcome = .failed(Problem(error, tier: body.tier, isWrite: false))
    }
    outcomes[index] = outcome
    missing -= 1
    if missing == 0 { respond() }
  }

  private func respond() {
    let (context, request) = (call.context, call.request)
    let results = context.json.items.results(outcomes.compactMap { $0 }) { problem in
      problem.body(instance: context.identify(problem, of: request))
    }
    call.respond(.of(.json, results))
  }
}

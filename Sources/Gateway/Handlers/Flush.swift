// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// `POST /flush?tier=new&delay=0`: flush_all on the tiers that are named, and on no other.
enum Flush {
  static func post(_ call: Call) throws(Problem) {
    let form = try call.negotiate([.json, .text])
    let names = call.query.values("tier").map { String(decoding: $0, as: UTF8.self) }
    // There is no default: nobody should empty a cluster by a request that was cut short.
    if names.isEmpty { throw Problem(.invalidQuery, "name the tiers to empty: `?tier=`, once or more") }
    try call.context.checkTiers(names)
    try call.caller?.checkAllKeys()
    // The limit is far below that of the type, so the conversion cannot fail.
    let delay = UInt32(try call.query.number("delay", atMost: Limits.flushDelaySeconds) ?? 0)
    call.context.client.flushAll(tiers: names, delaySeconds: delay) { answers in
      if let problem = problem(answers) { return call.fail(problem) }
      let outcomes = outcomes(answers)
      if form == .json { return call.respond(json: FlushBody(tiers: outcomes)) }
      let rows = outcomes.map { [$0.tier, $0.node ?? "-", "flushed"] }
      call.respond(.of(.text, Array(TextTable.text(rows).utf8)))
    }
  }

  private static func outcomes(_ answers: [TierAnswers]) -> [TierOutcome] {
    answers.flatMap { tier in
      tier.nodes.map { TierOutcome(tier: tier.tier, node: $0.node, $0.result.flushFailure) }
    }
  }

  /// The first failure decides the status; all nodes are listed, as others may have been emptied.
  private static func problem(_ answers: [TierAnswers]) -> Problem? {
    for answer in answers {
      for node in answer.nodes {
        guard let error = node.result.flushFailure else { continue }
        var problem = Problem(error, tier: answer.tier, isWrite: true)
        problem.node = node.node
        problem.tiers = outcomes(answers)
        return problem
      }
    }
    return nil
  }
}

extension Result<Reply, MemcachedError> {
  /// Nil when the node was flushed.
  fileprivate var flushFailure: MemcachedError? {
    switch self {
    case .success(.flushed): nil
    case .success: MemcachedError(.protocolViolation, "the reply is not that of flush_all", outcome: .unknown)
    case .failure(let error): error
    }
  }
}

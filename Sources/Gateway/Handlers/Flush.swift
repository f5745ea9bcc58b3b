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
    // The limit is far below that of the type, so the conversion cannot fail.
    let delay = UInt32(try call.query.number("delay", atMost: Limits.flushDelaySeconds) ?? 0)
    call.context.client.flushAll(tiers: names, delaySeconds: delay) { answers in
      let tiers = answers.map(FlushedTier.init)
      if let problem = problem(answers, tiers) { return call.fail(problem) }
      if form == .json { return call.respond(json: FlushBody(tiers: tiers)) }
      let rows = tiers.flatMap { tier in tier.nodes.map { [tier.name, $0.name, "flushed"] } }
      call.respond(.of(.text, Array(TextTable.text(rows).utf8)))
    }
  }

  /// The first failure decides the status; all nodes are listed, as others may have been emptied.
  private static func problem(_ answers: [TierAnswers], _ tiers: [FlushedTier]) -> Problem? {
    for answer in answers {
      for node in answer.nodes {
        guard let error = node.result.flushFailure else { continue }
        var problem = Problem(error, tier: answer.tier, isWrite: true)
        problem.node = node.node
        problem.tiers = tiers
        return problem
      }
    }
    return nil
  }
}

extension FlushedTier {
  fileprivate init(_ answers: TierAnswers) {
    self.init(
      name: answers.tier,
      nodes: answers.nodes.map { answer in
        let error = answer.result.flushFailure
        return Node(
          name: answer.node, flushed: error == nil, error: error?.detail, outcome: error?.outcome.rawValue)
      })
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

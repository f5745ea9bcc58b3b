// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor

/// The verbs that concern whole servers.
extension FallbackClient {
  /// The servers' own statistics, of the tiers named (nil = all).
  /// - Parameter argument: `""`, or one that memcached knows: `settings`, `items`, `slabs`, `conns` …
  public func stats(
    _ argument: String = "", tiers names: [String]? = nil, _ options: RequestOptions = .init(),
    completion: @escaping ([TierAnswers]) -> Void
  ) {
    askServers(.stats(argument: argument), names, options, completion)
  }

  /// The servers' releases, of every tier.
  public func version(
    _ options: RequestOptions = .init(), completion: @escaping ([TierAnswers]) -> Void
  ) {
    askServers(.version, nil, options, completion)
  }

  /// Empties the tiers named (nil = the primary), at once or after a delay.
  ///
  /// What is on its way to the primary from an older tier is waited for, so that nothing comes back after a
  /// flush at once. A delayed one is done by the servers, when nobody waits: around it no backfill begins.
  public func flushAll(
    tiers names: [String]? = nil, delaySeconds: UInt32 = 0, _ options: RequestOptions = .init(),
    completion: @escaping ([TierAnswers]) -> Void
  ) {
    let names = names ?? [tiers[0].name]
    let flush = Command.Operation.flushAll(delaySeconds: delaySeconds)
    guard tiers.count > 1, names.contains(tiers[0].name) else {
      return askServers(flush, names, options) { [self] answers in
        if delaySeconds == 0 { noteFlushed(answers) }
        completion(answers)
      }
    }
    if delaySeconds > 0 {
      holdBackfills(around: delaySeconds)
      return askServers(flush, names, options, completion)
    }
    let deadline = deadline(options)
    coordination.writes.beginFlush(by: deadline, on: loop) { [self] isInTime in
      let done = { [self] (answers: [TierAnswers]) in
        coordination.writes.endFlush(now: loop.now)
        noteFlushed(answers)
        completion(answers)
      }
      guard isInTime else { return done(refusals(of: names)) }
      askServers(flush, names, RequestOptions(deadline: deadline, noreply: options.noreply), done)
    }
  }

  // A server counts in whole seconds, and so empties itself up to two before the delay is over by our clock;
  // what begins before that has the time of an operation to end.
  private func holdBackfills(around delaySeconds: UInt32) {
    let due = loop.now + .seconds(Int64(delaySeconds))
    let last = due + operationTimeout
    loop.schedule(at: due + (.seconds(-2) - operationTimeout)) { [writes = coordination.writes] in
      writes.noteFlush(last)
    }
  }

  // Nothing stale is left in a tier whose nodes have all been emptied.
  private func noteFlushed(_ answers: [TierAnswers]) {
    for answer in answers where answer.nodes.allSatisfy({ $0.result == .success(.flushed) }) {
      if let tier = tiers.firstIndex(where: { $0.name == answer.tier }) {
        coordination.invalidations.flushed(id(of: tier))
      }
    }
  }

  private func refusals(of names: [String]) -> [TierAnswers] {
    tiers.filter { names.contains($0.name) }.map { tier in
      TierAnswers(
        tier: tier.name,
        nodes: tier.cluster.nodes.map { .init(node: $0.name, result: .failure(.heldBack)) })
    }
  }

  private func askServers(
    _ operation: Command.Operation, _ names: [String]?, _ options: RequestOptions,
    _ completion: @escaping ([TierAnswers]) -> Void
  ) {
    let asked = tiers.filter { names?.contains($0.name) ?? true }
    let deadline = deadline(options)
    join(asked.count, completion) { index, done in
      let tier = asked[index]
      join(tier.cluster.nodes.count) { (nodes: [TierAnswers.NodeAnswer]) in
        done(TierAnswers(tier: tier.name, nodes: nodes))
      } each: { position, answered in
        let node = tier.cluster.nodes[position]
        node.submit(Command(operation, noreply: options.noreply), deadline: deadline) {
          answered(TierAnswers.NodeAnswer(node: node.name, result: $0))
        }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Logging
import Memcached
import Reactor

/// What is to be in force, made of what is.
typealias TierChange = (Settings) throws(ChangeRefusal) -> Settings
/// What was asked for and needs a restart, or why nothing was changed.
typealias ChangeOutcome = (Result<[SettingName], ChangeRefusal>) -> Void

/// Why tiers and settings stay as they are.
struct ChangeRefusal: Error {
  enum Kind {
    case invalid, unknownTier, conflict, draining
  }

  let kind: Kind
  /// A sentence each.
  let reasons: [String]

  init(_ kind: Kind, _ reasons: [String]) {
    self.kind = kind
    self.reasons = reasons
  }

  static let draining = ChangeRefusal(.draining, ["the gateway is draining"])
}

/// Changes the tiers and the settings of all workers while they serve. Bound to the loop of worker 0.
///
///     hold back new requests ─► those under way end ─► every worker adopts the new factory ─► go on
///
/// One change after the other. No operations of two generations overlap: a write to the tiers that were and a
/// read of those that are would not know of each other (docs/adr/0013).
final class Reconfiguration {
  private var factory: NodeFactory
  private var access: AccessControl?
  private let group: WorkerGroup
  private let loop: EventLoop
  private let log: Logger
  private var isUnderWay = false
  private var waiting: [(TierChange, ChangeOutcome)] = []

  init(_ factory: NodeFactory, _ access: AccessControl?, _ group: WorkerGroup, loop: EventLoop, log: Logger) {
    self.factory = factory
    self.access = access
    self.group = group
    self.loop = loop
    self.log = log
  }

  func change(_ change: @escaping TierChange, _ completion: @escaping ChangeOutcome) {
    if isUnderWay { return waiting.append((change, completion)) }
    isUnderWay = true
    begin(change) { [self] result in
      completion(result)
      isUnderWay = false
      if !waiting.isEmpty {
        let (next, nextCompletion) = waiting.removeFirst()
        self.change(next, nextCompletion)
      }
    }
  }

  private func begin(_ change: TierChange, _ completion: @escaping ChangeOutcome) {
    let (next, nextAccess, restart): (NodeFactory, AccessControl?, [SettingName])
    do throws(ChangeRefusal) {
      let wanted = try change(factory.settings)
      let settings = factory.settings.changed(to: wanted)
      restart = SettingName.allCases.filter { settings.texts(of: $0) != wanted.texts(of: $0) }
      try refuseStalePrimary(settings.tiers[0].name)
      (next, nextAccess) = try successors(settings)
    } catch {
      return completion(.failure(error))
    }
    let limit = loop.now + factory.settings.operationTimeout
    group.all(on: loop) { worker, done in
      worker.holdBack(until: limit, done)
    } completion: { [self] in
      // A write that was under way may have come to owe a copy to the next primary.
      do throws(ChangeRefusal) {
        try refuseStalePrimary(next.settings.tiers[0].name)
        // What a worker that could not wait for the end of all has read or written is not copied.
        next.coordination.holdBackfills(until: loop.now + factory.settings.longestWrite)
        next.coordination.change(
          suppression: next.settings.backfillSuppression, maximumOwed: next.settings.maximumOwed)
        (factory, access) = (next, nextAccess)
        adopt(.success(restart), completion)
      } catch {
        adopt(.failure(error), completion)
      }
    }
  }

  /// Has every worker go on with the factory that is in force.
  private func adopt(_ outcome: Result<[SettingName], ChangeRefusal>, _ completion: @escaping ChangeOutcome) {
    group.all(on: loop) { [factory, access] worker, done in
      worker.adopt(factory, access)
      done()
    } completion: {
      completion(outcome)
    }
  }

  private func successors(
    _ settings: Settings
  ) throws(ChangeRefusal) -> (NodeFactory, AccessControl?) {
    do {
      return (
        try NodeFactory(settings, succeeding: factory),
        try AccessControl.reading(settings, log, previous: access)
      )
    } catch {
      throw ChangeRefusal(.invalid, ["\(error)"])
    }
  }

  // Of the primary no read asks whether a copy is stale.
  private func refuseStalePrimary(_ name: String) throws(ChangeRefusal) {
    if factory.settings.tiers[0].name == name { return }
    let owed = factory.owed(to: name)
    if owed.owed == 0, owed.overflowed == 0 { return }
    throw ChangeRefusal(
      .conflict,
      ["the tier \(name) cannot be the primary while stale copies are to be deleted there: wait, or flush it"]
    )
  }
}

extension Settings {
  /// These with what `wanted` has for all that can be changed while workers serve.
  func changed(to wanted: Settings) -> Settings {
    var settings = self
    (settings.tiers, settings.policy, settings.backfill) = (wanted.tiers, wanted.policy, wanted.backfill)
    (settings.backfillSuppression, settings.maximumOwed) = (wanted.backfillSuppression, wanted.maximumOwed)
    settings.migration = wanted.migration
    (settings.operationTimeout, settings.nodeTimeout) = (wanted.operationTimeout, wanted.nodeTimeout)
    (settings.connectTimeout, settings.ejectAfter) = (wanted.connectTimeout, wanted.ejectAfter)
    settings.maximumKeysPerRequest = wanted.maximumKeysPerRequest
    (settings.serverTiming, settings.corsOrigins) = (wanted.serverTiming, wanted.corsOrigins)
    (settings.accessLog, settings.accessLogSample) = (wanted.accessLog, wanted.accessLogSample)
    (settings.slowLog, settings.logKeys) = (wanted.slowLog, wanted.logKeys)
    settings.rateLimit = wanted.rateLimit
    // Listeners stay where they are: whoever was asked who he is there, still is.
    if wanted.tokensFile != nil { settings.tokensFile = wanted.tokensFile }
    (settings.rateBurst, settings.rateLimitBy) = (wanted.rateBurst, wanted.rateLimitBy)
    settings.configFile = wanted.configFile
    return settings
  }
}

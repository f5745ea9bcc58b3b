// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// Writes `Cache-Status` (RFC 9211): one member a tier that was consulted, the one nearest the origin
/// first. For us that is the oldest tier, so the members stand in the opposite order of asking.
///
///     old; hit; ttl=283, new; fwd=uri-miss
///
/// An object, because a copy for each answer would count its parts.
final class CacheStatus: Sendable {
  /// The tiers' names as the field needs them, made once.
  private let names: [String]
  /// Said of a hit whose ttl nobody knows and of which a copy is made, made once.
  private let assumed: String

  init(tierNames: [String], assumedTTL: Exptime) {
    names = tierNames.map(StructuredField.item)
    assumed = "; detail=\"ttl unknown, copied with \(assumedTTL.seconds) s\""
  }

  /// Appends the field.
  func append(_ answer: Answer, to fields: inout FieldBlock) {
    fields.begin("Cache-Status")
    if answer.others.isEmpty { return write(answer, to: &fields) }
    var separator: StaticString = ""
    for tier in names.indices.reversed() {
      let visit = answer.others.first { $0.tier == tier }
      if tier != answer.tier, visit == nil { continue }
      fields.write(literal: separator)
      separator = ", "
      if let visit { write(visit, answer.copying, to: &fields) } else { writeOwn(answer, to: &fields) }
    }
  }

  /// Appends the field of a write that was done: the older tiers whose stale copies are still to be deleted.
  /// Nothing if there is none.
  func appendOwed(_ answer: Answer, to fields: inout FieldBlock) {
    if answer.others.isEmpty { return }
    let failed = answer.others.filter { if case .error = $0.outcome { true } else { false } }
    if failed.isEmpty { return }
    let oldestFirst = failed.map(\.tier).sorted(by: >)
    fields.append("Cache-Status", oldestFirst.map { names[$0] + "; detail=owed" }.joined(separator: ", "))
  }

  // The member of the tier that gave the answer, among others.
  private func writeOwn(_ answer: Answer, to fields: inout FieldBlock) {
    switch answer.copying {
    case .promoted:
      // The older tier's item, which is the primary's now: that it is `stored` is known, as it was read there.
      fields.write(names[answer.tier])
      fields.write(literal: "; fwd=uri-miss; stored")
    case .assumedTTL:
      write(answer, to: &fields)
      fields.write(assumed)
    case .none, .failed: write(answer, to: &fields)
    }
  }

  private func write(_ answer: Answer, to fields: inout FieldBlock) {
    // Not bound in the switch below: that would copy the item.
    if case .success(.hit(let item)) = answer.result { return writeHit(answer.tier, item.ttl, to: &fields) }
    switch answer.result {
    case .success: write(Visit(tier: answer.tier, outcome: .miss), .none, to: &fields)
    case .failure(let error): write(Visit(tier: answer.tier, outcome: .error(error)), .none, to: &fields)
    }
  }

  private func writeHit(_ tier: Int, _ ttl: TimeToLive, to fields: inout FieldBlock) {
    fields.write(names[tier])
    fields.write(literal: "; hit")
    // The ttl is the remaining freshness (§2.6): left out where there is no number for it.
    guard case .seconds(let seconds) = ttl else { return }
    fields.write(literal: "; ttl=")
    fields.write(decimal: UInt64(seconds))
  }

  private func write(_ visit: Visit, _ copying: Answer.Copying, to fields: inout FieldBlock) {
    if case (.hit, .promoted(let ttl)) = (visit.outcome, copying) {
      writeHit(visit.tier, ttl, to: &fields)
      if ttl == .unknown { fields.write(assumed) }
      return
    }
    fields.write(names[visit.tier])
    switch visit.outcome {
    case .hit: fields.write(literal: "; hit")
    case .miss:
      fields.write(literal: "; fwd=uri-miss")
      guard visit.tier == 0, case .failed(let reason) = copying else { return }
      fields.write(literal: "; detail=")
      fields.write(reason)
    case .error(let error):
      fields.write(literal: "; fwd=bypass; detail=")
      fields.write(error.word)
    }
  }
}

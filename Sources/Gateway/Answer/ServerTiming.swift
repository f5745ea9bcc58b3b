// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// Writes `Server-Timing` (W3C Server Timing §3): what each tier that was consulted took, in milliseconds, and
/// what came of it. The primary first.
///
///     new;dur=0.212;desc=miss, old;dur=0.480;desc=hit
struct ServerTiming {
  /// The tiers' names as the field needs them, made once.
  private let names: [String]

  init(tierNames: [String]) { names = tierNames.map(ServerTiming.token) }

  /// Appends the field.
  func append(_ answer: Answer, to fields: inout FieldBlock) {
    fields.begin("Server-Timing")
    if answer.others.isEmpty { return write(answer, to: &fields) }
    var separator: StaticString = ""
    for tier in names.indices {
      let visit = answer.others.first { $0.tier == tier }
      if tier != answer.tier, visit == nil { continue }
      fields.write(literal: separator)
      separator = ", "
      if let visit { write(visit, to: &fields) } else { write(answer, to: &fields) }
    }
  }

  /// The same for the log: `new:miss:0.212,old:hit:0.48`.
  func text(_ answer: Answer) -> String {
    names.indices.compactMap { tier in
      if tier == answer.tier {
        let word =
          switch answer.result {
          case .success(.hit): "hit"
          case .success(.miss): "miss"
          case .success: "done"
          case .failure(let error): error.word
          }
        return step(tier, word, answer.microseconds)
      }
      guard let visit = answer.others.first(where: { $0.tier == tier }) else { return nil }
      switch visit.outcome {
      case .hit: return step(tier, "hit", visit.microseconds)
      case .miss: return step(tier, "miss", visit.microseconds)
      case .error(let error): return step(tier, error.word, visit.microseconds)
      }
    }.joined(separator: ",")
  }

  private func step(_ tier: Int, _ word: String, _ microseconds: UInt32) -> String {
    "\(names[tier]):\(word):\(Double(microseconds) / 1_000)"
  }

  private func write(_ answer: Answer, to fields: inout FieldBlock) {
    write(answer.tier, answer.microseconds, to: &fields)
    switch answer.result {
    case .success(.hit): fields.write(literal: ";desc=hit")
    case .success(.miss): fields.write(literal: ";desc=miss")
    // What came of a write is the answer's status.
    case .success: break
    case .failure(let error): write(error, to: &fields)
    }
  }

  private func write(_ visit: Visit, to fields: inout FieldBlock) {
    write(visit.tier, visit.microseconds, to: &fields)
    switch visit.outcome {
    case .hit: fields.write(literal: ";desc=hit")
    case .miss: fields.write(literal: ";desc=miss")
    case .error(let error): write(error, to: &fields)
    }
  }

  private func write(_ error: MemcachedError, to fields: inout FieldBlock) {
    fields.write(literal: ";desc=")
    fields.write(error.word)
  }

  private func write(_ tier: Int, _ microseconds: UInt32, to fields: inout FieldBlock) {
    fields.write(names[tier])
    fields.write(literal: ";dur=")
    let (whole, part) = microseconds.quotientAndRemainder(dividingBy: 1_000)
    fields.write(decimal: UInt64(whole))
    fields.write(literal: part < 10 ? ".00" : part < 100 ? ".0" : ".")
    fields.write(decimal: UInt64(part))
  }

  /// The field has no other form for a name than a token: each byte that none may have becomes `_`.
  static func token(_ name: String) -> String {
    String(decoding: name.utf8.map { isTokenByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
  }
}

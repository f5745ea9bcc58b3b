// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// Writes `Cache-Status` (RFC 9211): one member a tier that was consulted, the one nearest the origin
/// first. For us that is the oldest tier, so the members stand in the opposite order of asking.
///
///     old; hit; ttl=283, new; fwd=uri-miss
struct CacheStatus {
  /// The tiers' names as the field needs them, made once.
  private let names: [String]

  init(tierNames: [String]) {
    names = tierNames.map(CacheStatus.item)
  }

  func field(_ answer: Answer) -> String {
    let own = member(tier: answer.tier, of: answer.result)
    if answer.others.isEmpty { return own }
    var members = answer.others.map { (tier: $0.tier, text: member($0)) }
    members.append((answer.tier, own))
    members.sort { $0.tier > $1.tier }
    return members.map(\.text).joined(separator: ", ")
  }

  private func member(tier: Int, of result: Result<Reply, MemcachedError>) -> String {
    switch result {
    case .success(.hit(let item)): hit(tier: tier, item.ttl)
    case .success: member(Visit(tier: tier, outcome: .miss))
    case .failure(let error): member(Visit(tier: tier, outcome: .error(error)))
    }
  }

  private func member(_ visit: Visit) -> String {
    switch visit.outcome {
    case .hit: names[visit.tier] + "; hit"
    case .miss: names[visit.tier] + "; fwd=uri-miss"
    case .error(let error): names[visit.tier] + "; fwd=bypass; detail=" + error.word
    }
  }

  // The ttl is the remaining freshness (§2.6): left out where there is no number for it.
  private func hit(tier: Int, _ ttl: TimeToLive) -> String {
    guard case .seconds(let seconds) = ttl else { return names[tier] + "; hit" }
    return names[tier] + "; hit; ttl=" + String(seconds)
  }

  /// A name as a structured-field token where it is one, else as a string (RFC 8941 §3.3.3, §3.3.4).
  static func item(_ name: String) -> String {
    let isAlphabetic = name.utf8.first.map { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A } ?? false
    let isToken = name.utf8.allSatisfy { isTokenByte($0) || ":/".utf8.contains($0) }
    return (isAlphabetic || name.hasPrefix("*")) && isToken ? name : quoted(name)
  }

  // A structured-field string is printable ASCII; other bytes are percent-encoded so as not to be lost.
  private static func quoted(_ name: String) -> String {
    var text = "\""
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
      case 0x20...0x7E: text += String(UnicodeScalar(byte))
      default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return text + "\""
  }
}

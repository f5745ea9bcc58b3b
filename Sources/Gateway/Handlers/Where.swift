// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import GnuTLS
import Memcached

/// `GET /keys/{key}/where`: what each tier has under a key, all asked at once, whatever a read would do.
///
/// The status is 200 however many of them could not be asked: that is what was to be found out.
enum Where {
  static func get(_ call: Call) throws(Problem) {
    let form = try call.negotiate([.json, .text])
    call.context.client.look(at: call.storedKey, call.options()) { looks in
      let primary = looks[0].item?.value
      let tiers = looks.map { look in
        WhereBody.Tier(
          look, name: call.context.tierNames[look.tier], primary: look.tier == 0 ? nil : primary)
      }
      if form == .json { return call.respond(json: WhereBody(key: call.key.description, tiers: tiers)) }
      call.respond(.of(.text, Array(TextTable.text(rows(tiers)).utf8)))
    }
  }

  /// A line a tier under a line of titles. `-`: there is none; `?`: the server cannot tell.
  private static func rows(_ tiers: [WhereBody.Tier]) -> [[String]] {
    let titles = ["tier", "role", "node", "present", "ttl", "size", "flags", "cas", "fetched", "idle"]
    return [titles + ["same", "sha256", "note"]]
      + tiers.map { tier in
        let copy = tier.copy
        let absent = copy == nil ? "-" : "?"
        func cell<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? absent }
        let ttl = copy?.ttl == .never ? "never" : cell(copy?.ttl.seconds)
        return [
          tier.name, tier.role.rawValue, tier.node, tier.error == nil ? (copy == nil ? "no" : "yes") : "?",
          ttl,
          cell(copy?.size), cell(copy?.flags), cell(copy?.cas), cell(copy?.isFetched),
          cell(copy?.secondsSinceAccess), copy?.isSame.map { "\($0)" } ?? "-", cell(copy?.sha256),
          tier.notes.isEmpty ? "-" : tier.notes.joined(separator: "; "),
        ]
      }
  }
}

/// What `/keys/{key}/where` answers.
struct WhereBody: Encodable {
  let key: String
  let tiers: [Tier]

  /// An item as it is in one tier.
  struct Copy {
    let ttl: TimeToLive
    /// Of the value, in bytes.
    let size: Int
    let flags: UInt32
    /// Nil, as the next two, where the server does not tell.
    let cas: UInt64?
    let isFetched: Bool?
    let secondsSinceAccess: UInt64?
    let sha256: String
    /// Whether the value is the primary's; nil of the primary itself, and where that has none or failed.
    let isSame: Bool?

    init(_ sighting: Sighting, primary: [UInt8]?) {
      let item = sighting.item
      (ttl, size, flags, cas) = (item.ttl, item.value.count, item.flags, item.cas?.unique)
      (isFetched, secondsSinceAccess) = (sighting.isFetched, sighting.secondsSinceAccess)
      sha256 = GnuTLS.sha256(item.value).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      isSame = primary.map { $0 == item.value }
    }

    /// The members that are left out, since this server cannot tell them.
    var unknown: [Tier.Member] {
      let told: [(Tier.Member, Bool)] = [
        (.cas, cas != nil), (.isFetched, isFetched != nil),
        (.secondsSinceAccess, secondsSinceAccess != nil), (.ttl, ttl != .unknown),
      ]
      return told.filter { !$0.1 }.map(\.0)
    }
  }

  struct Tier: Encodable {
    enum Member: String, CodingKey {
      case name, role, node, present, error, ttl, size, flags, cas, sha256, unknown
      case wireProtocol = "protocol"
      case isServed = "served"
      case isFetched = "fetched"
      case secondsSinceAccess = "seconds_since_access"
      case isSame = "same_as_primary"
      case countedAsAccess = "counted_as_access"
    }

    let name: String
    let role: TiersBody.Role
    let node: String
    let wireProtocol: NodeStatus.WireProtocol?
    let isServed: Bool
    /// Why the tier could not be asked.
    private(set) var error: String?
    private(set) var copy: Copy?

    init(_ look: TierLook, name: String, primary: [UInt8]?) {
      self.name = name
      role = look.tier == 0 ? .primary : .older
      (node, wireProtocol, isServed) = (look.node, look.wireProtocol, look.isServed)
      switch look.result {
      case .success(.seen(let sighting)): copy = Copy(sighting, primary: primary)
      case .success(.miss): break
      case .success: error = "the reply does not belong to this command"
      case .failure(let failure): error = failure.description
      }
    }

    /// The classic protocol has no way to look at an item without reading it.
    private var countedAsAccess: Bool { copy != nil && wireProtocol == .classic }

    var notes: [String] {
      [
        error, countedAsAccess ? "this look counted as an access" : nil,
        isServed ? nil : "not served: a stale copy is still to be deleted",
      ].compactMap { $0 }
    }

    func encode(to encoder: any Encoder) throws {
      var members = encoder.container(keyedBy: Member.self)
      try members.encode(name, forKey: .name)
      try members.encode(role, forKey: .role)
      try members.encode(node, forKey: .node)
      try members.encodeIfPresent(wireProtocol?.rawValue, forKey: .wireProtocol)
      try members.encode(isServed, forKey: .isServed)
      if let error { return try members.encode(error, forKey: .error) }
      try members.encode(copy != nil, forKey: .present)
      guard let copy else { return }
      switch copy.ttl {
      case .seconds(let seconds): try members.encode(seconds, forKey: .ttl)
      case .never: try members.encodeNil(forKey: .ttl)
      case .unknown: break
      }
      try members.encode(copy.size, forKey: .size)
      try members.encode(copy.flags, forKey: .flags)
      // A string, as JSON numbers above 2^53 are mangled by many parsers.
      try members.encodeIfPresent(copy.cas.map { String($0) }, forKey: .cas)
      try members.encodeIfPresent(copy.isFetched, forKey: .isFetched)
      try members.encodeIfPresent(copy.secondsSinceAccess, forKey: .secondsSinceAccess)
      try members.encode(copy.sha256, forKey: .sha256)
      try members.encodeIfPresent(copy.isSame, forKey: .isSame)
      try members.encode(copy.unknown.map(\.rawValue), forKey: .unknown)
      try members.encode(countedAsAccess, forKey: .countedAsAccess)
    }
  }
}

extension TierLook {
  fileprivate var item: Item? {
    if case .success(.seen(let sighting)) = result { sighting.item } else { nil }
  }
}

extension TimeToLive {
  fileprivate var seconds: Int64? { if case .seconds(let seconds) = self { seconds } else { nil } }
}

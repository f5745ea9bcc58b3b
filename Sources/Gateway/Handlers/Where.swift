// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

/// `GET /keys/{key}/where`: the key in every tier, side by side, for the one who wonders why a reader sees
/// what it sees.
enum Where {
  static func get(_ call: Call) throws(Problem) {
    let form = try call.negotiate([.json, .text])
    call.context.client.look(for: call.key, call.options()) { places in
      let tiers = places.map { WhereBody.Tier($0, name: call.context.tierNames[$0.tier]) }
      if form == .json {
        return call.respond(json: WhereBody(key: call.key.description, tiers: tiers))
      }
      call.respond(.of(.text, Array(TextTable.text(rows(tiers)).utf8)))
    }
  }

  private static func rows(_ tiers: [WhereBody.Tier]) -> [[String]] {
    var rows = [["tier", "role", "node", "present", "ttl", "size", "flags", "cas", "md5", "note"]]
    for tier in tiers {
      let ttl: String =
        switch tier.ttl {
        case .seconds(let seconds): String(seconds)
        case .never: "never"
        case .unknown, nil: "-"
        }
      rows.append([
        tier.name, tier.role.rawValue, tier.node, tier.isPresent.map { $0 ? "yes" : "no" } ?? "?", ttl,
        tier.size.map(String.init) ?? "-", tier.flags.map(String.init) ?? "-", tier.cas ?? "-",
        tier.digest ?? "-", tier.notes.isEmpty ? "-" : tier.notes.joined(separator: "; "),
      ])
    }
    return rows
  }
}

/// What `/keys/{key}/where` answers.
struct WhereBody: Encodable {
  struct Tier: Encodable {
    private enum Member: String, CodingKey {
      case name, role, node, present, ttl, size, flags, cas, served, error
      case digest = "md5"
      case isAccess = "counted_as_access"
    }

    let name: String
    let role: TiersBody.Role
    let node: String
    /// Nil when the node could not be asked: see `error`.
    let isPresent: Bool?
    /// Nil when there is no item.
    let ttl: TimeToLive?
    /// Of the value, in bytes.
    let size: Int?
    let flags: UInt32?
    let cas: String?
    let digest: String?
    let isServed: Bool
    let isAccess: Bool
    let error: String?

    init(_ place: Whereabouts, name: String) {
      self.name = name
      role = place.tier == 0 ? .primary : .older
      node = place.node
      isServed = place.isServed
      isAccess = place.isAccess
      var item: Item?
      switch place.result {
      case .success(.hit(let found)): (item, isPresent, error) = (found, true, nil)
      case .success(.miss): (isPresent, error) = (false, nil)
      case .success: (isPresent, error) = (nil, "the reply does not belong to this command")
      case .failure(let failure): (isPresent, error) = (nil, failure.description)
      }
      ttl = item?.ttl
      size = item?.value.count
      flags = item?.flags
      cas = item?.cas.map { String($0.unique) }
      digest = item?.digest
    }

    /// What a reader of the table should know beside its columns.
    var notes: [String] {
      var notes: [String] = []
      if let error { notes.append(error) }
      if !isServed { notes.append("stale, waits to be deleted, not served") }
      if isAccess, isPresent == true { notes.append("classic: no ttl, and this look counted as an access") }
      return notes
    }

    func encode(to encoder: any Encoder) throws {
      var members = encoder.container(keyedBy: Member.self)
      try members.encode(name, forKey: .name)
      try members.encode(role, forKey: .role)
      try members.encode(node, forKey: .node)
      try members.encodeIfPresent(isPresent, forKey: .present)
      switch ttl {
      case .seconds(let seconds): try members.encode(seconds, forKey: .ttl)
      case .never: try members.encodeNil(forKey: .ttl)
      case .unknown, nil: break
      }
      try members.encodeIfPresent(size, forKey: .size)
      try members.encodeIfPresent(flags, forKey: .flags)
      try members.encodeIfPresent(cas, forKey: .cas)
      try members.encodeIfPresent(digest, forKey: .digest)
      try members.encode(isServed, forKey: .served)
      try members.encode(isAccess, forKey: .isAccess)
      try members.encodeIfPresent(error, forKey: .error)
    }
  }

  let key: String
  let tiers: [Tier]
}

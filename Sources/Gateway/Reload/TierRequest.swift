// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// What `PUT /tiers` and `PATCH /tiers/{name}` ask for, read by the same rules as a configuration file.
enum TierRequest {
  /// All tiers, and whatever else of the settings is to change with them.
  static func replace(_ body: ConfigValue) -> TierChange {
    { current throws(ChangeRefusal) in
      guard case .object(let members) = body, members["tiers"] != nil else {
        throw ChangeRefusal(.invalid, ["the body is no object with `tiers`"])
      }
      return try current.reading(members)
    }
  }

  /// Some members of one tier; the others stay.
  static func patch(_ name: String, _ body: ConfigValue) -> TierChange {
    { current throws(ChangeRefusal) in
      guard let place = current.tiers.firstIndex(where: { $0.name == name }) else {
        let names = current.tiers.map(\.name).joined(separator: ", ")
        throw ChangeRefusal(.unknownTier, ["there is no tier `\(name)`; the tiers are \(names)"])
      }
      guard case .object(let members) = body, !members.isEmpty else {
        throw ChangeRefusal(.invalid, ["the body is no object with members of a tier"])
      }
      if let given = members["name"], given != .text(name) {
        throw ChangeRefusal(.invalid, ["`name` is `\(given.written)`, the path's is `\(name)`"])
      }
      var tiers = current.tiers.map(\.members)
      tiers[place].merge(members) { _, new in new }
      // `null` takes away what is set; of anything else it is a fault that reading finds.
      let settable = Set(SettingDescription.ofFile.filter(\.isPerTier).map(\.key))
      tiers[place] = tiers[place].filter { $0.value != .null || !settable.contains($0.key) }
      return try current.reading(["tiers": .list(tiers.map { .object($0) })])
    }
  }
}

extension Settings {
  /// These with what the members of a configuration say in their place, checked as a whole.
  fileprivate func reading(_ members: [String: ConfigValue]) throws(ChangeRefusal) -> Settings {
    let file = ConfigFile(origin: "the body", .object(members))
    var flags: [SettingName: [String]] = [:]
    for name in SettingName.allCases {
      let isOfTiers = name == .tier || SettingDescription.of(name).isPerTier
      if name == .config || isOfTiers || file.values[name] != nil { continue }
      flags[name] = texts(of: name)
    }
    // What was lengthened with the timeouts is made anew from them.
    if backfillSuppression == max(Settings().backfillSuppression, longestWrite * 2) {
      flags[.backfillSuppression] = nil
    }
    var settings: Settings
    do { settings = try Settings.resolve(SettingSources(flags: flags, file: file)) } catch {
      throw ChangeRefusal(.invalid, error.faults.map(\.description))
    }
    settings.configFile = configFile
    let fixed = changed(to: settings)
    let restart = file.values.keys.filter { fixed.texts(of: $0) != settings.texts(of: $0) }
    if !restart.isEmpty {
      let keys = restart.map { SettingDescription.of($0).key }.sorted().joined(separator: ", ")
      throw ChangeRefusal(.invalid, ["\(keys): needs a restart"])
    }
    return settings
  }
}

extension TierSettings {
  /// As it would stand in a file.
  fileprivate var members: [String: ConfigValue] {
    var members: [String: ConfigValue] = [
      "name": .text(name), "nodes": .list(nodes.map { .text($0.description) }), "mode": .text(mode.rawValue),
      "distribution": .text(distribution.rawValue), "protocol": .text(wireProtocol.rawValue),
      "tls": .text(tls.rawValue),
    ]
    if !weights.isEmpty { members["weights"] = .list(weights.map { .number(Double($0)) }) }
    if !labels.isEmpty { members["labels"] = .list(labels.map { .text($0) }) }
    members["tls_ca"] = tlsAuthorities.map { .text($0) }
    members["tls_certificate"] = tlsCertificate.map { .text($0) }
    members["tls_key"] = tlsKey.map { .text($0) }
    members["auth"] = credentialsFile.map { .text($0) }
    return members
  }
}

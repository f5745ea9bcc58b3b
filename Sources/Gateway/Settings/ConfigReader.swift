// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// Turns the object of a configuration into the texts that flags would have had, so that there is one syntax
/// for values and one place that checks them; and tells what is at the wrong place or of the wrong type.
struct ConfigReader {
  private(set) var values: [SettingName: [ConfigText]] = [:]
  private(set) var faults: [SettingFault] = []
  private let origin: String

  /// - Parameter origin: the file, for errors.
  init(origin: String) { self.origin = origin }

  /// Reads the whole configuration.
  mutating func read(_ configuration: ConfigValue) {
    guard case .object(let members) = configuration else {
      return fault("", configuration, "\(configuration.kind)", allowed: "an object of settings")
    }
    let rows = SettingDescription.ofFile
    for (key, value) in members.sorted(by: { $0.key < $1.key }) {
      guard let row = rows.first(where: { $0.key == key && !$0.isPerTier }) else {
        let known = rows.filter { !$0.isPerTier }.map(\.key).joined(separator: ", ")
        fault(key, value, "no such setting" + ConfigReader.hint(key), allowed: known)
        continue
      }
      if row.name == .tier { readTiers(value) } else { read(row, key, value) }
    }
  }

  private static func hint(_ key: String) -> String {
    let isMember = SettingDescription.ofFile.contains { $0.isPerTier && $0.key == key }
    return isMember ? " here: it is a member of a tier" : ""
  }

  private mutating func read(_ row: SettingDescription, _ key: String, _ value: ConfigValue) {
    guard let texts = texts(row, key, value) else { return }
    values[row.name] = texts.map { ConfigText(key: key, text: $0) }
  }

  // MARK: Tiers

  /// The list of tiers, each an object with its name, its nodes and what else is set for it.
  mutating func readTiers(_ value: ConfigValue) {
    guard case .list(let tiers) = value else {
      return fault("tiers", value, "\(value.kind)", allowed: "a list of objects with name and nodes")
    }
    if tiers.isEmpty { fault("tiers", value, "empty", allowed: "at least one tier, the primary") }
    values[.tier] = []
    for (index, tier) in tiers.enumerated() { readTier(tier, "tiers[\(index)]") }
  }

  /// One tier; `place` is where it stands.
  mutating func readTier(_ tier: ConfigValue, _ place: String) {
    guard case .object(var members) = tier else {
      return fault(place, tier, "\(tier.kind)", allowed: "an object with name and nodes")
    }
    let (givenName, givenNodes) = (members.removeValue(forKey: "name"), members.removeValue(forKey: "nodes"))
    guard case .text(let name)? = givenName else {
      return fault("\(place).name", givenName ?? .null, "no name", allowed: "a string")
    }
    if let nodes = nodes(givenNodes, "\(place).nodes") {
      values[.tier, default: []].append(ConfigText(key: place, text: "\(name)=\(nodes)"))
    } else {
      // Without nodes it comes to no other check.
      do throws(InvalidValue) { _ = try SettingsSyntax.tierName(name) } catch {
        fault("\(place).name", givenName ?? .null, error.reason, allowed: "a tier's name")
      }
    }
    let rows = SettingDescription.ofFile.filter(\.isPerTier)
    for (key, value) in members.sorted(by: { $0.key < $1.key }) {
      guard let row = rows.first(where: { $0.key == key }) else {
        let known = (["name", "nodes"] + rows.map(\.key)).joined(separator: ", ")
        fault("\(place).\(key)", value, "a tier has no such member", allowed: known)
        continue
      }
      guard let texts = texts(row, "\(place).\(key)", value) else { continue }
      let text = "\(name)=\(texts.joined(separator: ","))"
      values[row.name, default: []].append(ConfigText(key: "\(place).\(key)", text: text))
    }
  }

  private mutating func nodes(_ value: ConfigValue?, _ place: String) -> String? {
    let allowed = "a list of HOST[:PORT], unix:PATH or memory:SIZE"
    guard case .list(let elements)? = value else {
      fault(place, value ?? .null, value.map { "\($0.kind)" } ?? "no nodes", allowed: allowed)
      return nil
    }
    guard let texts = elementTexts(elements, place, allowed: allowed) else { return nil }
    return texts.joined(separator: ",")
  }

  // MARK: Values

  /// The texts of one setting: one for each element of a list.
  private mutating func texts(_ row: SettingDescription, _ place: String, _ value: ConfigValue) -> [String]? {
    if row.isList {
      if case .list(let elements) = value { return elementTexts(elements, place, allowed: row.fileAllowed) }
      // A list of one may be written as that one.
      guard case .text(let text) = value else {
        fault(place, value, "\(value.kind), no list", allowed: row.fileAllowed)
        return nil
      }
      return [text]
    }
    switch (row.type, value) {
    case (.number, .number), (.size, .number), (.size, .text), (.duration, .text), (.boolean, .bool),
      (.text, .text):
      return [value.written]
    default:
      fault(place, value, "\(value.kind), no \(row.type.rawValue)", allowed: row.fileAllowed)
      return nil
    }
  }

  private mutating func elementTexts(_ elements: [ConfigValue], _ place: String, allowed: String) -> [String]?
  {
    if elements.isEmpty {
      fault(place, .list([]), "an empty list", allowed: allowed)
      return nil
    }
    var texts: [String] = []
    for (index, element) in elements.enumerated() {
      switch element {
      // They are parted by commas where they are written as flags.
      case .text(let text) where !text.contains(","): texts.append(text)
      case .number: texts.append(element.written)
      default:
        let reason = element.kind == "a string" ? "a comma in it" : element.kind
        fault("\(place)[\(index)]", element, reason, allowed: allowed)
      }
    }
    return texts.count == elements.count ? texts : nil
  }

  private mutating func fault(_ key: String, _ value: ConfigValue, _ reason: String, allowed: String) {
    faults.append(
      SettingFault(origin: origin, key: key, value: value.written, reason: reason, allowed: allowed))
  }
}

/// A value from a file as its flag would have it, and where it stands there.
struct ConfigText: Hashable, Sendable {
  /// `max_keys`, `tiers[1].distribution`.
  var key: String
  var text: String
}

/// How a setting is written in a file.
enum SettingType: String {
  case number, size, duration, boolean
  case text = "string"
}

extension SettingDescription {
  /// The key of a configuration file: the flag's in a tier, where there is one value; elsewhere the variable's,
  /// whose name says that there may be many.
  var key: String {
    if isPerTier { return name.rawValue.replacing("-", with: "_") }
    return variable.dropFirst("CROSSFADE_".count).lowercased()
  }

  /// All but the one that names the file.
  static var ofFile: [SettingDescription] { table.filter { $0.name != .config } }

  var isPerTier: Bool { allowed.hasPrefix("TIER=") }

  var isList: Bool {
    if isPerTier { return name == .weights || name == .labels }
    return !SettingSources.separators(of: name).isEmpty
  }

  var type: SettingType {
    switch placeholder {
    case "number": .number
    case "size": .size
    case "duration": .duration
    case "on|off", "": .boolean
    default: .text
    }
  }

  /// The type as the documentation tells it.
  var typeText: String {
    if name == .tier { return "list of objects" }
    return isList ? "list" : type.rawValue
  }

  /// What is allowed in a file, where a tier's setting stands in the tier.
  var fileAllowed: String {
    if name == .tier { return "a name, and nodes that are each HOST[:PORT], unix:PATH or memory:SIZE" }
    let allowed = isPerTier ? String(allowed.dropFirst("TIER=".count)) : allowed
    return type == .boolean ? "true or false" : allowed
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// One thing that is wrong with the settings: which setting, its value, why, and what is allowed.
public struct SettingFault: Hashable, Sendable, CustomStringConvertible {
  /// Nil for a variable or a key that is no setting's.
  public let name: SettingName?
  public let description: String

  init(_ name: SettingName, value: String, reason: String) {
    let row = SettingDescription.of(name)
    self.name = name
    description = "\(row.flag) (\(row.variable)) \(quoted(value)): \(reason); allowed: \(row.allowed)"
  }

  /// Of a file, at a key.
  init(
    _ name: SettingName? = nil, origin: String, key: String, value: String?, reason: String, allowed: String
  ) {
    self.name = name
    let place = key.isEmpty ? origin : "\(origin): \(key)"
    description = place + (value.map { " \(quoted($0))" } ?? "") + ": \(reason); allowed: \(allowed)"
  }

  init(unknownVariable variable: String, value: String) {
    name = nil
    let known = SettingDescription.table.map(\.variable).joined(separator: ", ")
    description = "\(variable) \(quoted(value)): no such setting; allowed: \(known)"
  }
}

/// Everything that is wrong with the settings, all at once: who fixes one fault a start gives up early.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  public let faults: [SettingFault]

  /// One line a fault.
  public var description: String { faults.map(\.description).joined(separator: "\n") }
}

/// In double quotes, with whatever could break the line or the terminal written as an escape.
func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": result += "\\\(scalar)"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where scalar.properties.generalCategory == .control:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials

/// Any JSON value of a configuration file or of a request that changes tiers, before it is known what is to be
/// there: an error must name every key that is wrong and not only the first.
enum ConfigValue: Decodable, Hashable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([ConfigValue])
  case object([String: ConfigValue])

  private struct Name: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    if let members = try? decoder.container(keyedBy: Name.self) {
      let pairs = try members.allKeys.map {
        ($0.stringValue, try members.decode(ConfigValue.self, forKey: $0))
      }
      self = .object(Dictionary(uniqueKeysWithValues: pairs))
    } else if var elements = try? decoder.unkeyedContainer() {
      var list: [ConfigValue] = []
      while !elements.isAtEnd { list.append(try elements.decode(ConfigValue.self)) }
      self = .list(list)
    } else {
      self = try ConfigValue(single: decoder.singleValueContainer())
    }
  }

  private init(single value: any SingleValueDecodingContainer) throws {
    if value.decodeNil() {
      self = .null
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else {
      self = .number(try value.decode(Double.self))
    }
  }

  /// As it stands in a file, for errors.
  var written: String {
    switch self {
    case .null: "null"
    case .bool(let bool): String(bool)
    case .number(let number): ConfigValue.digits(of: number)
    case .text(let text): text
    case .list: "[…]"
    case .object: "{…}"
    }
  }

  /// The word for its type.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .text: "a string"
    case .list: "a list"
    case .object: "an object"
    }
  }

  private static func digits(of number: Double) -> String {
    Int(exactly: number).map { String($0) } ?? String(number)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// How `--tier` and the settings of one tier are read.

extension SettingsSyntax {
  /// `NAME=NODE[,NODE...]`.
  static func tier(_ text: String) throws(InvalidValue) -> TierSettings {
    let (name, rest) = try nameAndValue(text)
    var nodes: [NodeAddress] = []
    for part in rest.split(separator: ",", omittingEmptySubsequences: false) {
      nodes.append(try node(String(part)))
    }
    if nodes.count > 1, nodes.contains(where: \.isMemory) {
      throw InvalidValue("a memory tier has exactly one node")
    }
    if Set(nodes).count < nodes.count { throw InvalidValue("the same node twice") }
    return TierSettings(name: name, nodes: nodes)
  }

  /// `TIER=VALUE`.
  static func tierValue<Value>(
    _ text: String, _ parse: Parser<Value>
  ) throws(InvalidValue) -> (tier: String, value: Value) {
    let (name, rest) = try nameAndValue(text)
    return (name, try parse(rest))
  }

  /// `NUMBER[,NUMBER...]`.
  static func weights(_ text: String) throws(InvalidValue) -> [Int] {
    var weights: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      weights.append(try count(String(part), RingNode.weights))
    }
    return weights
  }

  /// `NAME[,NAME...]`.
  static func labels(_ text: String) throws(InvalidValue) -> [String] {
    let labels = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    for label in labels {
      if label.isEmpty { throw InvalidValue("an empty name") }
      guard !label.contains(where: \.isWhitespace) else {
        throw InvalidValue("\(quoted(label)) has a space in it")
      }
    }
    return labels
  }

  /// A path; whether there is such a file is for `SettingsResolver` to see.
  static func path(_ text: String) throws(InvalidValue) -> String? {
    if text.isEmpty { throw InvalidValue("empty path") }
    return text
  }

  private static func nameAndValue(_ text: String) throws(InvalidValue) -> (name: String, value: String) {
    guard let equals = text.firstIndex(of: "=") else { throw InvalidValue("no \"=\"") }
    return (try tierName(String(text[..<equals])), String(text[text.index(after: equals)...]))
  }

  static func tierName(_ name: String) throws(InvalidValue) -> String {
    guard isTierName(name) else {
      throw InvalidValue(
        "\(quoted(name)) is no tier's name (a letter, then up to 63 letters, digits, _ or -)")
    }
    return name
  }

  /// `[A-Za-z][A-Za-z0-9_-]{0,63}`: names go into headers, metrics and paths as they are.
  private static func isTierName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard let first = bytes.first, bytes.count <= 64, isLetter(first) else { return false }
    return bytes.allSatisfy { byte in
      isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}

extension NodeAddress {
  var isMemory: Bool {
    if case .memory = self { true } else { false }
  }
}

extension TierSettings {
  /// The ring that divides the keys; nil for one node. Weights and labels are one for each node, or none.
  func makeRing() throws(RingError) -> (any Ring)? {
    if nodes.count == 1 { return nil }
    let ringNodes = nodes.enumerated().map { index, node in
      RingNode(
        node, weight: weights.isEmpty ? 1 : weights[index], label: labels.isEmpty ? nil : labels[index])
    }
    return try distribution.ring(of: ringNodes)
  }
}

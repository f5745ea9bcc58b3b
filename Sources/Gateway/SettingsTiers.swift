// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// How `--tier`, `--distribution` and `--protocol` are read.

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

  /// `TIER=CHOICE`, of protocols and of distributions.
  static func tierChoice<Choice: RawRepresentable<String> & CaseIterable>(
    _ text: String
  ) throws(InvalidValue) -> (tier: String, choice: Choice) {
    let (name, rest) = try nameAndValue(text)
    return (name, try choice(rest))
  }

  private static func nameAndValue(_ text: String) throws(InvalidValue) -> (name: String, value: String) {
    guard let equals = text.firstIndex(of: "=") else { throw InvalidValue("no \"=\"") }
    let name = String(text[..<equals])
    guard isTierName(name) else {
      throw InvalidValue(
        "\(quoted(name)) is no tier's name (a letter, then up to 63 letters, digits, _ or -)")
    }
    return (name, String(text[text.index(after: equals)...]))
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
  /// The ring that divides the keys; nil for one node.
  func makeRing() throws(RingError) -> (any Ring)? {
    if nodes.count == 1 { return nil }
    return try distribution.ring(of: nodes.map { RingNode($0) })
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import Microhttpd

/// An entity tag (RFC 9110 §8.8.3): `"<boot, 16 hexadecimal digits>.<cas unique>"`, and of the bare bytes
/// the same with `.b` or `.t` behind it.
///
/// The forms of an item have different tags (§8.8.1): a browser that has kept its JSON asks with the tag of
/// that when it wants the bytes, and would take a 304 for leave to give the JSON instead.
///
/// It holds the whole cas token, so that a tag of another server, or of one before its restart, can only
/// fail to match. A tag of an older tier is weak: `If-Match` compares strongly and never matches it, so a
/// token of the old cluster cannot overwrite an item of the new one.
struct ETag: Hashable, Sendable {
  /// Nil for a tag that we cannot have given out: valid, and equal to none of ours.
  let token: CASToken?
  let isWeak: Bool
  var form = Representation.json

  /// Writes the tag of an item with this token, in this form, as a field's value.
  static func write(_ token: CASToken, isWeak: Bool, _ form: Representation, to fields: inout FieldBlock) {
    fields.write(literal: isWeak ? "W/\"" : "\"")
    fields.write(hexadecimal: token.boot)
    fields.write(literal: ".")
    fields.write(decimal: token.unique)
    switch form {
    case .json: fields.write(literal: "\"")
    case .octets: fields.write(literal: ".b\"")
    case .text: fields.write(literal: ".t\"")
    }
  }

  /// The same as text, for where there are no fields.
  static func text(_ token: CASToken, isWeak: Bool, _ form: Representation = .json) -> String {
    var tag = FieldBlock()
    // `W/`, two quotes, 16 digits, a dot, at most 20 digits, `.b`.
    tag.reserve(43)
    write(token, isWeak: isWeak, form, to: &tag)
    return tag.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// §8.8.3.2, for `If-Match`: both strong and the same. Whatever the form that its caller has seen: what it
  /// asks is whether the item is still that one.
  func matchesStrongly(_ token: CASToken) -> Bool { !isWeak && self.token == token }

  /// §8.8.3.2, for `If-None-Match`: the same, strong or weak.
  func matchesWeakly(_ token: CASToken, _ form: Representation) -> Bool {
    self.token == token && self.form == form
  }
}

/// The value of `If-Match` or `If-None-Match` (RFC 9110 §13.1.1, §13.1.2).
enum ETagCondition: Hashable, Sendable {
  /// `*`: any item at all.
  case any
  case tags([ETag])

  /// Reads all fields of one name; nil when there are none or they break the grammar.
  init?(fields: [String]) {
    guard !fields.isEmpty else { return nil }
    let bytes = Array(fields.joined(separator: ",").utf8)
    var reader = ETagReader(bytes: bytes[...])
    guard let condition = reader.readCondition() else { return nil }
    self = condition
  }
}

/// Takes a list of entity tags apart. They are not quoted strings: a backslash in one is a backslash.
private struct ETagReader {
  var bytes: ArraySlice<UInt8>

  mutating func readCondition() -> ETagCondition? {
    skipSpace()
    if bytes.first == UInt8(ascii: "*") {
      bytes.removeFirst()
      skipSpace()
      return bytes.isEmpty ? .any : nil
    }
    var tags: [ETag] = []
    while true {
      // Empty members of a list are allowed (RFC 9110 §5.6.1.2).
      bytes = bytes.drop { $0 == UInt8(ascii: ",") || isFieldSpace($0) }
      if bytes.isEmpty { return tags.isEmpty ? nil : .tags(tags) }
      guard let tag = readTag() else { return nil }
      tags.append(tag)
      skipSpace()
      guard bytes.isEmpty || bytes.first == UInt8(ascii: ",") else { return nil }
    }
  }

  private mutating func readTag() -> ETag? {
    let isWeak = bytes.starts(with: "W/".utf8)
    if isWeak { bytes.removeFirst(2) }
    guard bytes.popFirst() == UInt8(ascii: "\"") else { return nil }
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
    var opaque = bytes[..<end]
    guard opaque.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
    bytes = bytes[(end + 1)...]
    let form = ETagReader.takeForm(from: &opaque)
    return ETag(token: CASToken(opaque: opaque), isWeak: isWeak, form: form)
  }

  private static func takeForm(from opaque: inout ArraySlice<UInt8>) -> Representation {
    for (ending, form) in [(".b", Representation.octets), (".t", .text)]
    where opaque.suffix(2).elementsEqual(ending.utf8) {
      opaque.removeLast(2)
      return form
    }
    return .json
  }

  private mutating func skipSpace() { bytes = bytes.drop(while: isFieldSpace) }
}

extension CASToken {
  /// Reads back exactly what `ETag.write` writes: two spellings of one token would be two different tags.
  fileprivate init?(opaque: ArraySlice<UInt8>) {
    let boot = opaque.prefix(16)
    let unique = opaque.dropFirst(17)
    guard opaque.count > 17, opaque[opaque.startIndex + 16] == UInt8(ascii: ".") else { return nil }
    guard boot.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
    guard unique.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    guard unique.count == 1 || unique.first != UInt8(ascii: "0") else { return nil }
    guard let boot = UInt64(String(decoding: boot, as: UTF8.self), radix: 16) else { return nil }
    guard let unique = UInt64(String(decoding: unique, as: UTF8.self)) else { return nil }
    // A token of any boot skips the comparison that this tag is for: none of ours says so.
    guard boot != CASToken.anyBoot else { return nil }
    self.init(boot: boot, unique: unique)
  }
}

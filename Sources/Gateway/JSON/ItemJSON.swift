// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Memcached
import Microhttpd

/// The JSON form of items, members sorted as in all our answers:
/// `{"cas":"1724","flags":0,"key":"user:42","tier":"new","ttl":283,"value":"…"}`.
///
/// Foundation's encoder writes every text, and so decides every escape, but all texts of an answer at once
/// (`TextCollector`). What stands between them has nothing to escape: names, digits and `null`.
///
/// An object, because a copy for each answer would count its parts.
final class ItemJSON {
  private let encoder: JSONEncoder
  private let textEncoder: TextEncoder

  init(_ encoder: JSONEncoder) {
    self.encoder = encoder
    textEncoder = TextEncoder(encoder)
  }

  func item(_ body: ItemBody) -> [UInt8] {
    var texts = TextCollector(expecting: 3, length: ItemJSON.length(of: body))
    ItemJSON.collect(body.key, body.item, body.tier, &texts)
    var out = ByteText()
    encode(texts) { encoded in
      out.reserve(encoded.length + ItemJSON.envelopeLength)
      append(body.item, &encoded, &out)
    }
    return out.take()
  }

  /// `{"errors":[…],"items":[…],"missing":[…]}`
  func items(_ body: ItemsBody) -> [UInt8] {
    var texts = TextCollector(expecting: body.keys.count * 3, length: body.keys.count * 128)
    // Each answer is looked at once: that copies all of it.
    var items: [Item] = []
    items.reserveCapacity(body.keys.count)
    var missing: [Key] = []
    for (index, key) in body.keys.enumerated() {
      // Not bound in a switch: that would copy the item once more.
      if case .success(.hit(let item)) = body.answers[index].result {
        ItemJSON.collect(key, item, body.tiers[body.answers[index].tier], &texts)
        items.append(item)
      } else if case .success(.miss) = body.answers[index].result {
        missing.append(key)
      }
    }
    for key in missing { texts.add(name: key.bytes) }
    var out = ByteText()
    encode(texts) { encoded in
      out.reserve(encoded.length + (body.keys.count + 1) * ItemJSON.envelopeLength)
      out.append(literal: "{\"errors\":")
      append(self.encoded(body.errors), &out)
      out.append(literal: ",\"items\":[")
      for index in items.indices {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        append(items[index], &encoded, &out)
      }
      out.append(literal: "],\"missing\":[")
      for index in missing.indices {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        encoded.append(to: &out)
      }
      out.append(literal: "]}")
    }
    return out.take()
  }

  /// What incr and decr answer: `{"key":"hits","value":"42"}`. The value is a string for the same reason as
  /// `cas`.
  func counter(_ key: Key, _ value: UInt64) -> [UInt8] {
    var texts = TextCollector(expecting: 1, length: key.bytes.count)
    texts.add(name: key.bytes)
    var out = ByteText()
    encode(texts) { encoded in
      out.reserve(encoded.length + ItemJSON.envelopeLength)
      encoded.append(to: &out, from: "{\"key\":\"", to: "\",\"value\":\"")
      out.append(decimal: value)
      out.append(literal: "\"}")
    }
    return out.take()
  }

  func encoded(_ value: some Encodable) -> Data {
    // Fails for numbers that are not finite and for what an `encode(to:)` throws: ours have neither.
    do { return try encoder.encode(value) } catch { preconditionFailure("cannot be JSON: \(error)") }
  }

  func append(_ data: Data, _ out: inout ByteText) { data.withUnsafeBytes { out.append($0) } }

  func encode(_ texts: consuming TextCollector, _ body: (inout EncodedTexts) -> Void) {
    texts.encode(by: textEncoder, body)
  }

  // MARK: Parts

  /// What an item's form takes beside its texts, about.
  static let envelopeLength = 96

  static func length(of body: ItemBody) -> Int {
    body.key.bytes.count + body.tier.utf8.count + body.item.value.count
  }

  /// Adds the texts of an item in the order in which `append` takes them.
  static func collect(_ key: Key, _ item: Item, _ tier: String, _ texts: inout TextCollector) {
    texts.add(name: key.bytes)
    texts.add(name: tier)
    texts.add(value: item.value)
  }

  func append(_ item: Item, _ texts: inout EncodedTexts, _ out: inout ByteText) {
    // A string, as JSON numbers above 2^53 are mangled by many parsers.
    if let cas = item.cas {
      out.append(literal: "{\"cas\":\"")
      out.append(decimal: cas.unique)
      out.append(
        literal: texts.isBase64(ahead: 2) ? "\",\"encoding\":\"base64\",\"flags\":" : "\",\"flags\":")
    } else {
      out.append(literal: texts.isBase64(ahead: 2) ? "{\"encoding\":\"base64\",\"flags\":" : "{\"flags\":")
    }
    out.append(decimal: UInt64(item.flags))
    texts.append(to: &out, from: ",\"key\":\"")
    texts.append(to: &out, from: ",\"tier\":\"")
    switch item.ttl {
    case .seconds(let seconds):
      out.append(literal: ",\"ttl\":")
      out.append(decimal: UInt64(seconds))
    case .never: out.append(literal: ",\"ttl\":null")
    case .unknown: break
    }
    texts.append(to: &out, from: ",\"value\":\"", to: "\"}")
  }
}

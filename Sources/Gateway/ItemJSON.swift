// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Glibc
import Memcached

/// The JSON form of items, members sorted as in all our answers:
/// `{"cas":"1724","flags":0,"key":"user:42","tier":"new","ttl":283,"value":"…"}`.
///
/// Foundation's encoder writes every string, and so decides every escape, but all strings of an answer at
/// once, as one plain array: containers with keys are what costs in it, about half a microsecond of the four
/// that JSON added to a GET. What stands between the strings has nothing to escape: names, digits and `null`.
struct ItemJSON {
  private let encoder: JSONEncoder

  init(_ encoder: JSONEncoder) { self.encoder = encoder }

  func item(_ body: ItemBody) -> [UInt8] {
    var out: [UInt8] = []
    append([body], to: &out)
    return out
  }

  /// `{"errors":[…],"items":[…],"missing":[…]}`
  func items(_ body: ItemsBody) -> [UInt8] {
    var out: [UInt8] = []
    out += "{\"errors\":".utf8
    out += encoded(body.errors)
    out += ",\"items\":[".utf8
    append(body.items, to: &out)
    out += "],\"missing\":".utf8
    out += encoded(body.missing)
    out += "}".utf8
    return out
  }

  func encoded(_ value: some Encodable) -> Data {
    // Fails for numbers that are not finite and for what an `encode(to:)` throws: ours have neither.
    do { return try encoder.encode(value) } catch { preconditionFailure("cannot be JSON: \(error)") }
  }

  private func append(_ items: [ItemBody], to out: inout [UInt8]) {
    if items.isEmpty { return }
    var strings: [String] = []
    strings.reserveCapacity(items.count * 3)
    var isBase64: [Bool] = []
    for body in items { isBase64.append(ItemJSON.collect(body, &strings)) }
    let array = encoded(strings)
    out.reserveCapacity(out.count + array.count + items.count * 128)
    array.withUnsafeBytes { array in
      var reader = StringArrayReader(array)
      for (index, body) in items.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        append(body.item, isBase64: isBase64[index], &reader, &out)
      }
    }
  }

  /// Adds the strings of an item in the order in which `append` wants them; returns whether its value is
  /// base64.
  static func collect(_ body: ItemBody, _ strings: inout [String]) -> Bool {
    // JSON is UTF-8: a key that is not loses the bytes that are not. It is an echo; the caller has the key.
    strings.append(body.key.description)
    strings.append(body.tier)
    // One pass both checks that the value is UTF-8 and makes the string of it.
    let text = String(validating: body.item.value, as: UTF8.self)
    strings.append(text ?? Data(body.item.value).base64EncodedString())
    return text == nil
  }

  func append(
    _ item: Item, isBase64: Bool, _ strings: inout StringArrayReader, _ out: inout [UInt8]
  ) {
    out.append(UInt8(ascii: "{"))
    // A string, as JSON numbers above 2^53 are mangled by many parsers.
    if let cas = item.cas { out += "\"cas\":\"\(cas.unique)\",".utf8 }
    if isBase64 { out += "\"encoding\":\"base64\",".utf8 }
    out += "\"flags\":\(item.flags),\"key\":".utf8
    out += strings.next()
    out += ",\"tier\":".utf8
    out += strings.next()
    switch item.ttl {
    case .seconds(let seconds): out += ",\"ttl\":\(seconds)".utf8
    case .never: out += ",\"ttl\":null".utf8
    case .unknown: break
    }
    out += ",\"value\":".utf8
    out += strings.next()
    out.append(UInt8(ascii: "}"))
  }
}

/// Takes an encoded array of strings apart, `["a","b\"c"]`, without decoding: each with its quotes.
struct StringArrayReader {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func next() -> UnsafeRawBufferPointer {
    // The bracket or the comma before it.
    offset += 1
    let start = offset
    var end = closingQuote(after: start)
    while isEscaped(end, since: start) { end = closingQuote(after: end) }
    offset = end + 1
    return UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
  }

  private func closingQuote(after position: Int) -> Int {
    guard let base = bytes.baseAddress,
      let quote = memchr(base + position + 1, Int32(UInt8(ascii: "\"")), bytes.count - position - 1)
    else { preconditionFailure("the encoder's array of strings has fewer strings than it was given") }
    return UnsafeRawPointer(quote) - base
  }

  private func isEscaped(_ quote: Int, since start: Int) -> Bool {
    var backslashes = 0
    while quote - backslashes - 1 > start, bytes[quote - backslashes - 1] == UInt8(ascii: "\\") {
      backslashes += 1
    }
    return backslashes % 2 == 1
  }
}

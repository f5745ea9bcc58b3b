// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Glibc
import Microhttpd

/// The texts of an answer in JSON, collected first and then all encoded at once, as a single string.
///
/// Foundation's encoder decides every escape, but each string that it is given costs it many times what the
/// bytes do, and each container more (docs/adr/0011). The texts are found again in the encoded string by
/// counting: what stands there for a byte is that byte, or one escape.
///
///     user:42␠new␠say "hi"␠   ─►   "user:42 new say \"hi\" "   ─►   "user:42", "new", "say \"hi\""
struct TextCollector {
  fileprivate struct Piece {
    /// In bytes, before they are encoded.
    var length: Int
    /// Any bytes: where they are not UTF-8 they are given in base64.
    var isValue: Bool
    var isBase64 = false
  }

  /// Behind each text, so that the end of one and the beginning of the next cannot be one character.
  fileprivate static let separator = UInt8(ascii: " ")

  private var bytes: [UInt8] = []
  private var pieces: [Piece] = []

  /// - Parameter length: of all texts together, as far as can be told.
  init(expecting count: Int, length: Int) {
    pieces.reserveCapacity(count)
    bytes.reserveCapacity(length + count)
  }

  /// Adds a name. JSON is UTF-8: of one that is not, the bytes that are not are lost. It is an echo; the
  /// caller has the name.
  mutating func add(name: [UInt8]) { add(name, isValue: false) }

  mutating func add(name: String) { add(name.utf8, isValue: false) }

  /// Adds a value, which comes out exactly as it is, or in base64.
  mutating func add(value: [UInt8]) { add(value, isValue: true) }

  @inline(__always)
  private mutating func add(_ text: some Collection<UInt8>, isValue: Bool) {
    bytes.append(contentsOf: text)
    bytes.append(TextCollector.separator)
    pieces.append(Piece(length: text.count, isValue: isValue))
  }

  /// Encodes what has been added, and gives it to `body` to be taken out in the same order.
  consuming func encode(by encoder: TextEncoder, _ body: (inout EncodedTexts) -> Void) {
    if encoder.leavesAsTheyAre(bytes) {
      bytes.withUnsafeBytes { bytes in
        var texts = EncodedTexts(bytes, pieces, from: 0, hasEscapes: false)
        body(&texts)
      }
      return
    }
    var text = String(decoding: bytes, as: UTF8.self)
    // The string was repaired, and differs from the bytes, exactly where these are not UTF-8.
    if !text.isExactly(bytes) {
      repair()
      text = String(decoding: bytes, as: UTF8.self)
    }
    encoder.encode(text).withUnsafeBytes { encoded in
      // Behind the opening quote.
      var texts = EncodedTexts(encoded, pieces, from: 1, hasEscapes: true)
      body(&texts)
    }
  }

  /// Looks at each text for itself, since one of them is not UTF-8.
  private mutating func repair() {
    var repaired: [UInt8] = []
    var next = 0
    for index in pieces.indices {
      let piece = bytes[next..<(next + pieces[index].length)]
      next = piece.endIndex + 1
      let text = String(decoding: piece, as: UTF8.self)
      pieces[index].isBase64 = pieces[index].isValue && !text.isExactly(Array(piece))
      let start = repaired.count
      if pieces[index].isBase64 { repaired += Data(piece).base64EncodedData() } else { repaired += text.utf8 }
      pieces[index].length = repaired.count - start
      repaired.append(TextCollector.separator)
    }
    bytes = repaired
  }
}

/// Foundation's encoder, for texts; knows which of them it would leave as they are.
struct TextEncoder {
  private let encoder: JSONEncoder
  private var keepsPlainBytes = false

  /// Asks the encoder what becomes of the bytes that we take for plain, so that the decision stays its own.
  init(_ encoder: JSONEncoder) {
    self.encoder = encoder
    let plain = (UInt8.min...UInt8.max).filter { TextEncoder.isPlain($0) == 1 }
    let quote = [UInt8(ascii: "\"")]
    keepsPlainBytes = encode(String(decoding: plain, as: UTF8.self)).elementsEqual(quote + plain + quote)
  }

  func encode(_ text: String) -> Data {
    // Fails for numbers that are not finite, and for what an `encode(to:)` throws: a string has neither.
    do { return try encoder.encode(text) } catch { preconditionFailure("a string cannot be JSON: \(error)") }
  }

  /// False also where nobody knows without encoding them.
  func leavesAsTheyAre(_ bytes: [UInt8]) -> Bool {
    // Without a branch in the loop, so that it is done for many bytes at a time.
    var isPlain: UInt8 = keepsPlainBytes ? 1 : 0
    for byte in bytes { isPlain &= TextEncoder.isPlain(byte) }
    return isPlain == 1
  }

  /// 1 for what RFC 8259 §7 lets stand unescaped, of ASCII.
  private static func isPlain(_ byte: UInt8) -> UInt8 {
    let isPrintable: UInt8 = byte &- 0x20 < 0x5F ? 1 : 0
    return isPrintable & (byte != UInt8(ascii: "\"") ? 1 : 0) & (byte != UInt8(ascii: "\\") ? 1 : 0)
  }
}

/// The texts of a collector, encoded: takes one after the other out of the string that they are in.
struct EncodedTexts {
  private let encoded: UnsafeRawBufferPointer
  private let pieces: [TextCollector.Piece]
  /// Whether there may be any.
  private let hasEscapes: Bool
  private var index = 0
  private var offset: Int

  fileprivate init(
    _ encoded: UnsafeRawBufferPointer, _ pieces: [TextCollector.Piece], from start: Int, hasEscapes: Bool
  ) {
    self.encoded = encoded
    self.pieces = pieces
    self.hasEscapes = hasEscapes
    offset = start
  }

  /// Of all texts together.
  var length: Int { encoded.count }

  /// Whether the text behind the next `ahead` ones is base64.
  func isBase64(ahead: Int) -> Bool { pieces[index + ahead].isBase64 }

  /// Appends the next text with its quotes, or with more that stands before or behind it, the quotes
  /// included: an item's form is made in fewer pieces then.
  mutating func append(
    to out: inout ByteText, from opening: StaticString = "\"", to closing: StaticString = "\""
  ) {
    let end = end(of: pieces[index].length)
    out.append(from: opening, UnsafeRawBufferPointer(rebasing: encoded[offset..<end]), to: closing)
    precondition(encoded[end] == TextCollector.separator, "a text does not end where it was counted to")
    offset = end + 1
    index += 1
  }

  /// Where the text ends that had `length` bytes before it was encoded.
  private func end(of length: Int) -> Int {
    guard hasEscapes, length > 0, let base = encoded.baseAddress else { return offset + length }
    if length <= encoded.count - offset, memchr(base + offset, Int32(UInt8(ascii: "\\")), length) == nil {
      return offset + length
    }
    var end = offset
    for _ in 0..<length {
      let isEscape = encoded[end] == UInt8(ascii: "\\")
      // Only ASCII is escaped: `\n`, or `\u001f`.
      end += !isEscape ? 1 : encoded[end + 1] == UInt8(ascii: "u") ? 6 : 2
    }
    return end
  }
}

extension String {
  /// Whether these bytes are its UTF-8.
  fileprivate func isExactly(_ bytes: [UInt8]) -> Bool {
    utf8.withContiguousStorageIfAvailable { own in
      bytes.withUnsafeBufferPointer { other in
        guard own.count == other.count else { return false }
        guard let start = own.baseAddress, let otherStart = other.baseAddress else { return true }
        return memcmp(start, otherStart, own.count) == 0
      }
    } ?? utf8.elementsEqual(bytes)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import FoundationEssentials
import Microhttpd
import Testing

@testable import Gateway

@Suite struct TextCollectorTests {
  /// The one of our answers, which leaves plain text as it is, and one that escapes `/` and so does not.
  private static let encoders = [[.withoutEscapingSlashes], []].map {
    (format: JSONEncoder.OutputFormatting) in
    let encoder = JSONEncoder()
    encoder.outputFormatting = format
    return encoder
  }
  private let encoder = TextEncoder(encoders[0])

  /// What comes out for these values, decoded again, and which of them are base64.
  private func roundTrip(
    _ values: [[UInt8]], _ encoder: TextEncoder? = nil
  ) throws -> [(text: String, isBase64: Bool)] {
    let encoder = encoder ?? self.encoder
    var texts = TextCollector(expecting: values.count, length: 0)
    for value in values { texts.add(value: value) }
    var out: [(json: [UInt8], isBase64: Bool)] = []
    texts.encode(by: encoder) { encoded in
      for _ in values {
        let isBase64 = encoded.isBase64(ahead: 0)
        var json = ByteText()
        encoded.append(to: &json)
        out.append((json.bytes(), isBase64))
      }
    }
    return try out.map { (try JSONDecoder().decode(String.self, from: Data($0.json)), $0.isBase64) }
  }

  @Test(
    "every Unicode scalar is found again where it was counted to be, alone and among others",
    arguments: [0, 1])
  func everyScalar(encoder index: Int) throws {
    let encoder = TextEncoder(TextCollectorTests.encoders[index])
    // In portions, so that one that was counted wrong would also shift its neighbours.
    let scalars = (0...0x10FFFF).compactMap(Unicode.Scalar.init)
    for start in stride(from: 0, to: scalars.count, by: 4096) {
      let portion = scalars[start..<min(start + 4096, scalars.count)]
      let values = portion.map { Array(String($0).utf8) }
      let texts = try roundTrip(values, encoder)
      #expect(texts.map { Array($0.text.utf8) } == values)
      #expect(!texts.contains { $0.isBase64 })
      let whole = [values.flatMap { $0 }]
      #expect(try roundTrip(whole, encoder).map { Array($0.text.utf8) } == whole)
    }
  }

  @Test("what is left as it is has nothing that the encoder would change", arguments: [0, 1])
  func leftAsItIs(encoder index: Int) throws {
    let json = TextCollectorTests.encoders[index]
    let encoder = TextEncoder(json)
    let scalars = (0...0xFF).compactMap(Unicode.Scalar.init).map(String.init)
    let left = scalars.filter { encoder.leavesAsTheyAre(Array($0.utf8)) }
    #expect(try left.allSatisfy { Array(try json.encode($0)) == Array("\"\($0)\"".utf8) })
    // All printable ASCII but the quote and the backslash; nothing where the encoder changes one of them.
    #expect(left.count == (index == 0 ? 93 : 0))
    #expect(!encoder.leavesAsTheyAre([0x61, 0xFF]))
  }

  @Test("one value that is not UTF-8 is base64, and its neighbours stay as they are")
  func oneIsNot() throws {
    let texts = try roundTrip([Array("a\\b".utf8), [0xFF, 0x20], [], Array("é ".utf8)])
    #expect(texts.map(\.text) == ["a\\b", Data([0xFF, 0x20]).base64EncodedString(), "", "é "])
    #expect(texts.map(\.isBase64) == [false, true, false, false])
  }

  @Test("two halves of a character in neighbouring values do not become one")
  func halves() throws {
    let texts = try roundTrip([[0xC3], [0xA9]])
    #expect(texts.map(\.isBase64) == [true, true])
    #expect(texts.map(\.text) == [Data([0xC3]).base64EncodedString(), Data([0xA9]).base64EncodedString()])
  }

  @Test("of a name that is not UTF-8 the rest is kept")
  func name() throws {
    var texts = TextCollector(expecting: 2, length: 0)
    texts.add(name: [0x61, 0xFF, 0x62])
    texts.add(value: [0x63])
    var out = ByteText()
    texts.encode(by: encoder) { encoded in
      encoded.append(to: &out)
      encoded.append(to: &out)
    }
    #expect(String(decoding: out.bytes(), as: UTF8.self) == "\"a\u{FFFD}b\"\"c\"")
  }
}

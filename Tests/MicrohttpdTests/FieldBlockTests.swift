// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Microhttpd

@Suite struct FieldBlockTests {
  @Test("Fields come back in their order, from whatever pieces their values were written")
  func fieldsComeBackInTheirOrder() {
    var block = FieldBlock([("A", "1"), ("B", "two words")])
    block.begin("C")
    block.write("x")
    block.write(literal: "; y=")
    block.write(decimal: 42)
    #expect(block.fields.map(\.name) == ["A", "B", "C"])
    #expect(block.fields.map(\.value) == ["1", "two words", "x; y=42"])
    #expect(block.isSound)
  }

  @Test(
    "Numbers are written whole",
    arguments: [0, 9, 10, 99, 100, 12_345, 9_999_999_999_999_999_999, 10_000_000_000_000_000_000, .max]
      as [UInt64])
  func numbersAreWrittenWhole(_ number: UInt64) {
    var block = FieldBlock()
    block.begin("D")
    block.write(decimal: number)
    block.begin("H")
    block.write(hexadecimal: number)
    let hexadecimal = String(number, radix: 16)
    let zeros = String(repeating: "0", count: 16 - hexadecimal.count)
    #expect(block.fields.map(\.value) == [String(number), zeros + hexadecimal])
  }

  @Test("A copy is its own, and as good as the original", arguments: [0, 10, 200])
  func aCopyIsItsOwn(_ room: Int) {
    var original = FieldBlock([("A", "1")])
    original.reserve(room)
    var copy = original
    copy.append("B", String(repeating: "b", count: 300))
    #expect(original == FieldBlock([("A", "1")]))
    #expect(copy.fields.map(\.value) == ["1", String(repeating: "b", count: 300)])
    original.append(copy)
    #expect(original.fields.map(\.name) == ["A", "A", "B"])
  }

  @Test("A value that HTTP cannot carry spoils the block", arguments: ["", "a\r\nB: c", "\u{1}", "\u{7F}"])
  func aValueThatHTTPCannotCarrySpoilsTheBlock(_ value: String) {
    var block = FieldBlock([("A", "1")])
    block.append("B", value)
    #expect(!block.isSound)
    var other = FieldBlock()
    other.append(block)
    #expect(!other.isSound)
  }

  @Test(
    "A date is that of RFC 9110",
    arguments: [
      (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
    ])
  func aDateIsThatOfRFC9110(_ unixTime: Int, _ expected: String) {
    #expect(String(decoding: HTTPDate.text(unixTime: unixTime), as: UTF8.self) == expected)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

/// How memcached reads a value as a number, and writes one back, for incr and decr.
///
/// It reads with `strtoull`, which is more lenient than a client expects: white space and a sign in
/// front are taken, and whatever follows a first white space or NUL is ignored.
enum CounterText {
  /// The number that a value says; nil when memcached answers "non-numeric value".
  static func number(_ value: [UInt8]) -> UInt64? {
    var rest = value.drop(while: isSpace)
    let isNegated = rest.first == UInt8(ascii: "-")
    if isNegated || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    guard let (magnitude, end) = leadingDigits(rest) else { return nil }
    // An empty rest is good: on the server the value's CR LF follows.
    guard end == value.endIndex || value[end] == 0 || isSpace(value[end]) else { return nil }
    let number = isNegated ? 0 &- magnitude : magnitude
    // A number with the top bit set is taken for a negative one if a minus stands anywhere in the text.
    let isSuspect = number > UInt64(Int64.max)
    return isSuspect && value.prefix { $0 != 0 }.contains(UInt8(ascii: "-")) ? nil : number
  }

  private static func leadingDigits(_ text: ArraySlice<UInt8>) -> (number: UInt64, end: Int)? {
    var number: UInt64 = 0
    var end = text.startIndex
    while end < text.endIndex, case let digit = text[end] &- UInt8(ascii: "0"), digit < 10 {
      let (tens, tooMany) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
      if tooMany || carry { return nil }
      number = sum
      end += 1
    }
    return end == text.startIndex ? nil : (number, end)
  }

  /// C's `isspace`.
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  /// The bytes to store in place of `length` bytes: never shorter than they were, padded with spaces.
  static func bytes(_ number: UInt64, inPlaceOf length: Int) -> [UInt8] {
    var bytes = Array(String(number).utf8)
    if bytes.count < length {
      bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: length - bytes.count))
    }
    return bytes
  }
}

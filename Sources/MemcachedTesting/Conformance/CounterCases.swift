// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// protocol.txt, "Increment/Decrement"; the lengths and the lenient reading as memcached 1.6.18 does them.
extension NodeConformance {
  static let counterCases: [Case] = [
    Case("incr and decr of an absent key are misses and create nothing") { trial in
      try trial.expect(.incr(1), .miss)
      try trial.expect(.decr(1), .miss)
      try trial.expectMiss()
    },
    Case("incr and decr give the new number and keep the flags") { trial in
      try trial.expect(.set("10", flags: 5), .stored(nil))
      try trial.expect(.incr(32), .counter(42, nil))
      try trial.expect(.decr(2), .counter(40, nil))
      try trial.expectValue("40", flags: 5)
      try trial.expect(.incr(1_000), .counter(1_040, nil))
      try trial.expectValue("1040", flags: 5)
    },
    Case("incr wraps at 2^64") { trial in
      try trial.expect(.set("18446744073709551615\0"), .stored(nil))
      try trial.expect(.incr(1), .counter(0, nil))
      try trial.expect(.set("5"), .stored(nil))
      try trial.expect(.incr(.max), .counter(4, nil))
    },
    Case("decr stops at 0") { trial in
      try trial.expect(.set("5"), .stored(nil))
      try trial.expect(.decr(6), .counter(0, nil))
      try trial.expect(.decr(.max), .counter(0, nil))
    },
    Case("a number that gets shorter leaves spaces behind") { trial in
      try trial.expect(.set("100"), .stored(nil))
      try trial.expect(.decr(1), .counter(99, nil))
      try trial.expectValue("99 ")
      try trial.expect(.decr(98), .counter(1, nil))
      try trial.expectValue("1  ")
      try trial.expect(.incr(49), .counter(50, nil))
      try trial.expectValue("50 ")
      try trial.expect(.incr(50), .counter(100, nil))
      try trial.expectValue("100")
    },
    Case("a number that gets longer makes the value longer") { trial in
      try trial.expect(.set("99", flags: 3), .stored(nil))
      try trial.expect(.incr(1), .counter(100, nil))
      try trial.expectValue("100", flags: 3)
    },
    Case("leading zeros give way to spaces at the end") { trial in
      try trial.expect(.set("00100"), .stored(nil))
      try trial.expect(.incr(1), .counter(101, nil))
      try trial.expectValue("101  ")
    },
    Case("counting by 0 rewrites the number") { trial in
      try trial.expect(.set("007"), .stored(nil))
      try trial.expect(.incr(0), .counter(7, nil))
      try trial.expect(.decr(0), .counter(7, nil))
      try trial.expectValue("7  ")
    },
    Case("what strtoull reads is a number, whatever follows its first white space") { trial in
      for (text, number) in lenientNumbers {
        try trial.expect(.set(text), .stored(nil))
        try trial.expect(.incr(1), .counter(number &+ 1, nil))
        let length = max(text.utf8.count, String(number &+ 1).utf8.count)
        try trial.require(try trial.item().value.count == length, "the length of \(text.debugDescription)")
      }
    },
    Case("anything else is no number, and stays as it is") { trial in
      for text in notNumbers {
        try trial.expect(.set(text, flags: 4), .stored(nil))
        try trial.expect(.incr(1), .notNumeric)
        try trial.expect(.decr(1), .notNumeric)
        try trial.expectValue(text, flags: 4)
      }
    },
  ]

  // The numbers above 2^63 end in a NUL here and above, since memcached looks for a minus behind them,
  // past the value's end, up to a NUL; elsewhere it may find one that it stored long ago.
  private static let lenientNumbers: KeyValuePairs<String, UInt64> = [
    " 5": 5, "\t\n\u{B}\u{C}\r 5": 5, "+5": 5, "-0": 0, "5 ": 5, "5\t": 5, "5\n": 5, "5 x": 5, "5\0x": 5,
    "-18446744073709551615": 1, "18446744073709551614\0": .max - 1, "+18446744073709551614\0": .max - 1,
    "0000000000000000000000000000005": 5, "1234 -": 1_234,
  ]

  private static let notNumbers = [
    "", "x", "5x", "x5", "0x10", "1.5", "+", "-", "- 5", "--5", "+-5", "-1", "\0", "5\u{85}",
    "-9223372036854775808", "18446744073709551616", "99999999999999999999", "111111111111111111111",
    "18446744073709551615 -",
  ]
}

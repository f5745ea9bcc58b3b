// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// protocol.txt, "Storage commands", "Retrieval command", "Deletion".
extension NodeConformance {
  static let storageCases: [Case] = [
    Case("a key that was never stored is a miss") { trial in
      try trial.expectMiss()
    },
    Case("what was set comes back byte for byte, with its flags") { trial in
      let value = (0...255).map { UInt8($0) } + Array("\r\nEND\r\n".utf8)
      try trial.expect(.store(.set, value: value, flags: 0xDEAD_BEEF, exptime: .never), .stored(nil))
      let item = try trial.item()
      try trial.require(item.value == value, "the value changed")
      try trial.require(item.flags == 0xDEAD_BEEF, "the flags are \(item.flags)")
    },
    Case("an empty value is a hit") { trial in
      try trial.expect(.set("", flags: 7), .stored(nil))
      try trial.expectValue("", flags: 7)
    },
    Case("the largest flags come back, and flags 0") { trial in
      for flags: UInt32 in [.max, 0, 1 << 31] {
        try trial.expect(.set("v", flags: flags), .stored(nil))
        try trial.expectValue("v", flags: flags)
      }
    },
    Case("keys of 250 bytes and bytes above 0x7F are told apart") { trial in
      let long = String(repeating: "k", count: 230 - trial.key.bytes.count)
      for suffix in ["é", "è", "☃", long, long + "k"] {
        try trial.expect(.set("value of \(suffix)"), .stored(nil), at: trial.key(suffix))
      }
      for suffix in ["é", "è", "☃", long, long + "k"] {
        try trial.expectValue("value of \(suffix)", at: trial.key(suffix))
      }
      try trial.expectMiss(at: trial.key("e"))
    },
    Case("the longest and the shortest key work") { trial in
      let longest = try Key(trial.key.bytes + Array(repeating: 0x6B, count: 250 - trial.key.bytes.count))
      let shortest = try Key("k")
      for key in [longest, shortest] {
        try trial.expect(.set("v"), .stored(nil), at: key)
        try trial.expectValue("v", at: key)
        try trial.expect(.delete, .deleted, at: key)
      }
    },
    Case("set replaces value and flags") { trial in
      try trial.expect(.set("one", flags: 1), .stored(nil))
      try trial.expect(.set("three", flags: 3), .stored(nil))
      try trial.expectValue("three", flags: 3)
    },
    Case("add stores an absent key and leaves a present one alone") { trial in
      try trial.expect(.put(.add, "first", flags: 1), .stored(nil))
      try trial.expect(.put(.add, "second", flags: 2), .notStored)
      try trial.expectValue("first", flags: 1)
    },
    Case("replace leaves an absent key absent and stores a present one") { trial in
      try trial.expect(.put(.replace, "x"), .notStored)
      try trial.expectMiss()
      try trial.expect(.set("old", flags: 1), .stored(nil))
      try trial.expect(.put(.replace, "new", flags: 2), .stored(nil))
      try trial.expectValue("new", flags: 2)
    },
    Case("append and prepend put bytes at the ends and keep the flags") { trial in
      try trial.expect(.set("b", flags: 5), .stored(nil))
      try trial.expect(.put(.append, "c", flags: 9), .stored(nil))
      try trial.expect(.put(.prepend, "a", flags: 9), .stored(nil))
      try trial.expectValue("abc", flags: 5)
    },
    Case("append and prepend of nothing store the same value") { trial in
      try trial.expect(.set("b"), .stored(nil))
      try trial.expect(.put(.append, ""), .stored(nil))
      try trial.expect(.put(.prepend, ""), .stored(nil))
      try trial.expectValue("b")
    },
    Case("append and prepend do not create a key") { trial in
      try trial.expect(.put(.append, "x"), .notStored)
      try trial.expect(.put(.prepend, "x"), .notStored)
      try trial.expectMiss()
    },
    Case("delete takes the item away, once") { trial in
      try trial.expect(.set("v"), .stored(nil))
      try trial.expect(.delete, .deleted)
      try trial.expectMiss()
      try trial.expect(.delete, .miss)
      try trial.expect(.put(.add, "again"), .stored(nil))
    },
    Case("a peek sees what a get sees") { trial in
      try trial.expect(.get(isPeek: true), .miss)
      try trial.expect(.set("v", flags: 3), .stored(nil))
      let peeked = try trial.item(isPeek: true)
      let got = try trial.item()
      try trial.require(peeked.value == got.value && peeked.flags == got.flags, "they differ")
      try trial.require(peeked.cas == got.cas, "the tokens differ")
    },
    Case("a value as large as memcached's default limit allows comes back") { trial in
      // 48 for the header, 8 for the cas, a NUL behind the key, CR LF behind the value.
      let largest = (1 << 20) - 48 - 8 - trial.key.bytes.count - 1 - 2
      let value = [UInt8](repeating: 0x76, count: largest)
      try trial.expect(.store(.set, value: value, flags: 0, exptime: .never), .stored(nil))
      try trial.require(try trial.item().value == value, "the value changed")
      try trial.expect(.delete, .deleted)
    },
    Case("a value above the limit is refused, and what was there stays") { trial in
      try trial.expect(.set("old", flags: 1), .stored(nil))
      let value = [UInt8](repeating: 0x76, count: (1 << 20) + 1)
      for mode in [StoreMode.set, .replace, .append, .cas(try trial.token())] {
        let result = trial.result(.store(mode, value: value, flags: 0, exptime: .never))
        guard case .failure(let error) = result, case .tooLarge = error.kind else {
          return try trial.require(false, "\(mode) gave \(result)")
        }
        try trial.require(error.outcome == .notApplied, "the outcome is \(error.outcome)")
        try trial.expectValue("old", flags: 1)
      }
    },
    Case("a noreply command is accepted, and done before the next one") { trial in
      func accept(_ operation: Command.Operation) throws {
        let reply = try trial.result(operation, noreply: true).get()
        try trial.require(reply == .accepted, "\(operation) gave \(reply)")
      }
      try accept(.set("5", flags: 2))
      try trial.expectValue("5", flags: 2)
      try accept(.incr(3))
      try accept(.put(.append, "x"))
      try trial.expectValue("8x", flags: 2)
      try accept(.touch(1_000))
      try accept(.delete)
      try trial.expectMiss()
    },
  ]
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// protocol.txt, "Expiration times", "Touch", "Flush".
extension NodeConformance {
  /// What can be seen of a ttl without waiting for its end.
  static let lifetimeCases: [Case] = [
    Case("touch of an absent key is a miss and creates nothing") { trial in
      try trial.expect(.touch(100), .miss)
      try trial.expectMiss()
    },
    Case("touch leaves value and flags as they are") { trial in
      try trial.expect(.set("v", flags: 6), .stored(nil))
      try trial.expect(.touch(100), .touched)
      try trial.expectValue("v", flags: 6)
    },
    Case("an item without a ttl says that it never expires", needs: .remainingTTL) { trial in
      try trial.expect(.set("v"), .stored(nil))
      try trial.expectTTL(nil)
    },
    Case("a hit says how long the item still lives", needs: .remainingTTL) { trial in
      for seconds: UInt32 in [100, 86_400, 2_592_000] {
        try trial.expect(.set("v", ttl: seconds), .stored(nil))
        try trial.expectTTL(Int64(seconds))
      }
    },
    Case("a ttl above 30 days is a ttl, not a date", needs: .remainingTTL) { trial in
      for seconds: UInt32 in [2_592_001, 31_536_000] {
        try trial.expect(.set("v", ttl: seconds), .stored(nil))
        try trial.expectTTL(Int64(seconds))
        try trial.expect(.touch(seconds + 5), .touched)
        try trial.expectTTL(Int64(seconds + 5))
      }
    },
    Case("a ttl above 30 days does not expire the item at once") { trial in
      try trial.expect(.set("v", ttl: 2_592_001), .stored(nil))
      try trial.expectValue("v")
      try trial.expect(.touch(2_592_001), .touched)
      try trial.expectValue("v")
    },
    Case("append, prepend, incr and decr keep the ttl", needs: .remainingTTL) { trial in
      try trial.expect(.set("5", ttl: 500), .stored(nil))
      for operation in [
        Command.Operation.put(.append, "0", ttl: 9), .put(.prepend, "1", ttl: 9), .incr(1), .decr(1),
        .incr(100_000),
      ] {
        _ = try trial.reply(operation)
        try trial.expectTTL(500)
      }
    },
    Case("set, replace, cas and touch set the ttl anew", needs: .remainingTTL) { trial in
      try trial.expect(.set("v", ttl: 500), .stored(nil))
      try trial.expect(.put(.replace, "v", ttl: 600), .stored(nil))
      try trial.expectTTL(600)
      try trial.expect(.put(.cas(try trial.token()), "v", ttl: 700), .stored(nil))
      try trial.expectTTL(700)
      try trial.expect(.touch(800), .touched)
      try trial.expectTTL(800)
      try trial.expect(.touch(0), .touched)
      try trial.expectTTL(nil)
      try trial.expect(.touch(900), .touched)
      try trial.expect(.set("v"), .stored(nil))
      try trial.expectTTL(nil)
    },
  ]

  /// What is only seen at the end of a ttl. A ttl of 2 s, looked at after 3 s.
  static let expiryCases: [Case] = [
    Case("an item is a hit before its ttl has passed and a miss after") { trial in
      try trial.expect(.set("v", ttl: 2), .stored(nil))
      try trial.expectValue("v")
    } after: { trial in
      try trial.expectMiss()
    },
    Case("an expired item is absent to every verb") { trial in
      for verb in ["delete", "incr", "touch", "append", "replace", "cas", "add"] {
        try trial.expect(.set("5", ttl: 2), .stored(nil), at: trial.key(verb))
      }
      trial.remembered = try trial.token(at: trial.key("cas"))
    } after: { trial in
      guard let token = trial.remembered else { return try trial.require(false, "no token") }
      try trial.expect(.delete, .miss, at: trial.key("delete"))
      try trial.expect(.incr(1), .miss, at: trial.key("incr"))
      try trial.expect(.touch(100), .miss, at: trial.key("touch"))
      try trial.expect(.put(.append, "6"), .notStored, at: trial.key("append"))
      try trial.expect(.put(.replace, "6"), .notStored, at: trial.key("replace"))
      try trial.expect(.put(.cas(token), "6"), .miss, at: trial.key("cas"))
      try trial.expect(.put(.add, "6"), .stored(nil), at: trial.key("add"))
      try trial.expectValue("6", at: trial.key("add"))
    },
    Case("touch prolongs, shortens and lifts a ttl") { trial in
      let changes: [(String, UInt32, UInt32)] = [("prolong", 2, 100), ("shorten", 0, 2), ("lift", 2, 0)]
      for (name, before, after) in changes {
        try trial.expect(.set("v", ttl: before), .stored(nil), at: trial.key(name))
        try trial.expect(.touch(after), .touched, at: trial.key(name))
      }
    } after: { trial in
      try trial.expectValue("v", at: trial.key("prolong"))
      try trial.expectMiss(at: trial.key("shorten"))
      try trial.expectValue("v", at: trial.key("lift"))
    },
    Case("append, prepend, incr and decr do not prolong a life") { trial in
      for verb in ["append", "prepend", "incr", "grow", "decr"] {
        try trial.expect(.set("5", ttl: 2), .stored(nil), at: trial.key(verb))
      }
      try trial.expect(.put(.append, "6", ttl: 100), .stored(nil), at: trial.key("append"))
      try trial.expect(.put(.prepend, "6", ttl: 100), .stored(nil), at: trial.key("prepend"))
      try trial.expect(.incr(1), .counter(6, nil), at: trial.key("incr"))
      try trial.expect(.incr(100), .counter(105, nil), at: trial.key("grow"))
      try trial.expect(.decr(1), .counter(4, nil), at: trial.key("decr"))
    } after: { trial in
      for verb in ["append", "prepend", "incr", "grow", "decr"] { try trial.expectMiss(at: trial.key(verb)) }
    },
    Case("set, replace and cas give a new ttl") { trial in
      for verb in ["set", "replace", "cas"] {
        try trial.expect(.set("v", ttl: 2), .stored(nil), at: trial.key(verb))
      }
      try trial.expect(.set("w"), .stored(nil), at: trial.key("set"))
      try trial.expect(.put(.replace, "w", ttl: 100), .stored(nil), at: trial.key("replace"))
      let token = try trial.token(at: trial.key("cas"))
      try trial.expect(.put(.cas(token), "w"), .stored(nil), at: trial.key("cas"))
    } after: { trial in
      for verb in ["set", "replace", "cas"] { try trial.expectValue("w", at: trial.key(verb)) }
    },
  ]
}

extension NodeConformance.Case {
  /// A case that stores with a ttl of 2 s and looks when that has passed on any server's clock.
  fileprivate init(
    _ name: String, start: @escaping @Sendable (NodeConformance.Trial) throws -> Void,
    after end: @escaping @Sendable (NodeConformance.Trial) throws -> Void
  ) {
    self.init(name, start: start, after: 3, end)
  }
}

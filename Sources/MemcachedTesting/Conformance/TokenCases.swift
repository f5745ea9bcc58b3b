// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached

// protocol.txt, "Storage commands" (cas) and "Meta Delete"; which writes change the cas unique.
extension NodeConformance {
  static let tokenCases: [Case] = [
    Case("every write changes the token, and a read does not") { trial in
      try trial.expect(.set("5"), .stored(nil))
      var last = try trial.token()
      for operation in [
        Command.Operation.set("5"), .put(.replace, "5"), .put(.append, ""), .put(.prepend, ""), .incr(1),
        .decr(1), .incr(0), .incr(100),
      ] {
        _ = try trial.reply(operation)
        let token = try trial.token()
        try trial.require(token.unique > last.unique, "\(operation) left the token as it was")
        try trial.require(try trial.token() == token, "a get changed the token")
        last = token
      }
    },
    Case("writes that fail and touches do not change the token") { trial in
      try trial.expect(.set("x"), .stored(nil))
      let token = try trial.token()
      try trial.expect(.put(.add, "y"), .notStored)
      try trial.expect(.incr(1), .notNumeric)
      try trial.expect(.touch(100), .touched)
      let stale = CASToken(boot: token.boot, unique: token.unique + 1_000)
      try trial.expect(.put(.cas(stale), "y"), .exists)
      try trial.require(try trial.token() == token, "the token changed")
      try trial.expectValue("x")
    },
    Case("cas stores with the present token, and only once") { trial in
      try trial.expect(.set("one", flags: 1), .stored(nil))
      let token = try trial.token()
      try trial.expect(.put(.cas(token), "two", flags: 2), .stored(nil))
      try trial.expectValue("two", flags: 2)
      try trial.expect(.put(.cas(token), "three"), .exists)
      try trial.expectValue("two", flags: 2)
    },
    Case("cas of an absent key is a miss and stores nothing") { trial in
      try trial.expect(.set("v"), .stored(nil))
      let token = try trial.token()
      try trial.expect(.delete, .deleted)
      try trial.expect(.put(.cas(token), "w"), .miss)
      try trial.expectMiss()
    },
    Case("a token from before a delete does not fit the item after it") { trial in
      try trial.expect(.set("v"), .stored(nil))
      let token = try trial.token()
      try trial.expect(.delete, .deleted)
      try trial.expect(.set("v"), .stored(nil))
      try trial.expect(.put(.cas(token), "w"), .exists)
      try trial.expectValue("v")
    },
    Case("a token of another server never fits, though its number does") { trial in
      try trial.expect(.set("v"), .stored(nil))
      let token = try trial.token()
      let foreign = CASToken(boot: token.boot ^ 0x5A5A, unique: token.unique)
      try trial.expect(.put(.cas(foreign), "w"), .exists)
      try trial.expectValue("v")
    },
    Case("the bare number of another client's cas is compared as a number") { trial in
      try trial.expect(.set("v"), .stored(nil))
      let unique = try trial.token().unique
      let bare = CASToken(boot: CASToken.anyBoot, unique: unique)
      try trial.expect(.put(.cas(bare), "w"), .stored(nil))
      try trial.expect(.put(.cas(bare), "x"), .exists)
      try trial.expectValue("w")
    },
    Case("the token that a write returns is the one that a get shows", needs: .tokenOnWrite) { trial in
      let operations: [Command.Operation] = [
        .set("5"), .put(.replace, "6"), .put(.append, "7"), .put(.prepend, "8"), .incr(1), .decr(1),
        .incr(100_000),
      ]
      for operation in operations {
        switch try trial.reply(operation) {
        case .stored(let token), .counter(_, let token):
          try trial.require(try trial.token() == token, "\(operation) returned \(token as Any)")
        case let reply: try trial.require(false, "\(operation) gave \(reply)")
        }
      }
    },
    Case("a chain of cas needs no get between", needs: .tokenOnWrite) { trial in
      var reply = try trial.reply(.put(.add, "0"))
      for number in 1...3 {
        guard case .stored(let token?) = reply else { return try trial.require(false, "got \(reply)") }
        reply = try trial.reply(.put(.cas(token), "\(number)"))
      }
      try trial.expectValue("3")
    },
    Case("delete with a token takes away only the unchanged item", needs: .conditionalDelete) { trial in
      try trial.expect(.set("one"), .stored(nil))
      let stale = try trial.token()
      try trial.expect(.set("two"), .stored(nil))
      try trial.expect(.delete(ifUnchanged: stale), .exists)
      let token = try trial.token()
      let foreign = CASToken(boot: token.boot ^ 0x5A5A, unique: token.unique)
      try trial.expect(.delete(ifUnchanged: foreign), .exists)
      try trial.expectValue("two")
      try trial.expect(.delete(ifUnchanged: token), .deleted)
      try trial.expectMiss()
      try trial.expect(.delete(ifUnchanged: token), .miss)
    },
  ]
}

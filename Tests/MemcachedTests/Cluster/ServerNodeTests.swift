// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import MemcachedTesting
import Reactor
import Synchronization
import Testing

/// What a node says to servers of several kinds, and what it never says.
@Suite struct ServerNodeTests {
  @Test("a server of release 1.4.25 is spoken to in the classic protocol alone, whatever the verb")
  func oldServerGetsClassicForms() throws {
    let server = try OldServer.start()
    let node = try Subject(server.nodeAddress)
    let key = try Key("k")
    let poison = "flush_all\r\ndelete k\r\n"
    #expect(try node.reply(.set("kept", "other")) == .stored(nil))
    #expect(try node.reply(.set(poison)) == .stored(nil))
    #expect(try node.outcome(.get()).text == "hit \(poison)")
    #expect(try node.outcome(.get("other")).text == "hit kept")
    let token = try #require(try node.reply(.get()).item?.cas)
    #expect(try node.reply(.set(poison, "k", .cas(token))) == .stored(nil))
    #expect(try node.reply(.set(poison, "k", .cas(token))) == .exists)
    #expect(try node.reply(.set(poison, "k", .add)) == .notStored)
    for mode in [StoreMode.replace, .append, .prepend] {
      #expect(try node.reply(.set(poison, "k", mode)) == .stored(nil))
    }
    #expect(try node.outcome(.get()).text == "hit \(poison)\(poison)\(poison)")
    #expect(try node.reply(Command(key, .increment(delta: 1))) == .notNumeric)
    #expect(try node.reply(.set("40")) == .stored(nil))
    #expect(try node.reply(Command(key, .increment(delta: 2))) == .counter(42, nil))
    #expect(try node.reply(Command(key, .decrement(delta: 1))) == .counter(41, nil))
    #expect(try node.reply(Command(key, .touch(exptime: .never))) == .touched)
    #expect(try node.reply(.delete()) == .deleted)
    #expect(try node.outcome(.get("other")).text == "hit kept")
    let verbs = WireRequest.all(in: server.received[0][...], knowsMeta: false).map(\.verb)
    #expect(verbs.first == "mn" && verbs.dropFirst().allSatisfy(OldServer.verbs.contains))
    #expect(server.connectionCount == 1)
    #expect(node.status.wireProtocol == .classic && node.status.version == OldServer.version)
  }

  @Test("a release that knows mn but another ms is spoken to in the classic protocol")
  func betweenTheProtocols() throws {
    let server = try PretendServer.start(version: "1.6.9") { _, request in
      request.verb == "set" ? [.send("STORED\r\n")] : [.send("ERROR\r\n")]
    }
    let node = try Subject(server.nodeAddress)
    #expect(try node.reply(.set("v")) == .stored(nil))
    #expect(node.status.wireProtocol == .classic)
  }

  @Test("the protocol meta, asked for on a server that does not speak it, is an error that says so")
  func metaForcedOnAnOldServer() throws {
    let server = try OldServer.start()
    let node = try Subject(server.nodeAddress) { $0.wireProtocol = .meta }
    let failure = try #require(try node.outcome(.get()).failure)
    #expect(failure.kind == .down && failure.detail.contains("1.4.25"))
    let reason = try #require(node.status.lastError)
    #expect(reason.kind == .unsupported && reason.detail.contains("meta"))
    #expect(Set(server.text().split(separator: "\r\n")) == ["mn", "version", "stats", "stats settings"])
  }

  @Test("a request waits for the first connection, and a failed attempt applies none of them")
  func pendingRequests() throws {
    let server = try ScriptedServer { _ in [.pause(.milliseconds(50)), .close] }
    let node = try Subject(server.nodeAddress)
    let outcomes = try node.outcomes([.set("v"), .get()])
    #expect(outcomes.map(\.text) == ["down not-applied", "down not-applied"])
  }

  // MARK: Before a byte is sent

  @Test("a token of another life of the server is answered without asking it")
  func foreignToken() throws {
    let server = try PretendServer.start { _, _ in [.reset] }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    let before = server.text()
    let token = CASToken(boot: 12345, unique: 1)
    #expect(try node.reply(.set("v", "k", .cas(token))) == .exists)
    #expect(try node.reply(.delete("k", token)) == .exists)
    #expect(server.text() == before)
  }

  @Test("a conditional delete needs the meta protocol")
  func conditionalDelete() throws {
    let server = try OldServer.start()
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    let failure = try #require(try node.outcome(.delete("k", CASToken(boot: 1, unique: 1))).failure)
    #expect(failure.kind == .unsupported && failure.outcome == .notApplied)
    #expect(!server.text().contains("delete"))
  }

  @Test("requests beyond the limit fail at once, and those before them are answered")
  func overloaded() throws {
    let server = try PretendServer.start { _, request in [.send("EN \(request.opaque)\r\n")] }
    let node = try Subject(server.nodeAddress) { $0.maximumInFlight = 10 }
    #expect(try node.becomesUsable())
    let outcomes = try node.outcomes(Array(repeating: .get(), count: 15))
    #expect(outcomes.prefix(10).allSatisfy { $0 == .success(.miss) })
    #expect(outcomes.dropFirst(10).allSatisfy { $0.text == "overloaded not-applied" })
    #expect(try node.reply(.get()) == .miss)
  }

  // MARK: On the wire

  @Test("a thousand commands of one turn leave together and are answered in their order")
  func pipelining() throws {
    let pieces = Mutex(0)
    let server = try ScriptedServer { received in
      pieces.withLock { $0 += received.new.isEmpty ? 0 : 1 }
      let text = String(decoding: received.new, as: UTF8.self)
      if text.hasPrefix("mn") {
        return [.send("MN\r\nVERSION 1.6.18\r\nEND\r\nEND\r\n")]
      }
      // Pieces end where a write ended, that is between commands, unless they fill the buffer.
      return [
        .send(text.split(separator: "\r\n").map { "EN \(Request(line: String($0)).opaque)\r\n" }.joined())
      ]
    }
    let node = try Subject(server.nodeAddress)
    #expect(try node.outcome(.get()) == .success(.miss))
    let before = pieces.withLock { $0 }
    let completions = try node.completions((0..<1_000).map { try .get("\($0)") })
    #expect(completions.map(\.index) == Array(0..<1_000))
    #expect(completions.allSatisfy { $0.outcome == .success(.miss) })
    #expect(pieces.withLock { $0 } - before <= 3)
    #expect(server.connectionCount == 1)
  }

  @Test("noreply completes at once, and an error in answer to it is not the next command's")
  func noreply() throws {
    let server = try PretendServer.start { _, request in
      switch request.verb {
      case "ms": [.pause(.milliseconds(100)), .send("SERVER_ERROR out of memory storing object\r\n")]
      case "ma": [.send("CLIENT_ERROR cannot increment or decrement non-numeric value\r\n")]
      default: [.send("VA 1 \(request.opaque)\r\nv\r\n")]
      }
    }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    let counter = Command(try Key("k"), .increment(delta: 1), noreply: true)
    let completions = try node.completions([.get(), .set("v", noreply: true), counter, .get()])
    #expect(completions.map(\.index) == [1, 2, 0, 3])
    #expect(completions.map(\.outcome.text) == ["accepted", "accepted", "hit v", "hit v"])
    #expect(server.connectionCount == 1)
  }

  @Test("close fails what is in flight and says quit")
  func close() throws {
    let server = try PretendServer.start { _, _ in [] }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    let waiting: Subject.Outcome = try node.onLoop { node, loop, done in
      node.submit(try .set("v"), deadline: .distantFuture, completion: done)
      loop.schedule(after: .milliseconds(20)) { node.close() }
    }
    #expect(waiting.text == "closed unknown")
    #expect(server.wait { String(decoding: $0[0], as: UTF8.self).hasSuffix("v\r\nquit\r\n") })
    #expect(try node.outcome(.get()).text == "closed not-applied")
    #expect(node.status.state == .closed)
  }

  @Test("a write that was closed before it left has not been applied")
  func closeBeforeSending() throws {
    let server = try PretendServer.start { _, _ in [] }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    #expect(try node.completions([.set("v")], thenClose: true).map(\.outcome.text) == ["closed not-applied"])
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Reactor
import Testing

/// Servers that break the protocol, are late, silent or gone: nobody gets another's reply, and nobody
/// waits longer than asked.
@Suite struct ServerNodeFailureTests {
  /// What a bad server sends in answer to the first `mg`.
  struct BadReply: CustomTestStringConvertible, Sendable {
    var name: String
    var word = "protocol-violation"
    var steps: @Sendable (Request) -> [ScriptedServer.Step]
    var testDescription: String { name }
  }

  static let badReplies = [
    BadReply(name: "wrong opaque") { _ in [.send("VA 1 O999\r\nx\r\n")] },
    BadReply(name: "no opaque") { _ in [.send("VA 1\r\nx\r\n")] },
    BadReply(name: "garbage") { _ in [.send("\u{1}\u{2}hello\r\n")] },
    BadReply(name: "a reply of another kind") { [.send("HD \($0.opaque)\r\n")] },
    BadReply(name: "an impossible length") { [.send("VA 99999999999999999999 \($0.opaque)\r\n")] },
    BadReply(name: "a length that does not fit") { [.send("VA 1 \($0.opaque)\r\nxyz\r\n")] },
    BadReply(name: "an endless line") { _ in [.send(String(repeating: "x", count: 20_000))] },
    BadReply(name: "the server rejects it", word: "rejected") { _ in [.send("CLIENT_ERROR bad\r\n")] },
    BadReply(name: "half a reply", word: "connection-lost") { [.send("VA 5 \($0.opaque)\r\nxy"), .close] },
    BadReply(name: "a reset in a large value", word: "connection-lost") {
      [.send("VA 1048576 \($0.opaque)\r\n"), .send([UInt8](repeating: 7, count: 500_000)), .reset]
    },
  ]

  @Test(
    "a bad reply costs its connection: the oldest request learns why, the others that it is lost",
    arguments: badReplies)
  func badReply(_ bad: BadReply) throws {
    let server = try PretendServer.start { connection, request in
      if connection == 0 { return request.verb == "mg" ? bad.steps(request) : [] }
      return [.send("VA 3 \(request.opaque)\r\nnew\r\n")]
    }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    let outcomes = try node.outcomes([.get("a"), .set("v"), .get("b")]).map(\.text)
    #expect(
      outcomes == ["\(bad.word) not-applied", "connection-lost unknown", "connection-lost not-applied"])
    #expect(try node.becomesUsable())
    #expect(try node.outcome(.get()).text == "hit new")
    #expect(server.connectionCount == 2)
  }

  @Test(
    "bytes behind a reply that nothing asked for end the connection, and answer nobody",
    arguments: [ProtocolChoice.auto, .classic])
  func trailingBytes(choice: ProtocolChoice) throws {
    let server = try PretendServer.start { connection, request in
      let reply =
        choice == .classic
        ? "VALUE k 0 1 1\r\nv\r\nEND\r\n" : "VA 1 \(request.opaque)\r\nv\r\n"
      // On the first connection the next request finds its "reply" there already.
      let more = choice == .classic ? "END\r\n" : "EN \(request.opaque)\r\n"
      return [.send(reply + (connection == 0 ? more : ""))]
    }
    let node = try Subject(server.nodeAddress) { $0.wireProtocol = choice }
    #expect(try node.becomesUsable())
    // The second is submitted in the very moment in which the first completes.
    let second: Subject.Outcome = try node.onLoop { node, _, done in
      node.submit(try .get(), deadline: .distantFuture) { _ in
        do { node.submit(try .get(), deadline: .distantFuture, completion: done) } catch {
          preconditionFailure("k is a key")
        }
      }
    }
    #expect(second.text == "protocol-violation not-applied")
    #expect(try node.becomesUsable())
    #expect(try node.outcome(.get()).text == "hit v")
    #expect(server.connectionCount == 2)
  }

  @Test("SERVER_ERROR fails one request and no other")
  func serverError() throws {
    let server = try PretendServer.start { _, request in
      request.verb == "ms" ? [.send("SERVER_ERROR busy\r\n")] : [.send("EN \(request.opaque)\r\n")]
    }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    let outcomes = try node.outcomes([.get(), .set("v"), .get()])
    #expect(outcomes.map(\.text) == ["miss", "server-error not-applied", "miss"])
    #expect(outcomes[1].failure?.serverLine == "SERVER_ERROR busy")
    #expect(server.connectionCount == 1)
  }

  // MARK: Time

  @Test("meta: a reply that comes after its timeout is dropped, and the next one is right")
  func lateReplyMeta() throws {
    let server = try PretendServer.start { _, request in
      let isFirst = request.words[1] == "late"
      let answer = ScriptedServer.Step.send("VA 4 \(request.opaque)\r\n\(isFirst ? "late" : "next")\r\n")
      return isFirst ? [.pause(.milliseconds(150)), answer] : [answer]
    }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    #expect(try node.outcome(.get("late"), within: .milliseconds(50)).text == "timeout not-applied")
    #expect(try node.outcome(.get("next")).text == "hit next")
    #expect(server.connectionCount == 1)
  }

  @Test(
    "classic: a timeout ends the connection, since its late reply could not be told from the next",
    arguments: [false, true])
  func lateReplyClassic(isBehindAnother: Bool) throws {
    let server = try PretendServer.start { connection, request in
      let answer = ScriptedServer.Step.send("VALUE \(request.words[1]) 0 4 1\r\nlate\r\nEND\r\n")
      return connection == 0 ? [.pause(.milliseconds(150)), answer] : [.send("END\r\n")]
    }
    let node = try Subject(server.nodeAddress) { $0.wireProtocol = .classic }
    #expect(try node.becomesUsable())
    let late: Subject.Outcome = try node.onLoop { node, loop, done in
      if isBehindAnother { node.submit(try .get("k"), deadline: .distantFuture) { _ in } }
      node.submit(try .get("k"), deadline: .current() + .milliseconds(50), completion: done)
    }
    #expect(late.text == "timeout not-applied")
    #expect(try node.becomesUsable())
    #expect(try node.reply(.get()) == .miss)
    #expect(server.connectionCount == 2)
  }

  @Test("a server that falls silent: each request times out in its time, then the connection is replaced")
  func silence() throws {
    let server = try PretendServer.start { connection, request in
      connection == 0 ? [] : [.send("EN \(request.opaque)\r\n")]
    }
    let node = try Subject(server.nodeAddress) { $0.operationTimeout = .milliseconds(100) }
    #expect(try node.becomesUsable())
    let start = Instant.current()
    #expect(try node.outcome(.set("v")).text == "timeout unknown")
    let waited = Instant.current() - start
    #expect(waited >= .milliseconds(100) && waited < .seconds(2))
    // Nothing more is asked: the silence itself is enough.
    #expect(server.wait { $0.count == 2 })
    #expect(try node.becomesUsable())
    #expect(try node.reply(.get()) == .miss)
  }

  @Test("a server that accepts and says nothing: requests fail when the time to connect is up")
  func silentFromTheStart() throws {
    let server = try ScriptedServer { _ in [] }
    let node = try Subject(server.nodeAddress) { $0.connectTimeout = .milliseconds(100) }
    let start = Instant.current()
    #expect(try node.outcome(.get("a"), within: .milliseconds(30)).text == "timeout not-applied")
    #expect(Instant.current() - start < .milliseconds(95))
    #expect(node.status.inFlight == 0, "the questions of the handshake are no requests")
    #expect(try node.outcome(.get("a")).text == "down not-applied")
    #expect(server.wait { $0.count >= 2 })
  }

  // MARK: No server

  @Test("while nobody listens requests cost no time, and all is well once somebody does")
  func refused() throws {
    let server = try MemcachedServer()
    server.kill()
    let node = try Subject(server.nodeAddress) { $0.longestBackOff = .milliseconds(50) }
    _ = try node.outcome(.get())
    let start = Instant.current()
    for outcome in try node.outcomes(Array(repeating: .set("v"), count: 1_000)) {
      #expect(outcome.text == "down not-applied")
    }
    #expect(Instant.current() - start < .seconds(1))
    try server.restart()
    #expect(try node.becomesUsable())
    #expect(node.status.state == .up && node.status.lastError == nil)
  }

  @Test("the waits between attempts grow")
  func backOff() throws {
    let server = try ScriptedServer { _ in [.close] }
    let start = Instant.current()
    let node = try Subject(server.nodeAddress) { $0.shortestBackOff = .milliseconds(20) }
    // 20 + 40 + 80 + 160 + 320 ms, each give or take a quarter.
    #expect(server.wait { $0.count == 6 })
    #expect(Instant.current() - start >= .milliseconds(460))
    withExtendedLifetime(node) {}
  }

  @Test("an idle connection that the server closes costs no request")
  func idleConnection() throws {
    // A connection younger than a second would count as a failed attempt.
    let server = try PretendServer.start { connection, request in
      let answer = ScriptedServer.Step.send("EN \(request.opaque)\r\n")
      return connection == 0 ? [answer, .pause(.milliseconds(1_100)), .close] : [answer]
    }
    let node = try Subject(server.nodeAddress)
    #expect(try node.outcome(.get()) == .success(.miss))
    #expect(server.wait { $0.count == 2 })
    #expect(try node.outcome(.get()) == .success(.miss))
    #expect(server.connectionCount == 2)
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Memcached
import MemcachedTesting
import Reactor
import Testing

/// Servers that are too slow: who is ejected for it, what that spares, and how it ends.
@Suite struct ServerNodeHealthTests {
  private static func miss(_ request: Request) -> ScriptedServer.Step { .send("EN \(request.opaque)\r\n") }

  @Test("timeouts in a row eject a node, which then costs nothing and comes back by itself")
  func ejection() throws {
    let server = try PretendServer.start { connection, request in
      connection == 0 ? [] : [Self.miss(request)]
    }
    let node = try Subject(server.nodeAddress) {
      $0.operationTimeout = .milliseconds(100)
      $0.shortestBackOff = .seconds(1)
    }
    #expect(try node.becomesUsable())
    // The last has had half of its time when the others are late.
    let outcomes: [Subject.Outcome] = try node.onLoop { node, loop, done in
      var outcomes: [Subject.Outcome] = []
      let collect: Completion = {
        outcomes.append($0)
        if outcomes.count == 4 { done(outcomes) }
      }
      let (get, set) = (try Command.get(), try Command.set("v"))
      for _ in 0..<3 { node.submit(get, deadline: .distantFuture, completion: collect) }
      loop.schedule(after: .milliseconds(50)) {
        node.submit(set, deadline: .distantFuture, completion: collect)
      }
    }
    #expect(
      outcomes.map(\.text).sorted()
        == ["connection-lost unknown", "timeout not-applied", "timeout not-applied", "timeout not-applied"])
    let start = Instant.current()
    let refused = try node.outcomes(Array(repeating: .set("v"), count: 1_000))
    #expect(Instant.current() - start < .milliseconds(500))
    #expect(refused.allSatisfy { $0.text == "down not-applied" })
    let reason = "not connected: no answer to 3 requests in a row within 0.1 seconds"
    #expect(refused[0].failure?.detail == reason)
    #expect(try node.states { $0.count == 4 } == [.up, .ejected, .probing, .up])
    #expect(try node.reply(.get()) == .miss)
    #expect(server.connectionCount == 2)
  }

  // A classic connection is replaced after each timeout, and the next request has to wait for that.
  @Test(
    "requests one after the other: each timeout counts, whichever connection it was on",
    arguments: [ProtocolChoice.auto, .classic])
  func sequence(choice: ProtocolChoice) throws {
    let server = try PretendServer.start { _, _ in [] }
    let node = try Subject(server.nodeAddress) {
      $0.operationTimeout = .milliseconds(100)
      $0.wireProtocol = choice
    }
    #expect(try node.becomesUsable())
    for _ in 0..<3 { #expect(try node.outcome(.get()).text == "timeout not-applied") }
    let states = try node.states { $0.contains(.ejected) }
    #expect(states.prefix { $0 != .ejected }.filter { $0 != .connecting }.prefix(2) == [.up, .suspect])
  }

  @Test("an answer in its time ends the suspicion; the late one does not")
  func suspicion() throws {
    let server = try PretendServer.start { _, request in
      (request.words[1] == "late" ? [.pause(.milliseconds(600))] : []) + [Self.miss(request)]
    }
    let node = try Subject(server.nodeAddress) { $0.operationTimeout = .milliseconds(400) }
    #expect(try node.becomesUsable())
    #expect(try node.outcome(.get("late")).text == "timeout not-applied")
    #expect(node.status.state == .suspect && node.status.lastError?.kind == .timedOut)
    #expect(try node.reply(.get("next")) == .miss)
    #expect(try node.states() == [.up, .suspect, .up])
    #expect(node.status.lastError == nil)
  }

  @Test(
    "callers who have little time do not make a node suspect that answers in its own",
    arguments: [ProtocolChoice.auto, .classic])
  func shortDeadlines(choice: ProtocolChoice) throws {
    let server = try PretendServer.start { _, request in
      [.pause(.milliseconds(100)), choice == .classic ? .send("END\r\n") : Self.miss(request)]
    }
    let node = try Subject(server.nodeAddress) { $0.wireProtocol = choice }
    #expect(try node.becomesUsable())
    for _ in 0..<5 {
      #expect(try node.outcome(.get(), within: .milliseconds(20)).text == "timeout not-applied")
    }
    #expect(try node.reply(.get()) == .miss)
    // A classic connection is replaced, since the late reply could not be told from the next.
    let allowed: Set<NodeStatus.State> = choice == .classic ? [.up, .connecting] : [.up]
    #expect(Set(try node.states()).isSubset(of: allowed))
  }

  @Test("a node that stays silent is ejected, however little time its callers have")
  func silentToTheHurried() throws {
    let server = try PretendServer.start { connection, request in
      connection == 0 ? [] : [Self.miss(request)]
    }
    let node = try Subject(server.nodeAddress) { $0.operationTimeout = .milliseconds(200) }
    #expect(try node.becomesUsable())
    let start = Instant.current()
    let outcomes = try node.outcomes(Array(repeating: .get(), count: 3), within: .milliseconds(20))
    #expect(outcomes.allSatisfy { $0.text == "timeout not-applied" })
    #expect(Instant.current() - start < .milliseconds(190))
    #expect(try node.states { $0.count > 1 }.prefix(2) == [.up, .ejected])
    #expect(Instant.current() - start >= .milliseconds(200))
  }
}

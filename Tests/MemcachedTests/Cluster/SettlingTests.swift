// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Reactor
import Testing

@testable import Memcached

/// Commands whose completion waits until the server can no longer do them.
@Suite struct SettlingTests {
  private static func add() throws -> Command {
    var command = try Command.set("v", "k", .add)
    command.mustSettle = true
    return command
  }

  @Test("a reply that comes after the deadline is the outcome")
  func lateReply() throws {
    let server = try PretendServer.start { _, request in
      [.pause(.milliseconds(150)), .send("HD \(request.opaque)\r\n")]
    }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    #expect(try node.outcome(SettlingTests.add(), within: .milliseconds(30)).text == "stored")
    #expect(server.connectionCount == 1)
  }

  @Test(
    "a server that is silent is sent no more, and once it has closed the outcome is settled",
    arguments: [ProtocolChoice.meta, .classic])
  func silence(choice: ProtocolChoice) throws {
    let server = try PretendServer.start { connection, request in
      // It reads the end of the stream only when this is over.
      if connection == 0 { return [.pause(.milliseconds(700))] }
      return [.send(request.opaque.isEmpty ? "END\r\n" : "EN \(request.opaque)\r\n")]
    }
    let node = try Subject(server.nodeAddress) {
      $0.operationTimeout = .milliseconds(100)
      $0.wireProtocol = choice
    }
    #expect(try node.becomesUsable())
    let start = Instant.current()
    let outcomes = try node.outcomes([SettlingTests.add(), .set("v")])
    #expect(outcomes[0].text == "connection-lost unknown")
    #expect(outcomes[1].failure?.outcome == .unknown)
    #expect(Instant.current() - start >= .milliseconds(690))
    // The node did not wait for it.
    #expect(try node.becomesUsable())
    #expect(try node.reply(.get()) == .miss)
    #expect(server.connectionCount == 2)
    #expect(!server.text(of: 0).contains("quit"))
  }

  @Test("a server that closes by itself settles what it was sent")
  func serverCloses() throws {
    let server = try PretendServer.start { _, _ in [.close] }
    let node = try Subject(server.nodeAddress)
    #expect(try node.becomesUsable())
    #expect(try node.outcome(SettlingTests.add()).text == "connection-lost unknown")
  }

  @Test("what has not left is settled by the deadline, like any other")
  func notSent() throws {
    let server = try ScriptedServer { _ in [] }
    let node = try Subject(server.nodeAddress) { $0.connectTimeout = .seconds(5) }
    #expect(try node.outcome(SettlingTests.add(), within: .milliseconds(30)).text == "timeout not-applied")
  }

  @Test("closing the node gives up what lingers")
  func close() throws {
    let server = try PretendServer.start { connection, request in
      connection == 0 ? [.pause(.seconds(5))] : [.send("EN \(request.opaque)\r\n")]
    }
    let node = try Subject(server.nodeAddress) { $0.operationTimeout = .milliseconds(50) }
    #expect(try node.becomesUsable())
    let start = Instant.current()
    let outcome: Subject.Outcome = try node.onLoop { node, loop, done in
      node.submit(try SettlingTests.add(), deadline: .current() + .seconds(1), completion: done)
      // By then the first connection has ended, and lingers.
      loop.schedule(after: .milliseconds(300)) { node.close() }
    }
    #expect(outcome.text == "connection-lost unknown")
    #expect(Instant.current() - start < .seconds(4))
  }
}

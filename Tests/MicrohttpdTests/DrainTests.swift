// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Dispatch
import Reactor
import Testing

@testable import Microhttpd

@Suite struct DrainTests {
  /// Begins to drain; the semaphore tells that it is done.
  private func drain(_ server: TestServer, within: Duration = .seconds(10)) -> DispatchSemaphore {
    let done = DispatchSemaphore(value: 0)
    server.onLoop { $0.daemon.drain(deadline: .current() + within) { done.signal() } }
    return done
  }

  private func isDone(_ done: DispatchSemaphore) -> Bool { done.wait(timeout: .now() + 10) == .success }

  @Test("Draining without connections is done at once") func drainingWithoutConnectionsIsDoneAtOnce() throws {
    let server = try TestServer()
    defer { server.stop() }
    let start = Instant.current()
    #expect(isDone(drain(server)))
    #expect(Instant.current() - start < .milliseconds(200))
  }

  @Test("What waits is answered, and closed behind the answer")
  func whatWaitsIsAnsweredAndClosedBehindTheAnswer() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(server.reaches { $0.daemon.waiting == 1 })
    let done = drain(server)
    #expect(done.wait(timeout: .now() + 0.1) == .timedOut)
    server.onLoop { $0.handler.release() }
    let reply = try client.reply()
    #expect(reply.text == "/wait")
    #expect(reply.closes)
    #expect(try client.isClosed())
    #expect(isDone(done))
  }

  @Test("Idle connections are closed") func idleConnectionsAreClosed() throws {
    let server = try TestServer()
    defer { server.stop() }
    let clients = try (0..<100).map { _ in try Client(server) }
    for client in clients { _ = try client.get("/") }
    #expect(isDone(drain(server)))
    for client in clients { #expect(try client.isClosed()) }
  }

  @Test("Clients in the backlog and requests in the socket are still served")
  func clientsInTheBacklogAndRequestsInTheSocketAreStillServed() throws {
    let server = try TestServer()
    defer { server.stop() }
    let known = try Client(server)
    _ = try known.get("/")
    var late: [Client] = []
    let done = DispatchSemaphore(value: 0)
    try server.holdingUp {
      late = try (0..<100).map { _ in try Client(server) }
      for client in late { try client.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n") }
      try known.send("GET /known HTTP/1.1\r\nHost: x\r\n\r\n")
      server.loop.mailbox.post {
        server.daemon.drain(deadline: .current() + .seconds(10)) { done.signal() }
      }
    }
    #expect(try known.reply().text == "/known")
    for client in late {
      let reply = try client.reply()
      #expect(reply.text == "/late")
      #expect(reply.closes)
    }
    #expect(isDone(done))
  }

  @Test("A client that has just connected gets its first request in")
  func aClientThatHasJustConnectedGetsItsFirstRequestIn() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    #expect(server.reaches { $0.daemon.connectionCount == 1 })
    let done = drain(server)
    try client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.reply().text == "/first")
    #expect(isDone(done))
  }

  @Test("Nothing is accepted any more") func nothingIsAcceptedAnyMore() throws {
    let server = try TestServer()
    defer { server.stop() }
    #expect(isDone(drain(server)))
    let client = try Client(server)
    try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(server.onLoop { $0.daemon.connectionCount } == 0)
  }

  @Test("What waits at the deadline is refused, and its own answer harms nobody")
  func whatWaitsAtTheDeadlineIsRefusedAndItsOwnAnswerHarmsNobody() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(server.reaches { $0.daemon.waiting == 1 })
    let done = drain(server, within: .milliseconds(50))
    let reply = try client.reply()
    #expect(reply.status == 503)
    #expect(reply.closes)
    #expect(try client.isClosed())
    #expect(isDone(done))
    #expect(server.onLoop { $0.daemon.waiting } == 0)
    server.onLoop { $0.handler.release() }
    #expect(server.onLoop { $0.handler.faults } == [.outOfTime])
  }

  @Test("The deadline ends a drain although a body never comes to its end")
  func theDeadlineEndsADrainAlthoughABodyNeverComesToItsEnd() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
    #expect(server.reaches { $0.daemon.connectionCount == 1 })
    #expect(isDone(drain(server, within: .milliseconds(50))))
  }

  @Test("A request that comes on an open connection after the drain has begun is answered")
  func aRequestThatComesOnAnOpenConnectionAfterTheDrainHasBegunIsAnswered() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    _ = try client.get("/")
    let done = drain(server)
    try client.send("GET /after HTTP/1.1\r\nHost: x\r\n\r\n")
    let reply = try client.reply()
    #expect(reply.text == "/after")
    #expect(reply.closes)
    #expect(try client.isClosed())
    #expect(isDone(done))
  }

  @Test("An answer that was on its way when the drain began is not the last on its connection")
  func anAnswerThatWasOnItsWayWhenTheDrainBeganIsNotTheLastOnItsConnection() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    // More than the sockets' buffers hold: it goes out while it is read.
    try client.send("GET /big/20000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(server.reaches { $0.handler.handledCount == 1 })
    let done = drain(server)
    #expect(try client.reply().closes == false)
    try client.send("GET /after HTTP/1.1\r\nHost: x\r\n\r\n")
    let reply = try client.reply()
    #expect(reply.text == "/after")
    #expect(reply.closes)
    #expect(isDone(done))
  }

  @Test("Before a drain answers may close their connections while new ones are taken")
  func beforeADrainAnswersMayCloseTheirConnectionsWhileNewOnesAreTaken() throws {
    let server = try TestServer()
    defer { server.stop() }
    let known = try Client(server)
    _ = try known.get("/")
    server.onLoop { $0.daemon.closeBehindAnswers() }
    for client in [known, try Client(server)] {
      try client.send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.reply().closes)
      #expect(try client.isClosed())
    }
  }

  @Test("The completion may stop the daemon") func theCompletionMayStopTheDaemon() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    _ = try client.get("/")
    let done = DispatchSemaphore(value: 0)
    server.onLoop { server in
      server.daemon.drain(deadline: .current() + .seconds(10)) {
        server.daemon.stop()
        done.signal()
      }
    }
    #expect(isDone(done))
    #expect(try client.isClosed())
  }
}

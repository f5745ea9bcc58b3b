// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor
import Testing

@testable import Microhttpd

@Suite struct WaitingTests {
  @Test("A waiting exchange is answered by a timer") func aWaitingExchangeIsAnsweredByATimer() throws {
    let server = try TestServer()
    defer { server.stop() }
    #expect(try Client(server).get("/later/20").text == "/later/20")
  }

  @Test("Waiting exchanges are answered by another one") func waitingExchangesAreAnsweredByAnotherOne() throws
  {
    let server = try TestServer()
    defer { server.stop() }
    let clients = try (0..<50).map { _ in try Client(server) }
    for client in clients { try client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n") }
    #expect(server.reaches { $0.daemon.waiting == 50 })
    #expect(try Client(server).get("/release").status == 200)
    for client in clients { #expect(try client.reply().text == "/wait") }
    #expect(server.onLoop { $0.daemon.waiting } == 0)
  }

  @Test("A request that follows while the first waits is served after it")
  func aRequestThatFollowsWhileTheFirstWaitsIsServedAfterIt() throws {
    let server = try TestServer()
    defer { server.stop() }
    let (patient, client) = (try Client(server), try Client(server))
    try patient.send("GET /wait/for/ever HTTP/1.1\r\nHost: x\r\n\r\n")
    try client.send("GET /later/20 HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(server.reaches { $0.daemon.waiting == 2 })
    // It stays in the socket: libmicrohttpd is not reading while the first waits.
    try client.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.reply().text == "/later/20")
    #expect(try client.reply().text == "/second")
  }

  @Test("A client that resets while it waits leaves nothing behind")
  func aClientThatResetsWhileItWaitsLeavesNothingBehind() throws {
    let server = try TestServer()
    defer { server.stop() }
    var client: Client? = try Client(server)
    try client?.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(server.reaches { $0.daemon.waiting == 1 })
    client?.reset()
    client = nil
    #expect(server.reaches { $0.daemon.connectionCount == 0 && $0.daemon.waiting == 0 })
    #expect(server.onLoop { $0.handler.held[0].isGone })
    #expect(server.onLoop { $0.handler.held[0].header("Host") } == nil)
    // Its answer comes all the same, as from memcached, and goes nowhere.
    server.onLoop { $0.handler.release() }
    #expect(server.onLoop { $0.handler.liveCount } == 0)
    #expect(try Client(server).get("/").status == 200)
  }

  @Test("A client that ends its sending side is answered") func aClientThatEndsItsSendingSideIsAnswered()
    throws
  {
    var limits = Daemon.Limits()
    limits.idleTime = .milliseconds(500)
    let server = try TestServer(limits: limits)
    defer { server.stop() }
    for number in 0..<100 {
      let client = try Client(server)
      let target = number % 2 == 0 ? "/now" : "/later/1"
      try client.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
      client.finish()
      #expect(try client.reply().text == target)
    }
    // An end that came together with the request goes unnoticed by libmicrohttpd; the idle time ends it.
    #expect(server.reaches { $0.daemon.connectionCount == 0 })
  }

  @Test("Exchanges and bodies are freed once answered") func exchangesAndBodiesAreFreedOnceAnswered() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    for _ in 0..<20 {
      #expect(try client.put("/size", [UInt8](repeating: 1, count: 1 << 20)).text == "\(1 << 20)")
      #expect(try client.get("/big/\(1 << 20)").body.count == 1 << 20)
      #expect(try client.get("/later/1").status == 200)
    }
    #expect(server.reaches { $0.handler.liveCount == 0 })
  }

  @Test("A body is let go of with the answer") func aBodyIsLetGoOfWithTheAnswer() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
    #expect(server.reaches { $0.daemon.waiting == 1 })
    let counts = server.onLoop { server in
      let exchange = server.handler.held[0]
      let before = exchange.body.count
      server.handler.release()
      return [before, exchange.body.count]
    }
    #expect(counts == [3, 0])
    #expect(try client.reply().status == 200)
  }

  @Test("A daemon that stops leaves waiting exchanges gone") func aDaemonThatStopsLeavesWaitingExchangesGone()
    throws
  {
    let server = try TestServer()
    let client = try Client(server)
    try client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(server.reaches { $0.daemon.waiting == 1 })
    server.stop()
    #expect(server.handler.held[0].isGone)
    #expect(server.daemon.waiting == 0)
    server.handler.release()
    #expect(try client.isClosed())
  }

  @Test("Answering twice is a programming error") func answeringTwiceIsAProgrammingError() async throws {
    await #expect(processExitsWith: .failure) {
      let server = try TestServer()
      let client = try Client(server)
      try client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = server.reaches { $0.daemon.waiting == 1 }
      server.onLoop { server in
        server.handler.held[0].answer(Response(status: 200))
        server.handler.held[0].answer(Response(status: 200))
      }
    }
  }

  @Test("A thousand waiting exchanges cost next to no processor time")
  func aThousandWaitingExchangesCostNextToNoProcessorTime() throws {
    let server = try TestServer()
    defer { server.stop() }
    let clients = try (0..<1000).map { _ in try Client(server) }
    for client in clients { try client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n") }
    #expect(server.reaches { $0.daemon.waiting == 1000 })
    let before = server.onLoop { _ in threadNanoseconds() }
    usleep(500_000)
    let spent = server.onLoop { _ in threadNanoseconds() } - before
    #expect(spent < 50_000_000, "\(spent) ns in half a second")
    server.onLoop { $0.handler.release() }
    for client in clients { #expect(try client.reply().status == 200) }
  }

  @Test("Large bodies pass at full speed while others wait") func largeBodiesPassAtFullSpeedWhileOthersWait()
    throws
  {
    let server = try TestServer()
    defer { server.stop() }
    let patient = try Client(server)
    try patient.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(server.reaches { $0.daemon.waiting == 1 })
    let client = try Client(server)
    let size = 8 << 20
    let start = Instant.current()
    for _ in 0..<3 {
      #expect(try client.put("/size", [UInt8](repeating: 2, count: size)).text == "\(size)")
      #expect(try client.get("/big/\(size)").body.count == size)
    }
    // At a millisecond for each piece of 8 KiB, as a back-off would have it, this would take 6 s.
    #expect(Instant.current() - start < .seconds(2))
  }
}

private func threadNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

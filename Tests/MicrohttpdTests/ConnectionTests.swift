// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor
import Testing

@testable import Microhttpd

@Suite struct ConnectionTests {
  @Test("A connection serves a thousand requests") func aConnectionServesAThousandRequests() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    for number in 0..<1000 {
      let reply = try client.get("/n/\(number)")
      #expect(reply.text == "/n/\(number)")
      #expect(reply.headers["date"] != nil)
    }
    #expect(server.onLoop { $0.daemon.connectionCount } == 1)
  }

  @Test("Pipelined requests are answered in order") func pipelinedRequestsAreAnsweredInOrder() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    var bytes = ""
    for number in 0..<100 {
      bytes += "PUT /\(number) HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\(1000 + number)"
      bytes += "GET /later/\(number % 3) HTTP/1.1\r\nHost: x\r\n\r\n"
    }
    try client.send(bytes)
    for number in 0..<100 {
      #expect(try client.reply().text == "\(1000 + number)")
      #expect(try client.reply().text == "/later/\(number % 3)")
    }
  }

  @Test("Requests that come byte by byte are read as if they came at once")
  func requestsThatComeByteByByteAreReadAsIfTheyCameAtOnce() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    var nodelay: Int32 = 1
    setsockopt(client.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &nodelay, 4)
    let bytes =
      "PUT /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /d HTTP/1.1\r\nHost: x\r\n\r\n"
      + "PUT /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfg\r\n1\r\nh\r\n0\r\n\r\n"
    for byte in bytes.utf8 { try client.send([byte]) }
    #expect(try client.reply().text == "abc")
    #expect(try client.reply().text == "/d")
    #expect(try client.reply().text == "fgh")
    #expect(server.onLoop { $0.handler.faults } == [])
  }

  @Test("A unix listener serves many clients with long paths of their own")
  func aUnixListenerServesManyClientsWithLongPathsOfTheirOwn() throws {
    let path = "/tmp/crossfade-microhttpd-\(getpid()).sock"
    unlink(path)
    let server = try TestServer(unixPath: path)
    defer {
      server.stop()
      unlink(path)
    }
    for number in 0..<20 {
      let client = try Client(server)
      #expect(try client.get("/\(number)").text == "/\(number)")
    }
    let name = path + String(repeating: "x", count: 100 - path.utf8.count)
    unlink(name)
    defer { unlink(name) }
    let bound = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(bound) }
    try syscall("bind") { SocketAddress(unixPath: name)!.withPointer { bind(bound, $0, $1) } }
    try syscall("connect") { server.address.withPointer { connect(bound, $0, $1) } }
    #expect(server.reaches { $0.daemon.connectionCount >= 1 })
  }

  @Test("Two daemons share one port") func twoDaemonsShareOnePort() throws {
    let one = try TestServer()
    defer { one.stop() }
    let other = try TestServer(sharing: one.address.port)
    defer { other.stop() }
    for _ in 0..<200 { #expect(try Client(one).get("/").status == 200) }
    let counts = [one, other].map { $0.onLoop { $0.handler.handledCount } }
    #expect(counts[0] + counts[1] == 200)
    #expect(counts[0] > 0 && counts[1] > 0)
  }

  @Test("A thousand connections stay open and are all served")
  func aThousandConnectionsStayOpenAndAreAllServed() throws {
    let server = try TestServer()
    defer { server.stop() }
    let clients = try (0..<1000).map { _ in try Client(server) }
    for round in 0..<3 {
      for client in clients { try client.send("GET /\(round) HTTP/1.1\r\nHost: x\r\n\r\n") }
      for client in clients { #expect(try client.reply().text == "/\(round)") }
    }
    #expect(server.onLoop { $0.daemon.connectionCount } == 1000)
  }

  // As many as libmicrohttpd takes out of its epoll at once: waiting inside of it would stall there.
  @Test("Sockets that become ready at once do not stall", arguments: [127, 128, 129, 256])
  func socketsThatBecomeReadyAtOnceDoNotStall(count: Int) throws {
    let server = try TestServer()
    defer { server.stop() }
    let clients = try (0..<count).map { _ in try Client(server) }
    for client in clients { _ = try client.get("/") }
    // All requests arrive while the loop is held up, so that they are ready in one turn.
    try server.holdingUp {
      for client in clients { try client.send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n") }
    }
    let start = Instant.current()
    for client in clients { #expect(try client.reply().text == "/x") }
    #expect(Instant.current() - start < .seconds(3))
  }

  @Test("Above the connection limit clients wait in the backlog")
  func aboveTheConnectionLimitClientsWaitInTheBacklog() throws {
    var limits = Daemon.Limits()
    limits.connections = 3
    let server = try TestServer(limits: limits)
    defer { server.stop() }
    var clients = try (0..<3).map { _ in try Client(server) }
    for client in clients { _ = try client.get("/") }
    let late = try Client(server)
    try late.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try clients[0].get("/").status == 200)
    #expect(server.onLoop { $0.daemon.connectionCount } == 3)
    #expect(server.onLoop { $0.daemon.isListening } == false)
    clients.removeLast()
    #expect(try late.reply().text == "/late")
  }

  @Test("As many query arguments as the target holds are no trouble", arguments: [100, 300, 3000])
  func asManyQueryArgumentsAsTheTargetHoldsAreNoTrouble(count: Int) throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    let target = "/a?" + String(repeating: "&", count: count)
    #expect(try client.get(target).text == target)
    #expect(try client.get("/b?").text == "/b?")
  }

  @Test("A client that ends its side with its last bytes is answered, and its connection closed")
  func aClientThatEndsItsSideWithItsLastBytesIsAnsweredAndItsConnectionClosed() throws {
    let server = try TestServer()
    defer { server.stop() }
    let clients = try (0..<20).map { _ in try Client(server) }
    // The requests and the ends are there before the loop turns, so that one read could have both.
    try server.holdingUp {
      for (number, client) in clients.enumerated() {
        try client.send("GET /later/\(number % 3) HTTP/1.1\r\nHost: x\r\n\r\n")
        if number % 2 == 0 { try client.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n") }
        client.finish()
      }
    }
    for (number, client) in clients.enumerated() {
      #expect(try client.reply().text == "/later/\(number % 3)")
      if number % 2 == 0 { #expect(try client.reply().text == "/second") }
      #expect(try client.isClosed())
    }
    #expect(server.reaches { $0.daemon.connectionCount == 0 })
  }

  @Test("An incomplete request ends with its client", arguments: ["", "G", "GET /a HTTP/1.1\r\nHost: x\r\n"])
  func anIncompleteRequestEndsWithItsClient(bytes: String) throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try server.holdingUp {
      try client.send(bytes)
      client.finish()
    }
    #expect(try client.isClosed())
    #expect(server.onLoop { $0.handler.handledCount } == 0)
  }

  @Test("A connection without a byte for the idle time is closed")
  func aConnectionWithoutAByteForTheIdleTimeIsClosed() throws {
    var limits = Daemon.Limits()
    limits.idleTime = .milliseconds(500)
    let server = try TestServer(limits: limits)
    defer { server.stop() }
    let client = try Client(server)
    _ = try client.get("/")
    #expect(try client.isClosed())
    #expect(server.reaches { $0.daemon.connectionCount == 0 })
  }
}

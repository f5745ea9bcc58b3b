// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor
import Testing

@testable import Microhttpd

@Suite struct LimitTests {
  private static func server(_ set: (inout Daemon.Limits) -> Void) throws -> TestServer {
    var limits = Daemon.Limits()
    set(&limits)
    return try TestServer(limits: limits)
  }

  /// Sends the bytes one after the other, again and again, until the server has ended the connection; false
  /// when it has not within ten seconds.
  private static func isEndedWhileDripping(_ client: Client, _ bytes: String) -> Bool {
    for byte in String(repeating: bytes, count: 2_000).utf8 {
      do {
        try client.send([byte])
        if try client.hasEnded(within: 5) { return true }
      } catch { return true }
    }
    return false
  }

  @Test(
    "A head that comes a byte at a time ends with the head's time",
    arguments: ["G", "GET /a HTTP/1.1\r\nHost: x\r\nX-", "\r\n"])
  func slowHead(begin: String) throws {
    let server = try LimitTests.server { $0.headTime = .milliseconds(200) }
    defer { server.stop() }
    let client = try Client(server)
    let start = Instant.current()
    try client.send(begin)
    #expect(LimitTests.isEndedWhileDripping(client, begin == "\r\n" ? begin : "a"))
    #expect(Instant.current() - start >= .milliseconds(200))
    #expect(server.onLoop { $0.daemon.counters.headTimeouts } == 1)
    #expect(server.reaches { $0.daemon.connectionCount == 0 })
    #expect(server.onLoop { $0.handler.handledCount } == 0)
  }

  @Test("The head of a later request has its time, too")
  func slowSecondHead() throws {
    let server = try LimitTests.server { $0.headTime = .milliseconds(200) }
    defer { server.stop() }
    let client = try Client(server)
    #expect(try client.get("/first").text == "/first")
    try client.send("GET /second HTTP/1.1\r\nHost: x\r\n")
    #expect(LimitTests.isEndedWhileDripping(client, "a"))
    #expect(server.onLoop { $0.daemon.counters.headTimeouts } == 1)
  }

  @Test("A head that stands still has its own time, however short the others are")
  func silentSecondHead() throws {
    let server = try LimitTests.server {
      $0.headTime = .milliseconds(500)
      $0.idleTime = .milliseconds(100)
    }
    defer { server.stop() }
    let client = try Client(server)
    try client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n")
    #expect(try client.reply().text == "/first")
    #expect(try client.isClosed())
    #expect(server.reaches { $0.daemon.connectionCount == 0 })
    #expect(server.onLoop { $0.daemon.counters.headTimeouts } == 1)
    #expect(server.onLoop { $0.daemon.counters.idleTimeouts } == 0)
    #expect(server.onLoop { $0.daemon.counters.headRefusals } == 0)
  }

  @Test("Bytes that make no request do not keep an idle connection open")
  func slowLineAfterARequest() throws {
    let server = try LimitTests.server { $0.idleTime = .milliseconds(200) }
    defer { server.stop() }
    let client = try Client(server)
    #expect(try client.get("/first").text == "/first")
    #expect(LimitTests.isEndedWhileDripping(client, "G"))
    #expect(server.onLoop { $0.daemon.counters.idleTimeouts } == 1)
  }

  @Test("A body that comes a byte at a time ends with the body's time", arguments: [false, true])
  func slowBody(isChunked: Bool) throws {
    let server = try LimitTests.server { $0.bodyTime = .milliseconds(200) }
    defer { server.stop() }
    let client = try Client(server)
    let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 100000"
    try client.send("PUT /a HTTP/1.1\r\nHost: x\r\n\(framing)\r\n\r\n")
    #expect(LimitTests.isEndedWhileDripping(client, isChunked ? "1\r\na\r\n" : "a"))
    #expect(server.onLoop { $0.daemon.counters.bodyTimeouts } == 1)
    #expect(server.reaches { $0.daemon.connectionCount == 0 && $0.daemon.bodyMemory == 0 })
    #expect(server.onLoop { $0.handler.handledCount } == 0)
  }

  @Test("A client that does not read its answer is left, and others are served meanwhile")
  func slowReader() throws {
    let server = try LimitTests.server { $0.writeTime = .milliseconds(200) }
    defer { server.stop() }
    let client = try Client(server)
    // Sixteen megabytes of answers that nobody reads: the kernel's buffers do not take them all.
    for _ in 0..<2_000 { try client.send("GET /big/8000 HTTP/1.1\r\nHost: x\r\n\r\n") }
    let other = try Client(server)
    #expect(server.reaches { $0.daemon.counters.writeTimeouts == 1 && $0.daemon.connectionCount == 1 })
    #expect(try other.get("/other").text == "/other")
  }

  @Test("A client that is slower than the limits but moves enough is served")
  func slowButMoving() throws {
    let server = try LimitTests.server {
      $0.bodyTime = .milliseconds(100)
      $0.writeTime = .milliseconds(100)
    }
    defer { server.stop() }
    let client = try Client(server)
    let body = [UInt8](repeating: 0x61, count: 64 << 10)
    try client.send("PUT /size HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n")
    // The first three quarters are worth three seconds.
    try client.send(Array(body.prefix(48 << 10)))
    #expect(try !client.hasEnded(within: 500))
    try client.send(Array(body.suffix(16 << 10)))
    #expect(try client.reply().text == "65536")
  }

  @Test("An exchange that waits, and a connection that is idle, are not held to the times of slow clients")
  func waiting() throws {
    let server = try LimitTests.server {
      $0.headTime = .milliseconds(50)
      $0.bodyTime = .milliseconds(50)
      $0.writeTime = .milliseconds(50)
    }
    defer { server.stop() }
    let client = try Client(server)
    #expect(try client.put("/later/300", [1]).status == 200)
    #expect(try !client.hasEnded(within: 300))
    #expect(try client.get("/b").text == "/b")
    var untouched = Daemon.Counters()
    untouched.connections = 1
    #expect(server.onLoop { $0.daemon.counters } == untouched)
  }

  @Test("More requests in flight than may be are refused, and those in flight are served")
  func inFlight() throws {
    let server = try LimitTests.server { $0.inFlight = 2 }
    defer { server.stop() }
    let waiting = try (0..<2).map { _ in try Client(server) }
    for client in waiting { try client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n") }
    #expect(server.reaches { $0.daemon.waiting == 2 })
    let late = try Client(server)
    #expect(try late.get("/late").status == 503)
    // The connection is good for another try.
    #expect(try late.get("/late").status == 503)
    let sender = try Client(server)
    try sender.send("PUT /late HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    let refusal = try sender.reply()
    #expect(refusal.status == 503 && refusal.closes)
    #expect(server.onLoop { $0.daemon.counters.inFlightRefusals } == 3)
    #expect(try Client(server).get("/release").status == 200)
    for client in waiting { #expect(try client.reply().text == "/wait") }
    #expect(try late.get("/late").text == "/late")
  }

  @Test("Bodies beyond the memory for them are refused, before they come where that can be known")
  func bodyMemory() throws {
    let server = try LimitTests.server { $0.bodyMemory = 300_000 }
    defer { server.stop() }
    let holder = try Client(server)
    let body = [UInt8](repeating: 0x61, count: 200_000)
    try holder.send("PUT /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
    try holder.send(body)
    #expect(server.reaches { $0.daemon.waiting == 1 && $0.daemon.bodyMemory >= 200_000 })
    let announcing = try Client(server)
    try announcing.send("PUT /b HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
    #expect(try announcing.reply().status == 503)
    let growing = try Client(server)
    try growing.send("PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n30d40\r\n")
    try growing.send(body + Array("\r\n0\r\n\r\n".utf8))
    #expect(try growing.reply().status == 503)
    #expect(try Client(server).put("/small", [1, 2]).body == [1, 2])
    #expect(server.onLoop { $0.daemon.counters.bodyMemoryRefusals } == 2)
    #expect(try Client(server).get("/release").status == 200)
    #expect(try holder.reply().text == "/wait")
    #expect(server.onLoop { $0.daemon.bodyMemory } == 0)
    // One alone is always taken.
    let alone = [UInt8](repeating: 0x62, count: 400_000)
    #expect(try Client(server).put("/size", alone).text == "400000")
  }

  @Test("An address has as many connections as it may, over all daemons that count together")
  func perAddress() throws {
    let limit = AddressLimit(3)
    let one = try TestServer(addressLimit: limit)
    defer { one.stop() }
    let other = try TestServer(addressLimit: limit)
    defer { other.stop() }
    var clients = [try Client(one), try Client(one), try Client(other)]
    for client in clients { #expect(try client.get("/").status == 200) }
    let refused = try Client(other)
    #expect(try refused.isClosedOrReset())
    #expect(other.onLoop { $0.daemon.counters.addressRefusals } == 1)
    clients.removeFirst()
    #expect(one.reaches { $0.daemon.connectionCount == 1 })
    #expect(try Client(other).get("/").status == 200)
  }

  @Test("What comes from one half of an IPv6 address is one client, and IPv4 in it is IPv4")
  func addresses() throws {
    func address(_ host: String) throws -> AddressLimit.Address? {
      let address = try #require(SocketAddress(numericHost: host, port: 1))
      return address.withPointer { pointer, _ in AddressLimit.Address(pointer) }
    }
    #expect(try address("2001:db8::1") == address("2001:db8::ffff:2"))
    #expect(try address("2001:db8::1") != address("2001:db8:0:1::1"))
    #expect(try address("::ffff:10.0.0.7") == address("10.0.0.7"))
    #expect(try address("10.0.0.7") != address("10.0.0.8"))
    let unix = try #require(SocketAddress(unixPath: "/tmp/x"))
    #expect(unix.withPointer { pointer, _ in AddressLimit.Address(pointer) } == nil)
  }

  @Test("Heads, bodies and connections beyond their limits are counted")
  func counted() throws {
    let server = try LimitTests.server {
      $0.body = 10
      $0.connections = 3
    }
    defer { server.stop() }
    let long = String(repeating: "x", count: 9000)
    let first = try Client(server)
    try first.send("GET /a HTTP/1.1\r\nHost: x\r\nX: \(long)\r\n\r\n")
    #expect(try first.reply().status == 431)
    let second = try Client(server)
    try second.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
    #expect(try second.reply().status == 413)
    #expect(server.onLoop { $0.daemon.counters.headRefusals } == 1)
    #expect(server.onLoop { $0.daemon.counters.bodyRefusals } == 1)
    #expect(server.reaches { $0.daemon.connectionCount == 0 })
    let clients = try (0..<4).map { _ in try Client(server) }
    #expect(server.reaches { $0.daemon.counters.connectionPauses == 1 })
    #expect(server.onLoop { $0.daemon.counters.connections } == 5)
    withExtendedLifetime(clients) {}
  }
}

extension Client {
  /// Whether the server ends the connection within that time, and sends nothing before that.
  func hasEnded(within milliseconds: Int32) throws -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if poll(&waiting, 1, milliseconds) == 0 { return false }
    return try isClosedOrReset()
  }

  func isClosedOrReset() throws -> Bool {
    do { return try isClosed() } catch let error as SystemError where error.code == ECONNRESET { return true }
  }
}

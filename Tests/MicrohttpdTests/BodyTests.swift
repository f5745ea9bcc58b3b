// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Reactor
import Testing

@testable import Microhttpd

@Suite struct BodyTests {
  private func smallServer() throws -> TestServer {
    var limits = Daemon.Limits()
    limits.body = 1000
    return try TestServer(limits: limits)
  }

  private func chunk(_ count: Int) -> String {
    String(count, radix: 16) + "\r\n" + String(repeating: "c", count: count) + "\r\n"
  }

  @Test("A body of any size up to the limit arrives whole") func aBodyOfAnySizeUpToTheLimitArrivesWhole()
    throws
  {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    for size in [1, 100, 8191, 8192, 8193, 65_535, 65_537, 1_000_000, 8 << 20] {
      let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      #expect(try client.put("/", body).body == body)
    }
  }

  @Test("An announced body above the limit is refused before it is sent")
  func anAnnouncedBodyAboveTheLimitIsRefusedBeforeItIsSent() throws {
    let server = try smallServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n")
    let reply = try client.reply()
    #expect(reply.status == 413)
    #expect(reply.closes)
    #expect(try client.isClosed())
    #expect(server.onLoop { $0.handler.handledCount } == 0)
  }

  @Test("A client that sends the refused body all the same reads the answer")
  func aClientThatSendsTheRefusedBodyAllTheSameReadsTheAnswer() throws {
    let server = try smallServer()
    defer { server.stop() }
    for _ in 0..<20 {
      let client = try Client(server)
      try client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
      // The connection may end under the sender; what was answered is there to be read nevertheless.
      try? client.send([UInt8](repeating: 1, count: 100_000))
      #expect(try client.reply().text == "too large")
    }
  }

  @Test("A length that no number holds is refused as too large")
  func aLengthThatNoNumberHoldsIsRefusedAsTooLarge() throws {
    let server = try smallServer()
    defer { server.stop() }
    for length in ["18446744073709551615", "9223372036854775808"] {
      let client = try Client(server)
      try client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n")
      #expect(try client.reply().status == 413)
    }
  }

  @Test("A body is asked for with 100 Continue") func aBodyIsAskedForWith100Continue() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    #expect(try client.reply().status == 100)
    try client.send("abc")
    #expect(try client.reply().text == "abc")
    #expect(try client.get("/next").text == "/next")
  }

  @Test(
    "An expectation of something else is refused before the body",
    arguments: ["other", "100-continue, a=b", ""])
  func anExpectationOfSomethingElseIsRefusedBeforeTheBody(value: String) throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT / HTTP/1.1\r\nHost: x\r\nExpect: \(value)\r\nContent-Length: 3\r\n\r\n")
    #expect(try client.reply().status == 417)
    #expect(try client.isClosed())
    #expect(server.onLoop { $0.handler.handledCount } == 0)
  }

  @Test("A chunked body is put together, and ends its connection")
  func aChunkedBodyIsPutTogetherAndEndsItsConnection() throws {
    let server = try smallServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n")
    try client.send(chunk(400) + chunk(599) + chunk(1) + "0\r\nTrailer: x\r\n\r\n")
    let reply = try client.reply()
    #expect(reply.text == "1000")
    #expect(reply.closes)
    #expect(try client.isClosed())
  }

  @Test("A chunked body that grows above the limit is read up to a cap and refused")
  func aChunkedBodyThatGrowsAboveTheLimitIsReadUpToACapAndRefused() throws {
    let server = try smallServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in 0..<4 { try client.send(chunk(900)) }
    try client.send("0\r\n\r\n")
    let reply = try client.reply()
    #expect(reply.status == 413)
    #expect(reply.text == "grew too large")
    #expect(reply.closes)
    #expect(server.onLoop { $0.handler.faults } == [.bodyTooLarge(limit: 1000)])
    #expect(server.onLoop { $0.handler.handledCount } == 0)
  }

  @Test("A chunked body above the cap ends its connection") func aChunkedBodyAboveTheCapEndsItsConnection()
    throws
  {
    let server = try smallServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in 0..<6 { try client.send(chunk(900)) }
    #expect(server.reaches { $0.daemon.connectionCount == 0 })
    #expect(throws: (any Error).self) { try client.reply() }
    #expect(server.onLoop { $0.handler.liveCount } == 0)
  }

  @Test("A refusal of a request without a body keeps the connection")
  func aRefusalOfARequestWithoutABodyKeepsTheConnection() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    let reply = try client.get("/forbidden")
    #expect(reply.status == 403)
    #expect(!reply.closes)
    #expect(try client.get("/").status == 200)
    #expect(server.onLoop { $0.handler.handledCount } == 1)
  }

  @Test("A refusal of a request with a body ends the connection")
  func aRefusalOfARequestWithABodyEndsTheConnection() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT /forbidden HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
    #expect(try client.reply().status == 403)
    #expect(try client.isClosed())
  }

  @Test func `A client that goes in the middle of its body leaves nothing behind`() throws {
    let server = try TestServer()
    defer { server.stop() }
    for resets in [true, false] {
      let client = try Client(server)
      try client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc")
      #expect(server.reaches { $0.daemon.connectionCount == 1 })
      if resets { client.reset() } else { client.finish() }
      #expect(server.reaches { $0.daemon.connectionCount == 0 })
    }
    #expect(server.onLoop { $0.handler.handledCount } == 0)
  }

  // The size line fills the pool: libmicrohttpd 0.9.75 reads no further, and would run again and again.
  @Test("A chunk size that does not end is ended", arguments: ["3;", "3;a=\"", "0"])
  func aChunkSizeThatDoesNotEndIsEnded(start: String) throws {
    let server = try TestServer()
    defer { server.stop() }
    let clients = try (0..<3).map { _ in try Client(server) }
    for client in clients {
      try client.send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      try client.send(start + String(repeating: "0", count: 100_000))
    }
    let counter = TurnCounter()
    let count = LoopBound(counter, on: server.loop)
    server.onLoop { $0.loop.add(count.use()) }
    for client in clients { #expect(throws: (any Error).self) { try client.reply() } }
    #expect(server.reaches { $0.daemon.connectionCount == 0 && $0.handler.liveCount == 0 })
    #expect(server.onLoop { $0.daemon.chunkedUploads.isEmpty })
    #expect(server.onLoop { $0.handler.handledCount } == 0)
    // Without rest it would be some 100,000.
    #expect(server.onLoop { _ in count.use().turns } < 1_000)
  }

  private final class TurnCounter: TurnParticipant {
    var turns = 0
    func takeTurn() { turns += 1 }
    func longestSleep() -> Duration? { nil }
  }

  @Test("A chunked body that comes slowly, with long size lines and trailers, arrives whole")
  func aChunkedBodyThatComesSlowlyWithLongSizeLinesAndTrailersArrivesWhole() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    let long = String(repeating: "x", count: 2000)
    let bytes = Array("3;\(long)\r\nabc\r\n00003;a=\"\(long)\"\r\nabc\r\n0\r\nX: \(long)\r\n\r\n".utf8)
    for start in stride(from: 0, to: bytes.count, by: 50) {
      try client.send(Array(bytes[start..<min(bytes.count, start + 50)]))
      // Each piece has been read before the next comes.
      _ = server.onLoop { $0.daemon.connectionCount }
    }
    #expect(try client.reply().text == "6")
  }

  @Test("A malformed chunk is refused and closes") func aMalformedChunkIsRefusedAndCloses() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n")
    #expect(try client.reply().status == 400)
    #expect(server.reaches { $0.daemon.connectionCount == 0 && $0.handler.liveCount == 0 })
    #expect(server.onLoop { $0.handler.handledCount } == 0)
  }
}

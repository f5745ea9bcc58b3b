// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Microhttpd

@Suite struct ResponseTests {
  @Test("HEAD gets the headers of GET and no body") func headGetsTheHeadersOfGETAndNoBody() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("HEAD /big/100000 HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.reply(isHead: true).headers["content-length"] == "100000")
    #expect(try client.get("/next").text == "/next")
  }

  @Test("A status without a body sends none, and the connection stays", arguments: [204, 304])
  func aStatusWithoutABodySendsNoneAndTheConnectionStays(status: Int) throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    let reply = try client.get("/status/\(status)")
    #expect(reply.status == status)
    #expect(reply.headers["content-length"] == (status == 304 ? "4" : nil))
    #expect(try client.get("/next").text == "/next")
  }

  @Test("A response may close its connection") func aResponseMayCloseItsConnection() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    #expect(try client.get("/close").closes)
    #expect(try client.isClosed())
  }

  @Test("HTTP 1 0 is closed behind the answer unless it asks to stay")
  func http10IsClosedBehindTheAnswerUnlessItAsksToStay() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(try client.reply().text == "/a")
    try client.send("GET /b HTTP/1.0\r\n\r\n")
    #expect(try client.reply().text == "/b")
    #expect(try client.isClosed())
  }

  @Test("Header fields are found whatever their case, without white space at the end")
  func headerFieldsAreFoundWhateverTheirCaseWithoutWhiteSpaceAtTheE() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    try client.send("PATCH /header HTTP/1.1\r\nHost: x\r\nX-tEst: \t one \t \r\n")
    try client.send("x-test: two\r\nX-Tes: three\r\n\r\n")
    let reply = try client.reply()
    #expect(reply.headers["x-first"] == "one")
    #expect(reply.text == "patch one|two")
    #expect(try client.get("/header").headers["x-first"] == "none")
  }

  @Test("A field that would split the response turns it into a 500")
  func aFieldThatWouldSplitTheResponseTurnsItIntoA500() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    let reply = try client.get("/split")
    #expect(reply.status == 500)
    #expect(reply.headers["x-c"] == nil)
    #expect(reply.body.isEmpty)
    #expect(reply.closes)
  }

  @Test("Targets and headers above the connection memory get 414 and 431")
  func targetsAndHeadersAboveTheConnectionMemoryGet414And431() throws {
    let server = try TestServer()
    defer { server.stop() }
    let long = String(repeating: "x", count: Daemon.Limits().connectionMemory)
    var client = try Client(server)
    try client.send("GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.reply().status == 414)
    client = try Client(server)
    try client.send("GET / HTTP/1.1\r\nHost: x\r\nX: \(long)\r\n\r\n")
    #expect(try client.reply().status == 431)
    client = try Client(server)
    try client.send("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "X: y\r\n", count: 1000) + "\r\n")
    #expect(try client.reply().status == 431)
    #expect(server.reaches { $0.handler.liveCount == 0 && $0.daemon.connectionCount == 0 })
  }

  @Test("Half of the connection memory is enough for a target and for headers")
  func halfOfTheConnectionMemoryIsEnoughForATargetAndForHeaders() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(server)
    let target = "/" + String(repeating: "x", count: Daemon.Limits().connectionMemory / 2)
    #expect(try client.get(target).text == target)
    try client.send("GET /a HTTP/1.1\r\nHost: x\r\nX: \(target)\r\n\r\n")
    #expect(try client.reply().text == "/a")
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Testing

@testable import Memcached

/// What is asked when a connection opens, and what follows from the answers.
@Suite struct HandshakeTests {
  @Test("the questions leave together, before anything else")
  func questionsLeaveTogether() {
    let (auto, classic) = (Wire(), Wire(choice: .classic))
    #expect(auto.takeWritten() == "mn\r\nversion\r\nstats\r\nstats settings\r\n")
    #expect(classic.takeWritten() == "version\r\nstats\r\nstats settings\r\n")
  }

  @Test(
    "meta is spoken only to a server that knows mn and is at least 1.6.10",
    arguments: [
      ("MN", "1.6.18", "meta"), ("MN", "1.6.10", "meta"), ("MN", "1.10.0", "meta"),
      ("MN", "1.6.9", "classic"),
      ("MN", "1.5.22", "classic"), ("ERROR", "1.4.25", "classic"), ("ERROR", "1.6.18", "classic"),
      ("CLIENT_ERROR nope", "1.6.18", "classic"), ("SERVER_ERROR nope", "1.6.18", "classic"),
    ])
  func protocolIsChosen(_ answer: String, _ version: String, _ expected: String) {
    let wire = Wire()
    let text = "\(answer)\r\nVERSION \(version)\r\nEND\r\nSTAT item_size_max 9\r\nEND\r\n"
    #expect(wire.receive(text) == "opened \(expected) 9")
  }

  @Test("a proxy without stats is taken as it is")
  func proxyWithoutStatistics() {
    #expect(Wire().receive("ERROR\r\nVERSION 0.5.0\r\nERROR\r\nERROR\r\n") == "opened classic 0")
  }

  @Test("a server that is said to speak meta and does not is refused")
  func forcedMetaIsChecked() {
    #expect(Wire(choice: .meta).receive("ERROR\r\nVERSION 1.4.25\r\nEND\r\nEND\r\n") == "unsupported")
  }

  @Test("a server without a version is no memcached")
  func versionIsRequired() {
    #expect(Wire().receive("ERROR\r\nERROR\r\n") == "protocol-violation")
    #expect(Wire().receive("HTTP/1.1 400 Bad Request\r\nServer: x\r\n") == "protocol-violation")
  }

  @Test("the boot names one life of one server")
  func bootNamesALife() {
    let one = Boot.number(nodeName: "a:1", pid: 5, started: 1000)
    #expect(one == Boot.number(nodeName: "a:1", pid: 5, started: 1000))
    #expect(one != Boot.number(nodeName: "a:1", pid: 6, started: 1000))
    #expect(one != Boot.number(nodeName: "a:1", pid: 5, started: 1001))
    #expect(one != Boot.number(nodeName: "b:1", pid: 5, started: 1000))
    #expect(one != CASToken.anyBoot)
  }

  // MARK: Passwords

  private static let set = "set auth 0 0 12\r\nalice s3cret\r\n"

  @Test("a password is sent to a server that asks for one, and then the questions")
  func passwordIsAskedFor() {
    let wire = Wire(password: "alice:s3cret\n")
    #expect(wire.takeWritten() == "version\r\n")
    #expect(wire.receive("CLIENT_ERROR unauthenticated\r\n") == "waiting")
    #expect(wire.takeWritten() == HandshakeTests.set)
    #expect(wire.receive("STORED\r\n") == "waiting")
    #expect(wire.takeWritten() == "mn\r\nversion\r\nstats\r\nstats settings\r\n")
    #expect(wire.receive(Wire.modern) == "opened meta 1048576")
  }

  @Test("a server that asks for no password is not sent one, as it would keep it as an item")
  func passwordIsNotWanted() {
    let wire = Wire(choice: .classic, password: "alice:s3cret")
    #expect(wire.takeWritten() == "version\r\n")
    #expect(wire.receive("VERSION 1.6.18\r\n") == "waiting")
    #expect(wire.takeWritten() == "version\r\nstats\r\nstats settings\r\n")
    #expect(wire.receive("VERSION 1.6.18\r\nEND\r\nEND\r\n") == "opened classic 0")
  }

  @Test(
    "a server that wants a password is told from one that is too old",
    arguments: [ProtocolChoice.auto, .classic])
  func passwordIsMissing(choice: ProtocolChoice) {
    let wire = Wire(choice: choice)
    #expect(wire.receive("CLIENT_ERROR unauthenticated\r\n") == "unauthenticated")
    #expect(wire.failure?.detail == "the server wants a user and a password")
  }

  @Test(
    "whatever a server says to a password but STORED refuses it, and none of it is repeated",
    arguments: [
      "CLIENT_ERROR authentication failure", "CLIENT_ERROR alice s3cret", "ERROR", "NOT_STORED",
      "SERVER_ERROR s3cret", "s3cret",
    ])
  func passwordIsRefused(_ answer: String) throws {
    let wire = Wire(password: "alice:s3cret")
    wire.receive("CLIENT_ERROR unauthenticated\r\n")
    #expect(["unauthenticated", "protocol-violation"].contains(wire.receive(answer + "\r\n")))
    let failure = try #require(wire.failure)
    #expect(!"\(failure)".contains("s3cret"))
  }

  @Test("what is no memcached gets no password", arguments: ["ERROR", "HTTP/1.1 400 Bad Request", "version"])
  func noMemcached(_ answer: String) {
    let wire = Wire(password: "alice:s3cret")
    #expect(wire.receive(answer + "\r\n") == "protocol-violation")
    #expect(wire.takeWritten() == "version\r\n")
  }

  // MARK: Proxies

  @Test(
    "a proxy is asked for a key, and any answer of a server behind it will do",
    arguments: ["END", "SERVER_ERROR Connection refused", "VALUE crossfade:handshake 0 1 7\r\nx\r\nEND"])
  func proxy(_ answer: String) {
    let wire = Wire(choice: .proxy)
    #expect(wire.takeWritten() == "gets crossfade:handshake\r\n")
    #expect(wire.receive(answer + "\r\n") == "opened classic 0")
  }

  @Test("what does not know gets is no proxy", arguments: ["ERROR", "CLIENT_ERROR what?", "HTTP/1.1 400"])
  func noProxy(_ answer: String) {
    #expect(["rejected", "protocol-violation"].contains(Wire(choice: .proxy).receive(answer + "\r\n")))
  }

  @Test("items from a proxy have no token, since tokens of the servers behind it repeat")
  func proxyHasNoTokens() {
    let wire = Wire(choice: .proxy)
    wire.receive("END\r\n")
    wire.send(1, .get(isPeek: false))
    wire.receive("VALUE k 5 1 7\r\nx\r\nEND\r\n")
    #expect(wire.results[1] == .success(.hit(Item(value: [0x78], flags: 5))))
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Memcached
import MemcachedTesting
import Reactor
import Testing

@Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
struct MemcachedServerTests {
  private static func version(_ server: MemcachedServer) throws -> String {
    let connection = try RawConnection(to: server.address)
    try connection.send("version\r\n")
    return try connection.readLine()
  }

  @Test(
    "a server answers as soon as it is there, and again after a restart",
    arguments: [MemcachedServer.Transport.tcp, .unix])
  func aServerAnswersAsSoonAsItIsThereAndAgainAfterARestart(
    transport: MemcachedServer.Transport
  ) throws {
    let server = try MemcachedServer(transport: transport)
    #expect(try Self.version(server).hasPrefix("VERSION 1."))
    let (pid, address) = (server.pid, server.address)
    try server.restart()
    #expect(try Self.version(server).hasPrefix("VERSION 1."))
    #expect(server.pid != pid)
    #expect(server.address == address)
  }

  @Test("a killed server refuses connections and has ended those that there were")
  func aKilledServerRefusesConnectionsAndHasEndedThoseThatThereWere() throws {
    let server = try MemcachedServer()
    let connection = try RawConnection(to: server.address)
    server.kill()
    // The end of a killed process's connection is a FIN or, when it had not read all, a reset.
    do {
      #expect(try connection.readToEnd().isEmpty)
    } catch let failure as RawConnection.Failure {
      #expect(failure.reason == .reset)
    }
    #expect(throws: (any Error).self) { try RawConnection(to: server.address) }
    #expect(server.pid == nil)
  }

  @Test("a suspended server says nothing until it is resumed, and can be stopped")
  func aSuspendedServerSaysNothingUntilItIsResumedAndCanBeStopped() throws {
    let server = try MemcachedServer()
    server.suspend()
    let connection = try RawConnection(to: server.address, timeout: .milliseconds(50))
    try connection.send("version\r\n")
    let failure = #expect(throws: RawConnection.Failure.self) { try connection.readLine() }
    #expect(failure?.reason == .timedOut)
    server.resume()
    #expect(try Self.version(server).hasPrefix("VERSION"))
    server.suspend()
    server.stop()
    #expect(server.pid == nil)
  }

  @Test("options reach the server, and wrong ones are an error that names them")
  func optionsReachTheServerAndWrongOnesAreAnErrorThatNamesThem() throws {
    let server = try MemcachedServer(arguments: ["-m", "17", "-I", "2m"])
    let connection = try RawConnection(to: server.address)
    try connection.send("stats settings\r\n")
    let settings = String(decoding: try connection.read(until: "END\r\n"), as: UTF8.self)
    #expect(settings.contains("STAT maxbytes \(17 << 20)\r\n"))
    #expect(settings.contains("STAT item_size_max \(2 << 20)\r\n"))
    let failure = #expect(throws: MemcachedServer.Failure.self) {
      try MemcachedServer(arguments: ["--no-such-option"])
    }
    #expect(failure?.description.contains("--no-such-option") == true)
  }
}

@Suite struct ScriptedServerTests {
  @Test("it answers line by line however the bytes were cut, and remembers them")
  func itAnswersLineByLineHoweverTheBytesWereCutAndRemembersThem() throws {
    let server = try ScriptedServer.answeringLines { line in
      line == "quit" ? [.close] : [.send("<\(line)>\r\n")]
    }
    let connection = try RawConnection(to: server.address)
    try connection.send("one\r\ntw")
    #expect(try connection.readLine() == "<one>")
    try connection.send("o\r\n\r\nthree\nquit\r\n")
    #expect(try connection.readLine() == "<two>")
    #expect(try connection.readLine() == "<>")
    #expect(try connection.readLine() == "<three>")
    #expect(try connection.readToEnd().isEmpty)
    #expect(server.text() == "one\r\ntwo\r\n\r\nthree\nquit\r\n")
  }

  @Test("it speaks first, in halves, and tells its connections apart")
  func itSpeaksFirstInHalvesAndTellsItsConnectionsApart() throws {
    let server = try ScriptedServer { received in
      received.new.isEmpty
        ? [.send("hel"), .pause(.milliseconds(5)), .send("lo \(received.connection)\r\n")] : []
    }
    let first = try RawConnection(to: server.address)
    #expect(try first.readLine() == "hello 0")
    let second = try RawConnection(to: server.address)
    #expect(try second.readLine() == "hello 1")
    try first.send("a")
    try second.send("b")
    #expect(server.wait { $0 == [Array("a".utf8), Array("b".utf8)] })
    #expect(server.connectionCount == 2)
  }

  @Test("it can reset a connection") func itCanResetAConnection() throws {
    let server = try ScriptedServer { $0.new.isEmpty ? [] : [.reset] }
    let connection = try RawConnection(to: server.address)
    try connection.send("x")
    #expect(throws: (any Error).self) { try connection.read(count: 1) }
  }

  @Test("a stopped server ends its connections and takes no more")
  func aStoppedServerEndsItsConnectionsAndTakesNoMore() throws {
    let server = try ScriptedServer { _ in [] }
    let connection = try RawConnection(to: server.address)
    #expect(server.wait { $0.count == 1 })
    server.stop()
    // The end of a killed process's connection is a FIN or, when it had not read all, a reset.
    do {
      #expect(try connection.readToEnd().isEmpty)
    } catch let failure as RawConnection.Failure {
      #expect(failure.reason == .reset)
    }
    #expect(throws: (any Error).self) {
      try RawConnection(to: server.address).read(count: 1)
    }
  }
}

@Suite struct RawConnectionTests {
  @Test("reads take what they ask for and leave the rest") func readsTakeWhatTheyAskForAndLeaveTheRest()
    throws
  {
    let server = try ScriptedServer { $0.new.isEmpty ? [.send("12345-->67\r\n89")] : [.close] }
    let connection = try RawConnection(to: server.address)
    #expect(try connection.read(count: 2) == Array("12".utf8))
    #expect(try connection.read(until: "-->") == Array("345-->".utf8))
    #expect(try connection.readLine() == "67")
    connection.closeWriting()
    #expect(try connection.readToEnd() == Array("89".utf8))
  }

  @Test("a failed read says what had come") func aFailedReadSaysWhatHadCome() throws {
    let server = try ScriptedServer { $0.new.isEmpty ? [.send("half a li")] : [.close] }
    let connection = try RawConnection(to: server.address, timeout: .milliseconds(50))
    let late = #expect(throws: RawConnection.Failure.self) { try connection.readLine() }
    #expect(late?.reason == .timedOut)
    let patient = try RawConnection(to: server.address)
    try patient.send("x")
    let closed = #expect(throws: RawConnection.Failure.self) { try patient.readLine() }
    #expect(closed?.reason == .closed)
    #expect(closed?.received == Array("half a li".utf8))
  }

  @Test("a reset reaches the peer") func aResetReachesThePeer() throws {
    let server = try ScriptedServer { _ in [] }
    let connection = try RawConnection(to: server.address)
    connection.reset()
    #expect(throws: (any Error).self) {
      for _ in 0..<2 { try connection.send("x") }
    }
  }
}

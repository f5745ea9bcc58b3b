// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Glibc
import Reactor
import Testing

@Suite struct SocketAddressTests {
  @Test(
    "a numeric host is parsed and described",
    arguments: [
      ("127.0.0.1", "127.0.0.1:8080", AF_INET), ("0.0.0.0", "0.0.0.0:8080", AF_INET),
      ("::1", "[::1]:8080", AF_INET6), ("2001:db8::a", "[2001:db8::a]:8080", AF_INET6),
    ])
  func aNumericHostIsParsedAndDescribed(host: String, text: String, family: Int32) throws {
    let address = try #require(SocketAddress(numericHost: host, port: 8080))
    #expect(address.description == text)
    #expect(address.family == family)
    #expect(address.port == 8080)
    #expect(!address.isUnix)
  }

  @Test(
    "what is no number is not taken for one",
    arguments: ["localhost", "", "1.2.3", "1.2.3.4.5", "[::1]", "300.1.1.1"])
  func whatIsNoNumberIsNotTakenForOne(host: String) {
    #expect(SocketAddress(numericHost: host, port: 1) == nil)
  }

  @Test(
    "loopback is told from the rest",
    arguments: [
      ("127.0.0.1", true), ("127.255.0.9", true), ("128.0.0.1", false), ("0.0.0.0", false),
      ("::1", true), ("::", false), ("::2", false), ("1::1", false),
    ])
  func loopbackIsToldFromTheRest(host: String, isLoopback: Bool) throws {
    #expect(try #require(SocketAddress(numericHost: host, port: 1)).isLoopback == isLoopback)
  }

  @Test("a unix path has 1 to 107 bytes and no NUL") func aUnixPathHas1To107BytesAndNoNUL() throws {
    #expect(SocketAddress(unixPath: "") == nil)
    #expect(SocketAddress(unixPath: "a\0b") == nil)
    #expect(SocketAddress(unixPath: String(repeating: "x", count: 108)) == nil)
    let longest = String(repeating: "x", count: 107)
    let address = try #require(SocketAddress(unixPath: longest))
    #expect(address.description == "unix:" + longest)
    #expect(address.isUnix && address.isLoopback && address.port == 0)
  }
}

@Suite struct SocketTests {
  private static let anyPort = SocketAddress(numericHost: "127.0.0.1", port: 0)

  private static func waitUntil(_ events: Int32, _ descriptor: Int32) {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    #expect(poll(&entry, 1, 5_000) == 1)
  }

  @Test("a listener on port 0 tells the port that it got, and bytes go both ways")
  func aListenerOnPort0TellsThePortThatItGotAndBytesGoBothWays() throws {
    let listener = try Socket.listening(on: try #require(Self.anyPort))
    let address = try listener.localAddress()
    #expect(address.port != 0)
    let client = try Socket.connecting(to: address)
    Self.waitUntil(POLLOUT, client.descriptor)
    #expect(client.connectError() == nil)
    Self.waitUntil(POLLIN, listener.descriptor)
    let server = Socket(owning: accept(listener.descriptor, nil, nil))

    #expect(try Array("hello".utf8).withUnsafeBytes { try client.write($0) } == .done(5))
    Self.waitUntil(POLLIN, server.descriptor)
    var buffer = [UInt8](repeating: 0, count: 16)
    let read = try buffer.withUnsafeMutableBytes { try server.read(into: $0) }
    #expect(read == .done(5))
    #expect(buffer.prefix(5) == ArraySlice("hello".utf8))
  }

  @Test("reading with nothing there would block, and after the peer has gone says 0")
  func readingWithNothingThereWouldBlockAndAfterThePeerHasGoneSays0() throws {
    let listener = try Socket.listening(on: try #require(Self.anyPort))
    let client = try Socket.connecting(to: try listener.localAddress())
    Self.waitUntil(POLLIN, listener.descriptor)
    let server = Socket(owning: accept(listener.descriptor, nil, nil))
    var buffer = [UInt8](repeating: 0, count: 16)
    #expect(try buffer.withUnsafeMutableBytes { try client.read(into: $0) } == .wouldBlock)
    close(server.release())
    Self.waitUntil(POLLIN, client.descriptor)
    #expect(try buffer.withUnsafeMutableBytes { try client.read(into: $0) } == .done(0))
  }

  @Test("a refused connection says so") func aRefusedConnectionSaysSo() throws {
    let address: SocketAddress
    do {
      let listener = try Socket.listening(on: try #require(Self.anyPort))
      address = try listener.localAddress()
    }
    let client = try Socket.connecting(to: address)
    Self.waitUntil(POLLOUT, client.descriptor)
    #expect(client.connectError()?.code == ECONNREFUSED)
  }

  @Test("two listeners share a port") func twoListenersShareAPort() throws {
    let first = try Socket.listening(on: try #require(Self.anyPort))
    let address = try first.localAddress()
    let second = try Socket.listening(on: address)
    #expect(try second.localAddress() == address)
  }

  @Test("a unix socket that nobody serves is refused at once, with the reason")
  func aUnixSocketThatNobodyServesIsRefusedAtOnceWithTheReason() throws {
    let address = try #require(SocketAddress(unixPath: "/nonexistent/crossfade.sock"))
    #expect(throws: SystemError(call: "connect", code: ENOENT)) { _ = try Socket.connecting(to: address) }
  }

  @Test("a system error says its call and the C library's words")
  func aSystemErrorSaysItsCallAndTheCLibrarySWords() {
    #expect(SystemError(call: "bind", code: EADDRINUSE).description == "bind: Address already in use")
  }
}

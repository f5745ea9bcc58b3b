// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Reactor
import Synchronization
import Testing

@testable import Gateway

@Suite struct HealthCheckTests {
  // MARK: Where to ask

  @Test(
    "a URL says where to ask and for what",
    arguments: [
      ("http://127.0.0.1:8080", "127.0.0.1:8080", "/readyz"),
      ("http://127.0.0.1:8080/livez", "127.0.0.1:8080", "/livez"),
      ("http://localhost/", "localhost:80", "/"),
      ("http://[::1]:81/a?b=c", "[::1]:81", "/a?b=c"),
      ("unix:/run/x.sock", "unix:/run/x.sock", "/readyz"),
    ])
  func aURLSaysWhereToAskAndForWhat(_ url: String, _ address: String, _ path: String) throws {
    let check = try HealthCheck(url: url)
    #expect(check.address.description == address)
    #expect(check.path == path)
  }

  @Test(
    "what is no URL of a gateway is refused with the URL in the reason",
    arguments: [
      "", "localhost:8080", "https://localhost/", "http://", "http:///readyz", "http://a:0/", "http://a:x/",
      "http://::1/", "http://a/b c", "http://a/b\r\nX: y", "unix:",
    ])
  func whatIsNoURLOfAGatewayIsRefusedWithTheURLInTheReason(_ url: String) throws {
    let failure = try #require(throws: HealthCheck.Failure.self) { _ = try HealthCheck(url: url) }
    #expect(failure.description.hasPrefix("\(quoted(url)): "))
  }

  @Test(
    "without a URL the first listener of the environment is asked",
    arguments: [
      ("", "127.0.0.1:8080"), ("0.0.0.0:99", "127.0.0.1:99"), ("[::]:99", "[::1]:99"),
      ("unix:/run/x.sock,127.0.0.1:1", "unix:/run/x.sock"), ("10.0.0.7:80", "10.0.0.7:80"),
    ])
  func withoutAURLTheFirstListenerOfTheEnvironmentIsAsked(_ listen: String, _ address: String)
    throws
  {
    let check = try HealthCheck(environment: ["CROSSFADE_LISTEN": listen, "CROSSFADE_WORKERS": "none"])
    #expect(check.address.description == address)
  }

  @Test("port 0 in the environment cannot be asked") func port0InTheEnvironmentCannotBeAsked() {
    #expect(throws: HealthCheck.Failure.self) {
      try HealthCheck(environment: ["CROSSFADE_LISTEN": "127.0.0.1:0"])
    }
  }

  // MARK: What the answer means

  @Test("200 is ready, and the request is whole") func n200IsReadyAndTheRequestIsWhole() throws {
    let peer = try Peer(answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    try HealthCheck(url: "http://127.0.0.1:\(peer.port)").run()
    let lines = peer.request.components(separatedBy: "\r\n")
    let host = "Host: 127.0.0.1:\(peer.port)"
    #expect(lines == ["GET /readyz HTTP/1.1", host, "Connection: close", "", ""])
  }

  @Test(
    "anything else is not ready and says what came",
    arguments: [
      ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "answered 503"),
      ("HTTP/1.1 204 No Content\r\n\r\n", "answered 204"),
      ("HTTP/1.1 2000\r\n\r\n", "no HTTP"),
      ("SSH-2.0-OpenSSH_9.2\r\n", "no HTTP"),
      ("", "ended without an answer"),
    ])
  func anythingElseIsNotReadyAndSaysWhatCame(_ answer: String, _ reason: String) throws {
    let peer = try Peer(answer: answer)
    let check = try HealthCheck(url: "http://127.0.0.1:\(peer.port)")
    let failure = try #require(throws: HealthCheck.Failure.self) { try check.run() }
    #expect(failure.description.contains(reason))
  }

  @Test("a peer that says nothing is given up after two seconds")
  func aPeerThatSaysNothingIsGivenUpAfterTwoSeconds() throws {
    let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
    let silent = try Socket.listening(on: address)
    let check = try HealthCheck(url: "http://\(try silent.localAddress())")
    let start = Instant.current()
    let failure = try #require(throws: HealthCheck.Failure.self) { try check.run() }
    #expect(failure.description.hasSuffix("no answer within 2s"))
    #expect(Instant.current() - start >= .seconds(2))
  }

  @Test("where nobody listens is not ready") func whereNobodyListensIsNotReady() throws {
    let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
    let bound = "\(try Socket.listening(on: address).localAddress())"
    #expect(throws: HealthCheck.Failure.self) { try HealthCheck(url: "http://\(bound)").run() }
  }
}

/// Answers one connection with fixed bytes, and keeps what it was asked.
private final class Peer: Sendable {
  let port: UInt16
  private let received = Mutex<[UInt8]>([])

  init(answer: String) throws {
    guard let address = SocketAddress(numericHost: "127.0.0.1", port: 0) else { throw POSIXError(.EINVAL) }
    let listener = try Socket.listening(on: address)
    port = try listener.localAddress().port
    let descriptor = listener.release()
    try startThread(named: "peer") { [self] in
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      poll(&entry, 1, -1)
      let client = accept(descriptor, nil, nil)
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(client, &buffer, buffer.count, 0)
      received.withLock { $0 = Array(buffer.prefix(max(count, 0))) }
      _ = send(client, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
      close(client)
      close(descriptor)
    }
  }

  var request: String { String(decoding: received.withLock { $0 }, as: UTF8.self) }
}

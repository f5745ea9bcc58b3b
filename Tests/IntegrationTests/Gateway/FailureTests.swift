// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Synchronization
import Testing

extension Program {
  /// Servers that are down, die or hang, and the gateway's own end.
  @Suite struct FailureTests {
    private static func pair(_ arguments: [String] = []) throws -> (
      MemcachedServer, MemcachedServer, GatewayProcess
    ) {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let tiers = ["--tier", "new=\(new.address)", "--tier", "old=\(old.address)"]
      let gateway = try GatewayProcess(tiers + ["--workers", "2"] + arguments)
      try gateway.waitUntilReady()
      return (new, old, gateway)
    }

    private static func put(_ server: MemcachedServer, _ key: String, _ value: String) throws {
      let connection = try RawConnection(to: server.address)
      try connection.send("set \(key) 0 0 \(value.utf8.count)\r\n\(value)\r\n")
      #expect(try connection.readLine() == "STORED")
    }

    @Test("an older tier that is down never fails a read, and Cache-Status names it")
    func olderTierDown() throws {
      let (new, old, gateway) = try FailureTests.pair()
      try FailureTests.put(new, "k", "v")
      old.kill()
      #expect(try http(gateway.address, "GET", "/keys/k").status == 200)
      let miss = try http(gateway.address, "GET", "/keys/other")
      #expect(miss.status == 404)
      #expect(miss.header("Cache-Status")?.hasPrefix("old; fwd=bypass; detail=") == true)
    }

    @Test(
      "the primary is down: an older hit is served, a miss is no 404, a write fails and says what became of it"
    )
    func primaryDown() throws {
      let (new, old, gateway) = try FailureTests.pair()
      try FailureTests.put(old, "k", "v")
      new.kill()
      let hit = try http(gateway.address, "GET", "/keys/k", headers: ["Accept: text/plain"])
      #expect(hit.status == 200)
      #expect(hit.text == "v")
      let miss = try http(gateway.address, "GET", "/keys/other")
      #expect(miss.status == 503 || miss.status == 504)
      #expect(miss.header("Retry-After") != nil || miss.status == 504)
      let write = try http(
        gateway.address, "PUT", "/keys/k", headers: ["Content-Type: text/plain"], body: "x")
      #expect(write.status == 503 || write.status == 504)
      #expect(
        write.text.contains(#""outcome":"not-applied""#) || write.text.contains(#""outcome":"unknown""#))
      #expect(try http(gateway.address, "GET", "/readyz").status == 503)
      try new.restart()
      try gateway.waitUntilReady()
      #expect(try http(gateway.address, "GET", "/keys/other").status == 404)
    }

    @Test(
      "a gateway whose tiers cannot be reached starts all the same, says why it is not ready, and recovers by itself"
    )
    func unreachableAtStart() throws {
      let server = try MemcachedServer()
      server.kill()
      let gateway = try GatewayProcess(["--tier", "new=\(server.address)"])
      let ready = try http(gateway.address, "GET", "/readyz")
      #expect(ready.status == 503)
      #expect(ready.text.contains("\(server.address)"))
      #expect(try http(gateway.address, "GET", "/livez").status == 200)
      try server.restart()
      try gateway.waitUntilReady()
      #expect(try http(gateway.address, "GET", "/keys/k").status == 404)
    }

    @Test("a server that is killed with 100 requests in flight: each gets an answer, and none a wrong one")
    func killedWithRequestsInFlight() throws {
      let (new, _, gateway) = try FailureTests.pair(["--node-timeout", "1s"])
      for number in 0..<100 { try FailureTests.put(new, "key\(number)", "value\(number)") }
      new.suspend()
      let clients = try (0..<100).map { _ in try RawHTTP(gateway.address) }
      for (number, client) in clients.enumerated() {
        try client.send("GET /keys/key\(number) HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n")
      }
      new.kill()
      for (number, client) in clients.enumerated() {
        let response = try client.receive()
        #expect(response.status == 503 || response.status == 504 || response.text == "value\(number)")
        #expect(response.status != 404)
      }
    }

    @Test("a server that hangs and goes on: late replies reach nobody who did not ask for them")
    func lateReplies() throws {
      let (new, _, gateway) = try FailureTests.pair(["--node-timeout", "100ms", "--workers", "1"])
      for number in 0..<50 { try FailureTests.put(new, "key\(number)", "value\(number)") }
      for _ in 0..<5 {
        new.suspend()
        let client = try RawHTTP(gateway.address)
        for number in 0..<10 {
          let late = try client.request("GET", "/keys/key\(number)", headers: ["Accept: text/plain"])
          #expect(late.status != 200 || late.text == "value\(number)")
        }
        new.resume()
        for number in 0..<50 {
          let response = try client.request("GET", "/keys/key\(number)", headers: ["Accept: text/plain"])
          #expect(response.status != 200 || response.text == "value\(number)")
          #expect(response.status != 404)
        }
        try gateway.waitUntilReady()
      }
    }

    @Test("SIGTERM: requests in flight are answered with Connection: close, then the exit status is 0")
    func sigterm() throws {
      let gate = Gate()
      let opaques = Mutex<[String]>([])
      let server = try ScriptedServer.answeringLines { line in
        if let reply = FailureTests.handshakeReply(to: line) { return [.send(reply)] }
        let asked = opaques.withLock { opaques in
          opaques.append(line.split(separator: " ").last.map(String.init) ?? "")
          return opaques
        }
        // The last of the requests is held back; the others are answered with it.
        if asked.count < 20 { return [] }
        gate.wait()
        return [.send(asked.map { "EN \($0)\r\n" }.joined())]
      }
      let gateway = try GatewayProcess(
        ["--tier", "new=\(server.address)", "--workers", "1", "--node-timeout", "900ms"])
      try gateway.waitUntilReady()
      let clients = try (0..<20).map { _ in try RawHTTP(gateway.address) }
      for client in clients { try client.send("GET /keys/k HTTP/1.1\r\nHost: x\r\n\r\n") }
      let haveCome = server.wait { String(decoding: $0.joined(), as: UTF8.self).contains("O20\r\n") }
      #expect(haveCome)
      let witness = try RawHTTP(gateway.address)
      #expect(try witness.request("GET", "/livez").status == 200)
      gateway.signal(SIGTERM)
      #expect(gateway.line { $0.contains(" draining ") } != nil)
      // The log has the line before the worker hears of it.
      while try witness.request("GET", "/livez").header("Connection") != "close" {}
      gate.open()
      for client in clients {
        let response = try client.receive()
        #expect(response.status == 404)
        #expect(response.header("Connection") == "close")
        #expect(try client.isAtEnd())
      }
      #expect(gateway.waitForExit() == 0)
    }

    /// What memcached 1.6.18 answers to a client that asks what it is.
    private static func handshakeReply(to line: String) -> String? {
      switch line {
      case "mn": "MN\r\n"
      case "version": "VERSION 1.6.18\r\n"
      case "stats", "stats settings": "END\r\n"
      default: nil
      }
    }

    @Test("1,000 keep-alive connections are served at the same time")
    func thousandConnections() throws {
      let (new, _, gateway) = try FailureTests.pair()
      try FailureTests.put(new, "k", "v")
      let clients = try (0..<1000).map { _ in try RawHTTP(gateway.address) }
      for round in 0..<3 {
        for client in clients {
          try client.send("GET /keys/k HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n")
        }
        for client in clients { #expect(try client.receive().text == "v", "round \(round)") }
      }
    }
  }
}

/// Holds threads back until it is opened.
private final class Gate: Sendable {
  private let condition = NSCondition()
  private let isOpen = Mutex(false)

  func open() {
    condition.lock()
    isOpen.withLock { $0 = true }
    condition.broadcast()
    condition.unlock()
  }

  func wait() {
    condition.lock()
    while !isOpen.withLock({ $0 }) { condition.wait() }
    condition.unlock()
  }
}

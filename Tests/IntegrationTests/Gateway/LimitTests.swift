// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// What the program does with clients that want too much at a time, or take too long (docs/limits.md).
  @Suite struct LimitTests {
    @Test("at the limit of requests in flight callers are refused at once, and health still answers")
    func inFlight() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess([
        "--tier", "new=\(server.address)", "--workers", "1", "--max-in-flight", "2",
        "--node-timeout", "10s", "--operation-timeout", "10s",
      ])
      try gateway.waitUntilReady()
      server.suspend()
      let waiting = try (0..<2).map { _ in try RawHTTP(gateway.address, timeoutSeconds: 20) }
      for client in waiting { try client.send("GET /keys/a HTTP/1.1\r\nHost: x\r\n\r\n") }
      // There is no event for the two being in flight: asked until a third is refused.
      let limit = Date().addingTimeInterval(5)
      var refused: RawResponse?
      while refused == nil, Date() < limit {
        let client = try RawHTTP(gateway.address, timeoutSeconds: 1)
        try client.send("GET /keys/b HTTP/1.1\r\nHost: x\r\n\r\n")
        refused = try? client.receive()
      }
      let response = try #require(refused)
      #expect(response.status == 503)
      #expect(response.header("Retry-After") == "1")
      #expect(response.text.contains("/problems/busy"))
      #expect(try http(gateway.address, "GET", "/livez").status == 200)
      #expect(try http(gateway.address, "GET", "/readyz").status == 200)
      #expect(try http(gateway.adminAddress, "GET", "/tiers").status == 200)
      server.resume()
      for client in waiting { #expect(try client.receive().status == 404) }
      #expect(try http(gateway.address, "GET", "/keys/c").status == 404)
    }

    @Test("a client that sends its head byte by byte is cut off while others are served")
    func slowHead() throws {
      let gateway = try GatewayProcess(["--head-timeout", "300ms", "--workers", "1"])
      let slow = try RawHTTP(gateway.address)
      let begin = Date()
      try slow.send("GET /keys/a HTTP/1.1\r\nHost: x\r\nX: ")
      while Date().timeIntervalSince(begin) < 5 {
        #expect(try [200, 404].contains(http(gateway.address, "GET", "/keys/other").status))
        do { try slow.send("a") } catch { break }
      }
      let seconds = Date().timeIntervalSince(begin)
      #expect(seconds >= 0.3 && seconds < 3)
    }

    @Test("an address has as many connections as it may in all workers together")
    func perAddress() throws {
      let gateway = try GatewayProcess(["--max-connections-per-address", "4", "--workers", "2"])
      let clients = try (0..<4).map { _ in try RawHTTP(gateway.address) }
      for client in clients {
        try client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.receive().status == 200)
      }
      let refused = try RawHTTP(gateway.address)
      #expect(throws: RawHTTP.Failure.self) {
        try refused.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try refused.receive()
      }
      #expect(try http(gateway.adminAddress, "GET", "/livez").status == 200)
      withExtendedLifetime(clients) {}
    }

    @Test("a body beyond the memory for bodies is refused before it is sent")
    func bodyMemory() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess([
        "--tier", "new=\(server.address)", "--workers", "1", "--max-body-memory", "64KiB",
      ])
      try gateway.waitUntilReady()
      let sender = try RawHTTP(gateway.address)
      try sender.send("PUT /keys/a HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
      try sender.send([UInt8](repeating: 0x61, count: 59_999))
      let limit = Date().addingTimeInterval(5)
      var status = 0
      while status != 503, Date() < limit {
        // Before the first body has come it would be taken, and nothing said until it comes.
        let other = try RawHTTP(gateway.address, timeoutSeconds: 1)
        try other.send("PUT /keys/b HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
        guard let response = try? other.receive() else { continue }
        status = response.status
        #expect(response.header("Retry-After") == "1")
      }
      #expect(status == 503)
      try sender.send("a")
      #expect(try sender.receive().status == 204)
    }
  }
}

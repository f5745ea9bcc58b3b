// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Servers that were stopped (SIGSTOP): what a request still gets, how long it takes, and how it ends.
  @Suite struct NodeHealthTests {
    /// Tiers of one server each, the primary first, behind one worker.
    private final class Stack {
      let servers: [MemcachedServer]
      let gateway: GatewayProcess

      init(_ names: [String], _ arguments: [String] = []) throws {
        servers = try names.map { _ in try MemcachedServer() }
        let tiers = zip(names, servers).flatMap { ["--tier", "\($0)=\($1.address)"] }
        gateway = try GatewayProcess(tiers + ["--workers", "1"] + arguments)
        try gateway.waitUntilReady()
        for name in names {
          let isUp = gateway.line { $0.contains(" node up ") && $0.contains(" tier=\(name) ") } != nil
          #expect(isUp, "\(name) did not come up")
        }
      }

      func put(_ tier: Int, _ key: String, _ value: String) throws {
        let connection = try RawConnection(to: servers[tier].address)
        try connection.send("set \(key) 0 0 \(value.utf8.count)\r\n\(value)\r\n")
        #expect(try connection.readLine() == "STORED")
      }

      func ask(
        _ method: String, _ target: String, headers: [String] = [], body: String? = nil
      ) throws -> (response: RawResponse, milliseconds: Int) {
        let client = try RawHTTP(gateway.address)
        let start = ContinuousClock.now
        let response = try client.request(
          method, target, headers: headers + ["Accept: text/plain"], body: body.map { Array($0.utf8) })
        let time = start.duration(to: .now)
        return (response, Int(time / .milliseconds(1)))
      }
    }

    @Test("a stopped server is ejected after its timeouts, costs nothing then, and comes back by itself")
    func ejection() throws {
      let stack = try Stack(["new", "old"], ["--node-timeout", "200ms", "--eject-after", "3"])
      try stack.put(1, "k", "v")
      let start = stack.gateway.lines.count
      stack.servers[1].suspend()
      for _ in 0..<3 {
        let (miss, milliseconds) = try stack.ask("GET", "/keys/k")
        #expect(miss.status == 404)
        #expect(miss.header("Cache-Status") == "old; fwd=bypass; detail=timeout, new; fwd=uri-miss")
        #expect((190..<600).contains(milliseconds), "\(milliseconds) ms")
      }
      let ejected = stack.gateway.line(from: start) { $0.contains(" node ejected ") }
      #expect(ejected?.contains(" tier=old") == true)
      #expect(stack.gateway.lines.dropFirst(start).filter { $0.contains(" node suspect ") }.count == 1)
      for _ in 0..<5 {
        let (miss, milliseconds) = try stack.ask("GET", "/keys/k")
        #expect(miss.header("Cache-Status") == "old; fwd=bypass; detail=down, new; fwd=uri-miss")
        #expect(milliseconds < 50, "\(milliseconds) ms")
      }
      let tiers = try http(stack.gateway.adminAddress, "GET", "/tiers").text
      #expect(tiers.contains(#""role":"older""#))
      #expect(tiers.contains(#""state":"ejected""#) || tiers.contains(#""state":"probing""#))
      let resumed = stack.gateway.lines.count
      stack.servers[1].resume()
      #expect(stack.gateway.line(from: resumed) { $0.contains(" node up ") } != nil)
      #expect(try stack.ask("GET", "/keys/k").response.text == "v")
    }

    @Test("a server that is killed is ejected at once, and its keys are moved to no other node")
    func killed() throws {
      let servers = try [MemcachedServer(), MemcachedServer()]
      let nodes = servers.map { "\($0.address)" }.joined(separator: ",")
      let gateway = try GatewayProcess(["--tier", "new=\(nodes)", "--workers", "1"])
      try gateway.waitUntilReady()
      let keys = (0..<40).map { "key\($0)" }
      for key in keys { #expect(try http(gateway.address, "PUT", "/keys/\(key)", body: "v").status == 204) }
      servers[1].kill()
      #expect(gateway.line { $0.contains(" node ejected ") } != nil)
      let statuses = try keys.map { try http(gateway.address, "PUT", "/keys/\($0)", body: "w").status }
      #expect(Set(statuses) == [204, 503])
      let start = gateway.lines.count
      try servers[1].restart()
      #expect(gateway.line(from: start) { $0.contains(" node up ") } != nil)
      // What was refused is not found where it had no business to be: that node has lost all it had.
      for (key, status) in zip(keys, statuses) {
        #expect(try http(gateway.address, "GET", "/keys/\(key)").status == (status == 204 ? 200 : 404))
      }
    }

    @Test("a stopped older tier makes a miss no slower than its own timeout, and a hit not at all")
    func stoppedOlderTier() throws {
      let stack = try Stack(["new", "old"])
      try stack.put(0, "k", "v")
      stack.servers[1].suspend()
      let hit = try stack.ask("GET", "/keys/k")
      #expect(hit.response.text == "v")
      #expect(hit.milliseconds < 100, "\(hit.milliseconds) ms")
      let miss = try stack.ask("GET", "/keys/other")
      #expect(miss.response.status == 404)
      #expect((240..<600).contains(miss.milliseconds), "\(miss.milliseconds) ms")
    }

    @Test("a stopped primary leaves an older tier the time to answer, whatever its own timeout is")
    func stoppedPrimary() throws {
      // Without shares the primary would have all of the second.
      let stack = try Stack(["new", "old"], ["--node-timeout", "1s"])
      try stack.put(1, "k", "v")
      stack.servers[0].suspend()
      let hit = try stack.ask("GET", "/keys/k")
      #expect(hit.response.text == "v")
      #expect(hit.response.header("Cache-Status") == "old; hit, new; fwd=bypass; detail=timeout")
      #expect((490..<950).contains(hit.milliseconds), "\(hit.milliseconds) ms")
    }

    @Test("of five tiers three are stopped: the last is still asked, and all of it is done within the budget")
    func manyTiers() throws {
      let stack = try Stack(["one", "two", "three", "four", "five"], ["--node-timeout", "1s"])
      try stack.put(4, "k", "v")
      for tier in 1...3 { stack.servers[tier].suspend() }
      let hit = try stack.ask("GET", "/keys/k")
      #expect(hit.response.text == "v")
      #expect((700..<1_000).contains(hit.milliseconds), "\(hit.milliseconds) ms")
    }

    @Test("a write over a stopped older tier is done in the primary within the budget")
    func write() throws {
      let stack = try Stack(["new", "old", "older"], ["--node-timeout", "1s"])
      stack.servers[2].suspend()
      let put = try stack.ask("PUT", "/keys/k", headers: ["Content-Type: text/plain"], body: "v")
      #expect(put.response.status == 204)
      #expect((320..<900).contains(put.milliseconds), "\(put.milliseconds) ms")
      #expect(try stack.ask("GET", "/keys/k").response.text == "v")
    }

    @Test("Prefer: wait is the time for the request, and a node's own timeout holds within it")
    func wait() throws {
      let patient = try Stack(["new"], ["--operation-timeout", "20s", "--node-timeout", "20s"])
      patient.servers[0].suspend()
      let short = try patient.ask("GET", "/keys/k", headers: ["Prefer: wait=1"])
      #expect(short.response.status == 504)
      #expect(short.response.header("Preference-Applied") == "wait=1")
      #expect((990..<2_500).contains(short.milliseconds), "\(short.milliseconds) ms")

      let hasty = try Stack(["new"], ["--node-timeout", "200ms"])
      hasty.servers[0].suspend()
      let long = try hasty.ask("GET", "/keys/k", headers: ["Prefer: wait=20"])
      #expect(long.response.status == 504)
      #expect(long.response.header("Preference-Applied") == "wait=20")
      #expect((190..<1_000).contains(long.milliseconds), "\(long.milliseconds) ms")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// What answers and the log say of servers that fail: `Proxy-Status`, `Server-Timing`, ids.
  @Suite struct DiagnosticsTests {
    private func proxyStatus(_ gateway: GatewayProcess) throws -> String {
      let response = try http(gateway.address, "PUT", "/keys/k", body: "v")
      #expect(response.status == 503 || response.status == 504)
      return response.header("Proxy-Status") ?? ""
    }

    @Test("a server that refuses connections is unavailable, and the reason is told")
    func refused() throws {
      let address = try MemcachedServer.freeAddress()
      let gateway = try GatewayProcess(["--tier", "new=\(address)"])
      #expect(gateway.line { $0.contains(" node ejected ") } != nil)
      let status = try proxyStatus(gateway)
      #expect(
        status.hasPrefix("crossfade; error=destination_unavailable; next-hop=\"\(address)\"; details=\""))
      #expect(status.contains("Connection refused"))
    }

    @Test("one that was stopped is a timeout, with the time that it took")
    func stopped() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess(
        ["--tier", "new=\(server.address)", "--workers", "1", "--node-timeout", "100ms"])
      try gateway.waitUntilReady()
      server.suspend()
      let response = try http(gateway.address, "GET", "/keys/k", headers: ["Prefer: timing"])
      #expect(response.status == 504)
      #expect(
        response.header("Proxy-Status")?
          .hasPrefix("crossfade; error=connection_read_timeout; next-hop=\"\(server.address)\"") == true)
      let timing = try #require(response.header("Server-Timing"))
      #expect(timing.hasPrefix("new;dur=") && timing.hasSuffix(";desc=timeout"))
      let time = Double(timing.dropFirst("new;dur=".count).prefix { $0 != ";" }) ?? 0
      // The node's own timeout, and no more than the request's.
      #expect(time >= 100 && time < 1_000)
      server.resume()
    }

    @Test("a name that cannot be resolved is told as the reason")
    func unresolved() throws {
      let gateway = try GatewayProcess(["--tier", "new=no-such-host.invalid:11211"])
      #expect(gateway.line(within: 20) { $0.contains(" node ejected ") } != nil)
      let status = try proxyStatus(gateway)
      #expect(status.contains("next-hop=\"no-such-host.invalid:11211\"; details=\"not connected: "))
    }

    @Test("both tiers' times on the way, and that of one that runs in this process")
    func timing() throws {
      let old = try MemcachedServer()
      let gateway = try GatewayProcess(
        ["--tier", "new=memory:1MiB", "--tier", "old=\(old.address)", "--server-timing", "on"])
      try gateway.waitUntilReady()
      let connection = try RawConnection(to: old.address)
      try connection.send("set k 0 0 1\r\nv\r\n")
      #expect(try connection.readLine() == "STORED")
      let hit = try #require(try http(gateway.address, "GET", "/keys/k").header("Server-Timing"))
      #expect(hit.wholeMatch(of: /new;dur=0\.000;desc=miss, old;dur=[0-9]+\.[0-9]{3};desc=hit/) != nil)
      let write = try #require(try http(gateway.address, "DELETE", "/keys/k").header("Server-Timing"))
      #expect(write.wholeMatch(of: /new;dur=[0-9.]+(;desc=miss)?, old;dur=[0-9.]+;desc=hit/) != nil)
    }

    @Test("the log names the request by its own id and its trace")
    func ids() throws {
      let gateway = try GatewayProcess(["--tier", "new=\(try MemcachedServer.freeAddress())"])
      let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
      let response = try http(
        gateway.address, "POST", "/keys/k/incr",
        headers: ["X-Request-Id: mine-1", "traceparent: 00-\(trace)-00f067aa0ba902b7-01"])
      #expect(response.status >= 500 && response.text.contains(#""instance":"mine-1""#))
      let line = try #require(gateway.line { $0.contains(" request failed ") })
      for part in ["instance=mine-1", "trace_id=\(trace)", "method=POST", "route=/keys/{key}/incr", " info "]
      {
        #expect(line.contains(part), "\(line)")
      }
    }
  }
}

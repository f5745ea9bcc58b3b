// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Testing

extension Program {
  /// The real program, whose tier is a real nutcracker before two memcached servers.
  @Suite(.enabled(if: Twemproxy.program != nil, "nutcracker is not installed"))
  struct TwemproxyTests {
    private let servers: [MemcachedServer]
    private let proxy: Twemproxy

    init() throws {
      servers = [try MemcachedServer(), try MemcachedServer()]
      proxy = try Twemproxy(servers)
    }

    private func gateway(_ arguments: [String] = ["--protocol", "old=proxy"]) throws -> GatewayProcess {
      try GatewayProcess(["--tier", "old=\(proxy.address)", "--workers", "2"] + arguments)
    }

    /// Keys that differ all over: FNV, which is nutcracker's hash, leaves those that differ in their last digits
    /// near one another, and with some ports all of them on one server.
    private static func key(_ number: Int) -> String {
      String(UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15, radix: 36)
    }

    /// How many items each of the servers has.
    private func itemCounts() throws -> [Int] {
      try servers.map { server in
        let connection = try RawConnection(to: server.address)
        try connection.send("stats\r\n")
        let text = String(decoding: try connection.read(until: "END\r\n"), as: UTF8.self)
        return Int(text.firstMatch(of: /STAT curr_items (\d+)/)?.output.1 ?? "") ?? -1
      }
    }

    @Test("each verb works, and both servers get keys")
    func verbs() throws {
      let gateway = try gateway()
      try gateway.waitUntilReady()
      try VerbWalk.walk(gateway.address)
      let client = try RawHTTP(gateway.address)
      for number in 0..<100 {
        let target = "/keys/\(TwemproxyTests.key(number))"
        #expect(
          try client.request("PUT", target, headers: ["Content-Type: text/plain"], body: [65]).status == 204)
      }
      let keys = (0..<100).map { "key=\(TwemproxyTests.key($0))" }.joined(separator: "&")
      let many = try client.request("GET", "/keys?\(keys)")
      #expect(
        many.status == 200 && many.text.contains(#""missing":[]"#) && many.text.contains(#""errors":[]"#))
      let counts = try itemCounts()
      #expect(counts.reduce(0, +) >= 100 && counts.allSatisfy { $0 > 0 })
    }

    @Test("without the protocol proxy the node is down, and says what it needs")
    func undeclared() throws {
      let gateway = try gateway([])
      let line = gateway.line { $0.contains("node ejected") }
      #expect(line?.contains("a proxy needs the protocol `proxy`") == true, "\(line ?? "no line")")
      #expect(try http(gateway.address, "GET", "/keys/k").status == 503)
    }

    @Test("compare-and-swap is 501, since no ETag can be trusted there, and none is given")
    func tokens() throws {
      let gateway = try gateway()
      try gateway.waitUntilReady()
      let plain = ["Content-Type: text/plain"]
      let put = try http(gateway.address, "PUT", "/keys/k", headers: plain, body: "v")
      let get = try http(gateway.address, "GET", "/keys/k")
      #expect(put.header("ETag") == nil && get.header("ETag") == nil)
      #expect(!get.text.contains("\"cas\""))
      let tag = "If-Match: \"0123456789abcdef.1\""
      let swap = try http(gateway.address, "PUT", "/keys/k", headers: plain + [tag], body: "w")
      #expect(swap.status == 501)
      #expect(swap.text.contains("does not go through a proxy"))
      #expect(try http(gateway.address, "DELETE", "/keys/k", headers: [tag]).status == 501)
      #expect(try http(gateway.address, "GET", "/keys/k", headers: ["Accept: text/plain"]).text == "v")
    }

    @Test("statistics and flush are refused before they would cost the connection")
    func wholeServer() throws {
      let gateway = try gateway()
      try gateway.waitUntilReady()
      let flush = try http(gateway.adminAddress, "POST", "/flush?tier=old", body: "")
      #expect(flush.status == 501)
      let stats = try http(gateway.adminAddress, "GET", "/stats", headers: ["Accept: text/plain"])
      #expect(stats.status == 200)
      #expect(stats.text.contains("do not go through a proxy"))
      #expect(stats.text.contains("  up\n"))
      #expect(!gateway.lines.contains { $0.contains("node ejected") })
    }

    @Test("a server behind it that is down fails its own keys, and the gateway stays ready")
    func oneServerDown() throws {
      let gateway = try gateway()
      try gateway.waitUntilReady()
      servers[0].kill()
      let client = try RawHTTP(gateway.address)
      var statuses: [Int: Int] = [:]
      var last = ""
      for number in 0..<200 {
        let reply = try client.request("GET", "/keys/\(TwemproxyTests.key(number))")
        statuses[reply.status, default: 0] += 1
        last = reply.text
      }
      #expect(Set(statuses.keys) == [404, 502], "\(statuses), the last was \(last)")
      #expect(try http(gateway.address, "GET", "/readyz").status == 200)
      // A connection that is made now is up as well, whichever server has the key that it asks for.
      let second = try self.gateway()
      try second.waitUntilReady()
    }

    @Test("as an older tier it is read, and its copies are deleted when the primary is written")
    func olderTier() throws {
      let gateway = try GatewayProcess([
        "--tier", "new=memory:1MiB", "--tier", "old=\(proxy.address)", "--protocol", "old=proxy",
      ])
      try gateway.waitUntilReady()
      let connection = try RawConnection(to: proxy.address)
      try connection.send("set k 7 0 1\r\nv\r\n")
      #expect(try connection.readLine() == "STORED")
      let hit = try http(gateway.address, "GET", "/keys/k")
      #expect(hit.status == 200 && hit.text.contains(#""flags":7"#) && hit.text.contains(#""tier":"old""#))
      let put = try http(gateway.address, "PUT", "/keys/k", headers: ["Content-Type: text/plain"], body: "w")
      #expect(put.status == 204)
      try connection.send("get k\r\n")
      #expect(try connection.readLine() == "END")
    }
  }
}

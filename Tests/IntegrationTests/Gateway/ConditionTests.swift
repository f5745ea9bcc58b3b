// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Conditional requests (RFC 9110 §13) against what real servers give.
  @Suite struct ConditionTests {
    private static let plain = ["Content-Type: text/plain"]

    private static func gateway(_ server: MemcachedServer, _ arguments: [String] = []) throws
      -> GatewayProcess
    {
      let gateway = try GatewayProcess(["--tier", "new=\(server.address)", "--workers", "1"] + arguments)
      try gateway.waitUntilReady()
      return gateway
    }

    /// Stores `k` and returns its tag.
    private static func put(_ gateway: GatewayProcess) throws -> String {
      try #require(try http(gateway.address, "PUT", "/keys/k", headers: plain, body: "v").header("ETag"))
    }

    @Test("the tag that a write answers with is the item's, and good for the next write")
    func tagsOfWrites() throws {
      let server = try MemcachedServer()
      let gateway = try ConditionTests.gateway(server)
      let client = try RawHTTP(gateway.address)
      let writes: [(method: String, target: String, body: String)] = [
        ("PUT", "/keys/k", "1"), ("POST", "/keys/k/append", "0"), ("POST", "/keys/k/prepend", "1"),
        ("POST", "/keys/k/incr", ""), ("POST", "/keys/k/incr?delta=9999", ""), ("POST", "/keys/k/decr", ""),
        ("POST", "/keys/c/incr?initial=5", ""),
      ]
      for (method, target, body) in writes {
        let key = target.contains("/c/") ? "/keys/c" : "/keys/k"
        let headers = body.isEmpty ? [] : ConditionTests.plain
        let written = try client.request(method, target, headers: headers, body: Array(body.utf8))
        let tag = try #require(written.header("ETag"), "\(method) \(target)")
        #expect(try client.request("GET", key).header("ETag") == tag)
        for method in ["GET", "HEAD"] {
          let unchanged = try client.request(method, key, headers: ["If-None-Match: W/\(tag)"])
          #expect(unchanged.status == 304)
          #expect(unchanged.header("ETag") == tag)
          #expect(unchanged.header("Cache-Control") == "no-cache")
          #expect(unchanged.header("Vary") == "Accept")
          #expect(unchanged.header("Date") != nil)
        }
        let swapped = try client.request(
          "PUT", key, headers: ConditionTests.plain + ["If-Match: \"x\", \(tag)"], body: Array("7".utf8))
        #expect(swapped.status == 204, "\(method) \(target)")
        let again = try client.request(
          "PUT", key, headers: ConditionTests.plain + ["If-Match: \(tag)"], body: Array("8".utf8))
        #expect(again.status == 412)
        #expect(again.text.contains(#""reason":"changed""#))
      }
    }

    @Test("a touch leaves the tag as it is")
    func touch() throws {
      let server = try MemcachedServer()
      let gateway = try ConditionTests.gateway(server)
      let tag = try ConditionTests.put(gateway)
      #expect(try http(gateway.address, "POST", "/keys/k/touch?ttl=60").status == 204)
      #expect(try http(gateway.address, "GET", "/keys/k").header("ETag") == tag)
    }

    @Test("a restarted server has lost the item, and a tag of before says so")
    func restart() throws {
      let server = try MemcachedServer()
      let gateway = try ConditionTests.gateway(server)
      let tag = try ConditionTests.put(gateway)
      try server.restart()
      try gateway.waitUntilReady()
      let missing = try http(
        gateway.address, "PUT", "/keys/k", headers: ConditionTests.plain + ["If-Match: \(tag)"], body: "w")
      #expect(missing.status == 412)
      #expect(missing.text.contains(#""reason":"missing""#))
      #expect(
        try http(gateway.address, "DELETE", "/keys/k", headers: ["If-Match: \(tag)"]).status == 404)
    }

    @Test("a server that keeps no cas tokens gives no tags, rather than one for all time")
    func withoutTokens() throws {
      let server = try MemcachedServer(arguments: ["-C"])
      for wireProtocol in ["meta", "classic"] {
        let gateway = try ConditionTests.gateway(server, ["--protocol", "new=\(wireProtocol)"])
        let client = try RawHTTP(gateway.address)
        let put = try client.request("PUT", "/keys/k", headers: ConditionTests.plain, body: [0x31])
        #expect(put.status == 204)
        #expect(put.header("ETag") == nil)
        let read = try client.request("GET", "/keys/k", headers: ["If-None-Match: \"0000000000000001.0\""])
        #expect(read.status == 200)
        #expect(read.header("ETag") == nil)
        #expect(!read.text.contains("cas"))
        let incr = try client.request("POST", "/keys/k/incr", body: [])
        #expect(incr.header("ETag") == nil && incr.text.contains(#""value":"2""#))
        let swapped = try client.request(
          "PUT", "/keys/k", headers: ConditionTests.plain + ["If-Match: \"0000000000000001.0\""], body: [0x39]
        )
        #expect(swapped.status == 412)
      }
    }

    @Test("counters that many create at once are created by one of them, and no count is lost")
    func creationRace() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess(["--tier", "new=\(server.address)", "--workers", "2"])
      try gateway.waitUntilReady()
      for round in 0..<20 {
        let clients = try (0..<16).map { _ in try RawHTTP(gateway.address) }
        for client in clients {
          try client.send(
            "POST /keys/race\(round)/incr?initial=100&ttl=60 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
          )
        }
        let answers = try clients.map { try $0.receive() }
        #expect(answers.filter { $0.status == 201 }.count == 1)
        #expect(answers.filter { $0.status == 200 }.count == 15)
        let values = Set(answers.map { $0.text.split(separator: "\"value\":\"").last.map(String.init) ?? "" })
        #expect(values.count == 16)
        #expect(try http(gateway.address, "GET", "/keys/race\(round)").text.contains(#""value":"115""#))
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Testing

extension Program {
  /// Values and keys of every shape, through the real program to real servers and back.
  @Suite struct DataPathTests {
    private let new: MemcachedServer
    private let old: MemcachedServer
    private let gateway: GatewayProcess

    init() throws {
      new = try MemcachedServer()
      old = try MemcachedServer()
      gateway = try GatewayProcess([
        "--tier", "new=\(new.address)", "--tier", "old=\(old.address)", "--workers", "2",
      ])
      try gateway.waitUntilReady()
    }

    private func put(_ server: MemcachedServer, _ key: String, _ value: String, flags: Int = 0, ttl: Int = 0)
      throws
    {
      let connection = try RawConnection(to: server.address)
      try connection.send("set \(key) \(flags) \(ttl) \(value.utf8.count)\r\n\(value)\r\n")
      #expect(try connection.readLine() == "STORED")
    }

    @Test(
      "a hit in the older tier is answered with its value, flags and ttl, a weak ETag and its Cache-Status")
    func fallbackHit() throws {
      try put(old, "user:42", "Ada", flags: 7, ttl: 300)
      let response = try http(gateway.address, "GET", "/keys/user:42")
      #expect(response.status == 200)
      let expected = #""tier":"old""#
      #expect(response.text.contains(expected), "\(response.text)")
      #expect(response.text.contains(#""value":"Ada""#))
      #expect(response.text.contains(#""flags":7"#))
      #expect(response.header("ETag")?.hasPrefix("W/\"") == true)
      let status = try #require(response.header("Cache-Status"))
      #expect(
        status == "old; hit; ttl=300, new; fwd=uri-miss" || status == "old; hit; ttl=299, new; fwd=uri-miss")
    }

    @Test("a hit in the primary carries a strong ETag, and the older tier is not asked")
    func primaryHit() throws {
      try put(old, "k", "old")
      try put(new, "k", "new")
      let response = try http(gateway.address, "GET", "/keys/k", headers: ["Accept: text/plain"])
      #expect(response.text == "new")
      #expect(response.header("ETag")?.hasPrefix("\"") == true)
      #expect(response.header("Cache-Status") == "new; hit")
      #expect(response.header("Cache-Control") == "no-cache")
      #expect(response.header("Age") == nil)
      #expect(response.header("X-Content-Type-Options") == "nosniff")
    }

    @Test("a miss in all tiers is 404, and says so of each")
    func missEverywhere() throws {
      let response = try http(gateway.address, "GET", "/keys/nobody")
      #expect(response.status == 404)
      #expect(response.header("Content-Type") == "application/problem+json")
      #expect(response.header("Cache-Status") == "old; fwd=uri-miss, new; fwd=uri-miss")
    }

    @Test("every byte from 0 to 255 comes back, bare and as JSON")
    func everyByte() throws {
      let bytes = (0...255).map { UInt8($0) }
      let client = try RawHTTP(gateway.address)
      let put = try client.request(
        "PUT", "/keys/bytes?flags=9", headers: ["Content-Type: application/octet-stream"], body: bytes)
      #expect(put.status == 204)
      let bare = try client.request("GET", "/keys/bytes", headers: ["Accept: application/octet-stream"])
      #expect(bare.body == bytes)
      #expect(bare.header("Memcached-Flags") == "9")
      // The same item in another form: a tag of its own, which names the same.
      let tag = try #require(put.header("ETag"))
      #expect(bare.header("ETag") == tag.dropLast() + ".b\"")
      let json = try client.request("GET", "/keys/bytes")
      #expect(json.text.contains(#""encoding":"base64""#))
      #expect(json.text.replacing("\\/", with: "/").contains("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"))
    }

    @Test("values of 0 bytes, 1 byte and nearly 1 MiB come back whole", arguments: [0, 1, 1_048_500])
    func valueLengths(_ length: Int) throws {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let client = try RawHTTP(gateway.address)
      #expect(
        try client.request(
          "PUT", "/keys/len", headers: ["Content-Type: application/octet-stream"], body: bytes
        )
        .status == 204)
      let response = try client.request("GET", "/keys/len", headers: ["Accept: application/octet-stream"])
      #expect(response.status == 200)
      #expect(response.body == bytes)
    }

    @Test("a value that the server would refuse is 413, and what was there stays")
    func tooLarge() throws {
      try put(new, "big", "stays")
      let client = try RawHTTP(gateway.address)
      let body = [UInt8](repeating: 65, count: 1_048_560)
      let response = try client.request("PUT", "/keys/big", headers: ["Content-Type: text/plain"], body: body)
      #expect(response.status == 413)
      #expect(try http(gateway.address, "GET", "/keys/big", headers: ["Accept: text/plain"]).text == "stays")
    }

    @Test(
      "keys of 250 bytes, of UTF-8 and with escaped slashes, pluses and percents reach the server as meant")
    func keys() throws {
      let long = String(repeating: "k", count: 250)
      let keys = [
        (long, long), ("a%2Fb", "a/b"), ("a+b", "a+b"), ("100%25", "100%"), ("sch%C3%BC", "schü"),
        ("%252F", "%2F"),
      ]
      for (index, (target, key)) in keys.enumerated() {
        let value = "value \(index)"
        #expect(
          try http(
            gateway.address, "PUT", "/keys/\(target)", headers: ["Content-Type: text/plain"], body: value
          ).status == 204)
        let connection = try RawConnection(to: new.address)
        try connection.send("get \(key)\r\n")
        #expect(try connection.readLine() == "VALUE \(key) 0 \(value.utf8.count)")
      }
    }

    @Test(
      "a key that is none is 400 and never reaches a server",
      arguments: [
        "%00", "a%00b", "%0d%0aflush_all", "a%20b", "%7F", "%zz", "%4", "%", "a%", "%09", "",
        String(repeating: "k", count: 251),
      ])
    func hostileKeys(_ target: String) throws {
      let before = try commandCount()
      for (method, suffix) in [
        ("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/incr"), ("POST", "/touch?ttl=1"),
      ] {
        let response = try http(
          gateway.address, method, "/keys/\(target)\(suffix)", headers: ["Content-Type: text/plain"],
          body: method == "PUT" ? "x" : nil)
        #expect(response.status == 400, "\(method) /keys/\(target)\(suffix)")
      }
      #expect(try commandCount() == before)
    }

    private func commandCount() throws -> [String] {
      try [new, old].map { server in
        let connection = try RawConnection(to: server.address)
        try connection.send("stats\r\n")
        let text = String(decoding: try connection.read(until: "END\r\n"), as: UTF8.self)
        return text.split(separator: "\r\n").filter { $0.hasPrefix("STAT cmd_") }.joined(separator: " ")
      }
    }

    @Test("the life of a key: add, cas, counters, append, touch, delete")
    func lifeOfAKey() throws {
      let client = try RawHTTP(gateway.address)
      let plain = ["Content-Type: text/plain"]
      let added = try client.request(
        "PUT", "/keys/n", headers: plain + ["If-None-Match: *"], body: Array("10".utf8))
      #expect(added.status == 201)
      #expect(
        try client.request("PUT", "/keys/n", headers: plain + ["If-None-Match: *"], body: [1]).status == 412)
      let tag = try #require(added.header("ETag"))
      let changed = try client.request(
        "PUT", "/keys/n", headers: plain + ["If-Match: \(tag)"], body: Array("20".utf8))
      #expect(changed.status == 204)
      #expect(
        try client.request("PUT", "/keys/n", headers: plain + ["If-Match: \(tag)"], body: [1]).status == 412)
      #expect(try client.request("POST", "/keys/n/incr", body: []).text == #"{"key":"n","value":"21"}"#)
      #expect(
        try client.request("POST", "/keys/n/decr?delta=1", body: []).text == #"{"key":"n","value":"20"}"#)
      #expect(
        try client.request("POST", "/keys/n/append", headers: plain, body: Array("x".utf8)).status == 204)
      #expect(try client.request("POST", "/keys/n/incr", body: []).status == 409)
      #expect(try client.request("POST", "/keys/n/touch?ttl=100", body: []).status == 204)
      #expect(try client.request("GET", "/keys/n").text.contains(#""ttl":100"#))
      #expect(try client.request("DELETE", "/keys/n").status == 204)
      #expect(try client.request("DELETE", "/keys/n").status == 404)
    }

    @Test("an ETag from before a restart of the server matches nothing after it")
    func restartedServer() throws {
      let client = try RawHTTP(gateway.address)
      let plain = ["Content-Type: text/plain"]
      let tag = try #require(try client.request("PUT", "/keys/e", headers: plain, body: [65]).header("ETag"))
      try new.restart()
      try gateway.waitUntilReady()
      // The restarted server counts its cas from 1 again: this item gets the number that the tag has.
      var now: String?
      for _ in 0..<20 where now?.suffix(3) != tag.suffix(3) {
        now = try client.request("PUT", "/keys/e", headers: plain, body: [66]).header("ETag")
      }
      #expect(now != tag)
      #expect(
        try client.request("PUT", "/keys/e", headers: plain + ["If-Match: \(tag)"], body: [67]).status == 412)
    }
  }
}

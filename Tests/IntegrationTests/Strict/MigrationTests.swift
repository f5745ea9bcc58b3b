// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// The real program between two real servers: promotion, the limits and counts of backfill, and what is owed.
  @Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
  struct MigrationTests {
    @Test("promote brings an item with flags and ttl, and its tag is good for a write")
    func promote() throws {
      let move = try Move(["--backfill", "off"])
      try move.put("k", "v", ttl: 300)
      let weak = try http(move.gateway.address, "GET", "/keys/k")
      #expect(weak.header("ETag")?.hasPrefix("W/") == true)
      #expect(try move.newHas("k") == false)
      let promoted = try http(
        move.gateway.address, "GET", "/keys/k?promote=1", headers: ["Accept: text/plain"])
      #expect(promoted.status == 200 && promoted.text == "v")
      #expect(promoted.header("Memcached-Flags") == "7")
      let status = try #require(promoted.header("Cache-Status"))
      #expect(status.hasPrefix("old; hit; ttl=") && status.hasSuffix(", new; fwd=uri-miss; stored"))
      #expect(try move.newHas("k"))
      let tag = try #require(promoted.header("ETag"))
      let write = try http(
        move.gateway.address, "PUT", "/keys/k", headers: ["If-Match: \(tag)", "Content-Type: text/plain"],
        body: "w")
      #expect(write.status == 204)
      #expect(try move.oldHas("k") == false)
      try move.put("other", "v")
      let preferred = try http(move.gateway.address, "GET", "/keys/other", headers: ["Prefer: promote"])
      #expect(preferred.header("Preference-Applied") == "promote")
      #expect(preferred.header("Cache-Status") == "old; hit, new; fwd=uri-miss; stored")
    }

    @Test("a classic server's items get the assumed ttl, and Cache-Status says so")
    func assumedTTL() throws {
      let move = try Move(
        ["--protocol", "old=classic", "--backfill-assumed-ttl", "2m"])
      try move.put("k", "v")
      let first = try http(move.gateway.address, "GET", "/keys/k")
      #expect(
        first.header("Cache-Status")
          == "old; hit; detail=\"ttl unknown, copied with 120 s\", new; fwd=uri-miss")
      #expect(try move.waits { try move.backfills("stored") == 1 })
      let second = try http(move.gateway.address, "GET", "/keys/k")
      let ttl = second.header("Cache-Status")
      #expect(ttl == "new; hit; ttl=120" || ttl == "new; hit; ttl=119")
    }

    @Test("backfills are counted by what became of them, over all workers, and limited for all together")
    func limits() throws {
      let move = try Move([
        "--backfill-items-per-second", "1", "--backfill-max-size", "1KiB", "--backfill-min-ttl", "100s",
      ])
      for number in 0..<100 { try move.put("key\(number)", "v") }
      try move.put("large", String(repeating: "x", count: 1_025))
      try move.put("brief", "v", ttl: 90)
      #expect(try http(move.gateway.address, "GET", "/keys/large").status == 200)
      #expect(try http(move.gateway.address, "GET", "/keys/brief").status == 200)
      let start = Date()
      for number in 0..<100 {
        #expect(try http(move.gateway.address, "GET", "/keys/key\(number)").status == 200)
      }
      let seconds = Date().timeIntervalSince(start)
      // A connection each, so that both workers have had their part.
      #expect(
        try move.waits {
          let stored = try move.backfills("stored")
          return try stored + move.backfills("limited") == 100
        })
      let stored = try move.backfills("stored")
      #expect(stored >= 1 && Double(stored) <= 2 + seconds)
      #expect(try move.backfills("too_large") == 1)
      #expect(try move.backfills("expired") == 1)
      let copied = try (0..<100).filter { try move.newHas("key\($0)") }.count
      #expect(copied == stored)
    }

    @Test(
      "copies that are owed: told by the answer, the statistics and the log, and gone when the tier is back")
    func owed() throws {
      let move = try Move()
      try move.put("k", "stale")
      move.old.suspend()
      let write = try http(
        move.gateway.address, "PUT", "/keys/k", headers: ["Content-Type: text/plain"], body: "w")
      #expect(write.status == 204)
      #expect(write.header("Cache-Status") == "old; detail=owed")
      #expect(try move.statistic("old", "owed_invalidations") == "1")
      #expect(move.gateway.line { $0.contains("stale copies owed") && $0.contains("tier=old") } != nil)
      move.old.resume()
      #expect(move.gateway.line { $0.contains("stale copies gone") && $0.contains("tier=old") } != nil)
      #expect(try move.statistic("old", "owed_invalidations") == "0")
      #expect(try move.oldHas("k") == false)
    }

    @Test("more than are remembered: the tier is not served until it is flushed, and the log says both once")
    func overflow() throws {
      let move = try Move(["--max-owed", "2", "--node-timeout", "50ms"])
      move.old.suspend()
      for number in 0..<5 {
        #expect(try http(move.gateway.address, "DELETE", "/keys/key\(number)").status == 204)
      }
      #expect(try move.statistic("old", "overflowed_invalidations") == "3")
      #expect(try move.statistic("old", "served") == "false")
      #expect(
        move.gateway.line {
          $0.contains("warning") && $0.contains("tier not served") && $0.contains("tier=old")
        }
          != nil)
      move.old.resume()
      try move.put("k", "v")
      #expect(try http(move.gateway.address, "GET", "/keys/k").status == 404)
      #expect(
        try move.waits {
          try http(move.gateway.adminAddress, "POST", "/flush?tier=old").status == 200
        })
      #expect(move.gateway.line { $0.contains("tier served again") } != nil)
      try move.put("k", "v")
      #expect(
        try move.waits {
          try http(move.gateway.address, "GET", "/keys/k", headers: ["Accept: text/plain"]).text == "v"
        })
      move.gateway.signal(SIGTERM)
      #expect(move.gateway.waitForExit() == 0)
      let log = move.gateway.logToEnd()
      #expect(log.filter { $0.contains("tier not served") }.count == 1)
      #expect(log.filter { $0.contains("tier served again") }.count == 1)
    }
  }
}

extension Move {
  fileprivate func newHas(_ key: String) throws -> Bool { try has(new, key) }

  fileprivate func oldHas(_ key: String) throws -> Bool { try has(old, key) }

  private func has(_ server: MemcachedServer, _ key: String) throws -> Bool {
    let connection = try RawConnection(to: server.address)
    try connection.send("get \(key)\r\n")
    return try connection.readLine() != "END"
  }

  fileprivate func backfills(_ result: String) throws -> Int {
    try #require(try statistic("-", "backfill_\(result)").flatMap { Int($0) })
  }
}

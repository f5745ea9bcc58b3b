// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// `/metrics` of the real program, read by the parsers of those whom it is for.
  @Suite struct MetricsTests {
    static func gateway(_ new: MemcachedServer, _ old: MemcachedServer, workers: Int = 3) throws
      -> GatewayProcess
    {
      let gateway = try GatewayProcess([
        "--tier", "new=\(new.address)", "--tier", "old=\(old.address)", "--workers", "\(workers)",
      ])
      try gateway.waitUntilReady()
      return gateway
    }

    @Test("what was sent to three workers over many connections is what is counted")
    func counts() throws {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let gateway = try MetricsTests.gateway(new, old)
      let seeding = try RawConnection(to: old.address)
      for number in 0..<10 {
        try seeding.send("set old-\(number) 0 0 3\r\nold\r\n")
        #expect(try seeding.readLine() == "STORED")
      }
      let before = try Scrape(gateway)
      // A connection each: the kernel spreads them over the workers.
      for number in 0..<30 {
        #expect(try http(gateway.address, "PUT", "/keys/k\(number)", body: "12345").status == 204)
        #expect(try http(gateway.address, "GET", "/keys/k\(number)").status == 200)
        #expect(try http(gateway.address, "GET", "/keys/absent-\(number)").status == 404)
      }
      for number in 0..<10 { #expect(try http(gateway.address, "GET", "/keys/old-\(number)").status == 200) }
      #expect(try http(gateway.address, "GET", "/keys?key=k1&key=k2&key=none").status == 200)
      #expect(try http(gateway.address, "GET", "/nothing").status == 404)
      #expect(try http(gateway.address, "GET", "/keys/%zz").status == 400)
      // An answer is counted before it is sent, and a backfill when the primary has answered.
      var after = try Scrape(gateway)
      while after.sum("crossfade_backfills_total") < 10 { after = try Scrape(gateway) }

      func grown(_ name: String, _ labels: [String: String] = [:]) -> Double {
        after.sum(name, labels) - before.sum(name, labels)
      }
      let requests = "crossfade_requests_total"
      #expect(grown(requests, ["operation": "PUT /keys/{key}", "status": "204"]) == 30)
      #expect(grown(requests, ["operation": "GET /keys/{key}", "status": "200"]) == 40)
      #expect(grown(requests, ["operation": "GET /keys/{key}", "status": "404"]) == 30)
      #expect(grown(requests, ["operation": "GET /keys", "status": "200"]) == 1)
      #expect(grown(requests, ["operation": "none", "status": "404"]) == 1)
      #expect(grown(requests, ["operation": "none", "status": "400"]) == 1)
      let durations = "crossfade_request_duration_seconds_count"
      #expect(grown(durations, ["operation": "GET /keys/{key}"]) == 70)
      #expect(grown("crossfade_request_body_bytes_total") == 150)
      #expect(grown("crossfade_tier_reads_total", ["tier": "new", "result": "hit"]) == 32)
      #expect(grown("crossfade_tier_reads_total", ["tier": "new", "result": "miss"]) == 41)
      #expect(grown("crossfade_tier_reads_total", ["tier": "old", "result": "hit"]) == 10)
      #expect(grown("crossfade_tier_reads_total", ["tier": "old", "result": "miss"]) == 31)
      #expect(grown("crossfade_tier_writes_total", ["tier": "new", "result": "done"]) == 30)
      #expect(grown("crossfade_tier_writes_total", ["tier": "old", "result": "done"]) == 30)
      #expect(grown("crossfade_tier_duration_seconds_count", ["tier": "new"]) == 103)
      #expect(grown("crossfade_backfills_total", ["result": "stored"]) == 10)
      #expect(after.sum("crossfade_workers") == 3)
      #expect(after.sum("crossfade_node_state", ["tier": "new", "state": "up"]) == 3)
    }

    @Test("promtool has nothing to say against them, and docs/operations.md describes each, and no other")
    func documented() throws {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let gateway = try MetricsTests.gateway(new, old)
      #expect(try http(gateway.address, "GET", "/keys/k").status == 404)
      let scrape = try Scrape(gateway)
      #expect(try scrape.complaints() == [])
      let rows = try CommandOutput.document("docs/operations.md")
        .matches(of: /\n\| `((?:crossfade|process)_[a-z_]+)` \| (counter|gauge|histogram) \|/)
      let documented = Set(rows.map { "\($0.output.2) \($0.output.1)" })
      let emitted = Set(scrape.samples.map { "\($0.type) \($0.type == "histogram" ? $0.family : $0.name)" })
      #expect(emitted.subtracting(documented) == [])
      #expect(documented.subtracting(emitted) == [])
    }

    @Test("a node that is away is down, its reads are skipped, and waiting requests are in flight")
    func away() throws {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let gateway = try MetricsTests.gateway(new, old, workers: 1)
      #expect(try Scrape(gateway).sum("crossfade_node_up") == 2)
      old.stop()
      #expect(gateway.line { $0.contains(" node ejected ") } != nil)
      #expect(try http(gateway.address, "GET", "/keys/k").status == 404)
      let scrape = try Scrape(gateway)
      #expect(scrape.sum("crossfade_node_up", ["tier": "old"]) == 0)
      #expect(scrape.sum("crossfade_tier_reads_total", ["tier": "old", "result": "skip"]) == 1)
      #expect(scrape.sum("crossfade_tier_duration_seconds_count", ["tier": "old"]) == 0)

      new.suspend()
      defer { new.resume() }
      let waiting = try RawHTTP(gateway.address)
      try waiting.send("GET /keys/k HTTP/1.1\r\nHost: h\r\nPrefer: wait=20\r\n\r\n")
      var waitingScrape = try Scrape(gateway)
      while waitingScrape.sum("crossfade_requests_in_flight", ["listener": "data"]) == 0 {
        waitingScrape = try Scrape(gateway)
      }
      #expect(waitingScrape.sum("crossfade_node_in_flight", ["tier": "new"]) == 1)
      #expect(waitingScrape.sum("crossfade_client_connections", ["listener": "data"]) == 1)
    }
  }
}

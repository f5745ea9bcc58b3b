// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Synchronization
import Testing

extension Program {
  /// Tiers and settings change while the real program serves real memcached.
  @Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
  struct LiveTiersTests {
    private static let connections = 64
    private static let changes = 100

    @Test("64 connections see no failed and no wrong answer while tiers change 100 times")
    func underLoad() throws {
      let servers = try (0..<3).map { _ in try MemcachedServer() }
      let tiers = Tiers(servers.map { "\($0.address)" })
      let gateway = try GatewayProcess(
        ["--workers", "2", "--tier", "a=\(tiers.nodes[0])", "--tier", "b=\(tiers.nodes[1])"])
      try gateway.waitUntilReady()
      let clients = Clients(Self.connections, gateway.address)
      for index in 0..<Self.changes {
        let (method, target, body) = tiers.change(index)
        let answer = try http(
          gateway.adminAddress, method, target, headers: ["Content-Type: application/json"], body: body)
        #expect(answer.status == 200, "\(body): \(answer.text)")
        // Each arrangement is in use for a while: as long as all clients need for something new.
        clients.awaitProgress()
      }
      let (failures, count) = clients.stop()
      #expect(failures.isEmpty, "\(failures.count) of \(count): \(failures.prefix(5))")
      #expect(count > Self.changes * Self.connections)
      #expect(gateway.lines.allSatisfy { !$0.contains("\"critical\"") })
    }

    @Test("a tier where a write under way leaves a stale copy does not become the primary")
    func staleTier() throws {
      let (new, old) = (try MemcachedServer(), try MemcachedServer())
      let gateway = try GatewayProcess(
        [
          "--workers", "1", "--tier", "new=\(new.address)", "--tier", "old=\(old.address)",
          "--operation-timeout", "2s", "--node-timeout", "1s",
        ])
      try gateway.waitUntilReady()
      old.suspend()
      let write = try RawHTTP(gateway.address)
      try write.send("PUT /keys/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv")
      let limit = Date().addingTimeInterval(10)
      while try !http(gateway.adminAddress, "GET", "/tiers").text.contains(#""in_flight":1"#) {
        try #require(Date() < limit, "the write does not reach the older tier")
      }
      let body =
        #"{"tiers":[{"name":"old","nodes":["\#(old.address)"]},{"name":"new","nodes":["\#(new.address)"]}]}"#
      let answer = try http(
        gateway.adminAddress, "PUT", "/tiers", headers: ["Content-Type: application/json"], body: body)
      #expect(answer.status == 409, "\(answer.text)")
      #expect(answer.text.contains("/problems/stale-tier"))
      // Nothing has changed, and requests go on.
      let tiers = try http(gateway.adminAddress, "GET", "/tiers")
      let names = try JSONDecoder().decode(TiersAnswer.self, from: Data(tiers.body)).tiers.map(\.name)
      #expect(names == ["new", "old"])
      #expect(try http(gateway.address, "GET", "/keys/k").status == 200)
    }

    @Test("at SIGHUP the file is in force, also over what was changed since; a bad one changes nothing")
    func reload() throws {
      let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json5")
      defer { try? FileManager.default.removeItem(at: file) }
      func write(_ text: String) throws { try Data(text.utf8).write(to: file) }
      try write(#"{ workers: 2, tiers: [{ name: "one", nodes: ["memory:8MiB"] }] }"#)
      let gateway = try GatewayProcess(["--config", file.path])
      #expect(try http(gateway.address, "PUT", "/keys/k", body: "v").status == 204)
      func names() throws -> [String] {
        let answer = try http(gateway.adminAddress, "GET", "/tiers")
        return try JSONDecoder().decode(TiersAnswer.self, from: Data(answer.body)).tiers.map(\.name)
      }
      let body =
        #"{"tiers":[{"name":"zero","nodes":["memory:8MiB"]},{"name":"one","nodes":["memory:8MiB"]}]}"#
      let json = ["Content-Type: application/json"]
      #expect(try http(gateway.adminAddress, "PUT", "/tiers", headers: json, body: body).status == 200)
      #expect(try names() == ["zero", "one"])

      let tiers = #"[{ name: "one", nodes: ["memory:8MiB"] }, { name: "two", nodes: ["memory:8MiB"] }]"#
      try write("{ workers: 3, max_keys: 1, tiers: \(tiers) }")
      gateway.signal(SIGHUP)
      _ = try #require(gateway.line { $0.contains("reloaded") })
      let restart = try #require(gateway.line { $0.contains("needs a restart") })
      #expect(restart.contains("workers"))
      #expect(try names() == ["one", "two"])
      #expect(try http(gateway.address, "GET", "/keys/k").status == 200, "what memory tiers hold stays")

      try write("{ max_keys: 0, teirs: 1 }")
      gateway.signal(SIGHUP)
      for part in ["max_keys", "teirs"] {
        _ = try #require(gateway.line { $0.contains("not reloaded") && $0.contains(part) })
      }
      #expect(try names() == ["one", "two"])
      let metrics = try http(gateway.adminAddress, "GET", "/metrics").text
      #expect(metrics.contains("crossfade_reloads_total{result=\"done\"} 1\n"))
      #expect(metrics.contains("crossfade_reloads_total{result=\"failed\"} 1\n"))
    }
  }
}

/// Arrangements of three servers of which the third has nothing but what is deleted there, so that it can be
/// added and taken away; what the others have is found wherever they stand.
private struct Tiers {
  let nodes: [String]

  init(_ nodes: [String]) { self.nodes = nodes }

  private func tier(_ index: Int, _ more: String = "") -> String {
    #"{"name":"\#(["a", "b", "c"][index])","nodes":["\#(nodes[index])"]\#(more)}"#
  }

  func change(_ index: Int) -> (method: String, target: String, body: String) {
    func put(_ tiers: [String], _ more: String = "") -> (String, String, String) {
      ("PUT", "/tiers", #"{"tiers":[\#(tiers.joined(separator: ","))]\#(more)}"#)
    }
    return switch index % 8 {
    case 0: put([tier(1), tier(0)])
    case 1: put([tier(1), tier(0), tier(2)])
    case 2: ("PATCH", "/tiers/c", #"{"mode":"draining"}"#)
    case 3: put([tier(0), tier(1)])
    // Other timeouts make all connections anew.
    case 4: put([tier(0), tier(1)], #","node_timeout":"\#(400 + index)ms","backfill":false"#)
    case 5: put([tier(0), tier(2), tier(1)])
    case 6: ("PATCH", "/tiers/b", #"{"protocol":"classic"}"#)
    default: put([tier(1), tier(0)], #","policy":"strict","backfill":true"#)
    }
  }
}

/// Clients, each with a connection and keys of its own, that know what every answer must be.
private final class Clients: Sendable {
  private struct State {
    var isStopped = false
    var failures: [String] = []
    var counts: [Int]
    var ended = 0
  }

  private let state: Mutex<State>
  private let changed = DispatchSemaphore(value: 0)

  init(_ count: Int, _ address: String) {
    state = Mutex(State(counts: Array(repeating: 0, count: count)))
    for index in 0..<count { Thread.detachNewThread { [self] in run(index, address) } }
  }

  /// Returns when every client has done a round more, or has ended.
  func awaitProgress() {
    let before = state.withLock { $0.counts }
    while state.withLock({ $0.ended < $0.counts.count && zip($0.counts, before).contains { $0 < $1 + 1 } }) {
      _ = changed.wait(timeout: .now() + .milliseconds(20))
    }
  }

  /// What went wrong, and how many rounds there were.
  func stop() -> (failures: [String], count: Int) {
    state.withLock { $0.isStopped = true }
    while state.withLock({ $0.ended < $0.counts.count }) { changed.wait() }
    return state.withLock { ($0.failures, $0.counts.reduce(0, +)) }
  }

  private func run(_ index: Int, _ address: String) {
    do {
      let connection = try RawHTTP(address)
      var round = 0
      while !state.withLock({ $0.isStopped }) {
        try step(connection, "k\(index)-\(round % 3)", round)
        round += 1
        state.withLock { $0.counts[index] += 1 }
        changed.signal()
      }
    } catch {
      state.withLock { $0.failures.append("\(error)") }
    }
    state.withLock { $0.ended += 1 }
    changed.signal()
  }

  private func step(_ connection: RawHTTP, _ key: String, _ round: Int) throws {
    func expect(_ method: String, _ target: String, body: String? = nil, _ status: Int, _ text: String? = nil)
      throws
    {
      let answer = try connection.request(
        method, target,
        headers: ["Accept: application/octet-stream, application/json;q=0.5"]
          + (body == nil ? [] : ["Content-Type: text/plain"]), body: body.map { Array($0.utf8) })
      if answer.status == status, text == nil || answer.text == text { return }
      let failure =
        "\(method) \(target) in round \(round): \(answer.status) \(answer.text), not \(status) \(text ?? "")"
      state.withLock { $0.failures.append(failure) }
    }
    let path = "/keys/\(key)"
    // The counter of the round before is there still.
    if round >= 3 { try expect("GET", path, 200, "\(round - 3 + 1)") }
    try expect("PUT", path, body: "\(round)", 204)
    try expect("GET", path, 200, "\(round)")
    try expect("DELETE", path, 204)
    try expect("GET", path, 404)
    try expect("PUT", path, body: "\(round)", 204)
    try expect("POST", path + "/incr", 200)
    try expect("GET", path, 200, "\(round + 1)")
  }
}

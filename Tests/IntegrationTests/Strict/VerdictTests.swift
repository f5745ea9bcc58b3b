// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Whether to go to the new cluster alone, as the real program says it between real servers.
  @Suite(.enabled(if: MemcachedServer.program != nil, "memcached is not installed"))
  struct VerdictTests {
    private static let short = ["--migration-window", "1s", "--migration-min-reads", "10"]

    @Test("the way of a move: the window fills, older hits are too many, then all is in the new one")
    func move() throws {
      let move = try Move(VerdictTests.short)
      #expect(try move.verdict().status == 503)
      // New keys of the old cluster go on being read until nothing else is in the way.
      var keys = 0
      #expect(
        try move.waits {
          for _ in 0..<10 {
            try move.put("key\(keys)", "ab")
            try move.read("key\(keys)")
            keys += 1
          }
          return try move.codes() == ["older-hits"]
        })
      let early = try move.verdict()
      #expect(early.status == 503 && early.text.contains(#""tier":"old""#), "\(early.text)")
      #expect(early.header("Retry-After") == nil)
      #expect(
        try move.waits {
          for key in 0..<10 { try move.read("key\(key)") }
          return try move.verdict().status == 200
        })
      #expect(try move.verdict("text/plain").text == "ready\n")
    }

    @Test("a change of tiers begins anew, and a tier that drains is tried without")
    func changes() throws {
      let move = try Move(VerdictTests.short)
      func reads() throws {
        #expect(
          try move.waits {
            for _ in 0..<10 { try move.read("key") }
            return try move.verdict().status == 200
          })
      }
      try move.put("key", "ab")
      try reads()
      let patch = try http(
        move.gateway.adminAddress, "PATCH", "/tiers/old", headers: ["Content-Type: application/json"],
        body: #"{"mode":"draining"}"#)
      #expect(patch.status == 200)
      // Whatever was counted before is forgotten.
      #expect(try move.codes().contains("few-reads"))
      let state = try JSONDecoder().decode(State.self, from: Data(try move.ask("/migration").body))
      #expect(state.reads == 0 && state.tiers.map(\.mode) == ["serving", "draining"])
      try reads()
    }

    @Test("a change that is refused leaves the window as it is")
    func refused() throws {
      let move = try Move(["--operation-timeout", "2s", "--node-timeout", "1s"])
      for _ in 0..<10 { try move.read("key") }
      let answer = try http(
        move.gateway.adminAddress, "PATCH", "/tiers/old", headers: ["Content-Type: application/json"],
        body: #"{"mode":"sleeping"}"#)
      #expect(answer.status == 400)
      let state = try JSONDecoder().decode(State.self, from: Data(try move.ask("/migration").body))
      #expect(state.reads == 10)
    }

    @Test("while the window is not full it says for how long, and who goes by the status waits")
    func notFull() throws {
      let move = try Move()
      let answer = try move.verdict()
      #expect(answer.status == 503)
      #expect(answer.header("Retry-After").flatMap { Int($0) }.map { (1...600).contains($0) } == true)
      #expect(try move.codes() == ["window-not-full", "few-reads"])
      let url = "http://\(move.gateway.adminAddress)/migration/verdict"
      #expect(try CommandOutput(shell: "curl -sf \(url)").status == 22)
    }

    @Test("blocked: the primary has stopped")
    func primaryDown() throws {
      let move = try Move(VerdictTests.short)
      move.new.suspend()
      #expect(
        try move.waits {
          try move.read("key")
          return try move.codes().first == "primary-not-up"
        })
      #expect(try move.verdict("text/plain").text.hasPrefix("blocked\nblocked  primary-not-up"))
      move.new.resume()
      #expect(
        try move.waits {
          try move.read("key")
          return try !move.codes().contains("primary-not-up")
        })
    }

    @Test("blocked: nobody has named an older tier")
    func noOlderTier() throws {
      let gateway = try GatewayProcess(VerdictTests.short)
      let answer = try http(gateway.adminAddress, "GET", "/migration/verdict")
      #expect(answer.status == 503 && answer.text.contains(#""code":"no-older-tier""#))
      #expect(try http(gateway.adminAddress, "GET", "/migration").status == 200)
    }

    @Test("blocked: what is in the way of copies is named, and waits: copies are owed")
    func copies() throws {
      let move = try Move(VerdictTests.short + ["--backfill-max-size", "1"])
      try move.put("key", "ab")
      #expect(
        try move.waits {
          for _ in 0..<10 { try move.read("key") }
          return try move.codes() == ["not-copied", "older-hits"]
        })
      #expect(try move.verdict().text.contains("too large (--backfill-max-size"))
      move.old.suspend()
      #expect(try http(move.gateway.address, "DELETE", "/keys/key").status == 204)
      #expect(try move.codes().contains("owed-invalidations"))
      move.old.resume()
      #expect(try move.waits { try !move.codes().contains("owed-invalidations") })
    }
  }
}

/// What of `/migration` is looked at here.
private struct State: Decodable {
  struct Tier: Decodable {
    let mode: String
  }

  let reads: Int
  let tiers: [Tier]
}

extension Move {
  /// A connection each time, so that all workers have their part.
  fileprivate func read(_ key: String) throws { _ = try http(gateway.address, "GET", "/keys/\(key)") }

  fileprivate func ask(_ target: String, _ type: String = "application/json") throws -> RawResponse {
    try http(gateway.adminAddress, "GET", target, headers: ["Accept: \(type)"])
  }

  fileprivate func verdict(_ type: String = "application/json") throws -> RawResponse {
    try ask("/migration/verdict", type)
  }

  /// Of the reasons.
  fileprivate func codes() throws -> [String] {
    struct Body: Decodable {
      struct Reason: Decodable {
        let code: String
      }

      let reasons: [Reason]
    }
    return try JSONDecoder().decode(Body.self, from: Data(try verdict().body)).reasons.map(\.code)
  }
}

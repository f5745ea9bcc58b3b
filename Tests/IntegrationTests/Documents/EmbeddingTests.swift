// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Testing

extension Program {
  /// The program of docs/embedding.md, and that it is what the document shows.
  @Suite struct EmbeddingTests {
    @Test("docs/embedding.md shows the program that is tested here") func text() throws {
      let path = "Tests/IntegrationTests/Documents/EmbeddingExample.swift"
      let program = try CommandOutput.document(path).components(separatedBy: "\n").drop {
        $0 != "import Memcached"
      }
      let document = try CommandOutput.document("docs/embedding.md")
      let shown = document.components(separatedBy: "```swift\n").dropFirst().map {
        $0.components(separatedBy: "\n```")[0].components(separatedBy: "\n")
      }
      let body = Array(program.dropLast())
      #expect(!body.isEmpty)
      #expect(shown.contains(body))
    }

    @Test("the program finds what only the old cluster has, and its changes are not undone") func run()
      async throws
    {
      let old = try [MemcachedServer(), MemcachedServer()]
      let new = try [MemcachedServer(), MemcachedServer(), MemcachedServer()]
      let olds = try AsyncFallbackClient(clusters: [("old", old.map(\.nodeAddress), .ketama)])
      defer { olds.close() }
      for number in 0..<20 {
        try await olds.set(Key("session:\(number)"), Array("old \(number)".utf8))
      }
      let sessions = try SessionCache(tiers: [
        ("new", new.map(\.nodeAddress), .ketama), ("old", old.map(\.nodeAddress), .ketama),
      ])
      defer { sessions.close() }
      for number in 0..<20 { #expect(try await sessions.session("\(number)") == "old \(number)") }
      #expect(try await sessions.session("none") == nil)
      try await sessions.store("new", id: "0")
      #expect(try await sessions.session("0") == "new")
      #expect(try await olds.get(Key("session:0")) == nil)
      #expect(try await sessions.update("1") { $0 + "!" })
      #expect(try await sessions.session("1") == "old 1!")
      #expect(try await sessions.update("none") { $0 } == false)
      #expect(await sessions.visits(of: "a") == 1)
      #expect(await sessions.visits(of: "a") == 2)
      for server in new + old { server.kill() }
      #expect(await sessions.visits(of: "a") == nil)
      await #expect(throws: MemcachedError.self) { try await sessions.session("1") }
    }
  }
}

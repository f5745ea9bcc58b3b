// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import MemcachedTesting
import Testing

extension Program {
  /// The real program before a server of release 1.4.25, which would execute the value of a command that it
  /// does not know.
  @Suite struct OldServerTests {
    private static func start(_ arguments: [String]) throws -> (ScriptedServer, GatewayProcess) {
      let server = try OldServer.start()
      let gateway = try GatewayProcess(["--tier", "old=\(server.address)", "--workers", "1"] + arguments)
      try gateway.waitUntilReady()
      return (server, gateway)
    }

    /// Of all that the server was sent, the verbs that it does not know.
    private static func unknownVerbs(_ server: ScriptedServer) -> [Substring] {
      server.received.flatMap { WireRequest.all(in: $0[...], knowsMeta: false) }.map(\.verb)
        .filter { !OldServer.verbs.contains($0) }
    }

    @Test("each verb works, and no line but the question for meta is one that the server does not know")
    func verbs() throws {
      let (server, gateway) = try Self.start([])
      try VerbWalk.walk(gateway.address)
      #expect(server.connectionCount == 1)
      #expect(Self.unknownVerbs(server) == ["mn"])
    }

    @Test("where the tier is said to be classic, not even that question is asked")
    func classic() throws {
      let (server, gateway) = try Self.start(["--protocol", "old=classic"])
      try VerbWalk.walk(gateway.address)
      #expect(Self.unknownVerbs(server).isEmpty)
    }

    @Test("compare-and-swap works, and a conditional delete is 501 and never sent")
    func tokens() throws {
      let (server, gateway) = try Self.start([])
      let plain = ["Content-Type: text/plain"]
      #expect(try http(gateway.address, "PUT", "/keys/k", headers: plain, body: "v").status == 204)
      let tag = try #require(try http(gateway.address, "GET", "/keys/k").header("ETag"))
      let swap = plain + ["If-Match: \(tag)"]
      #expect(try http(gateway.address, "PUT", "/keys/k", headers: swap, body: VerbWalk.poison).status == 204)
      let second = try http(gateway.address, "PUT", "/keys/k", headers: swap, body: "w")
      #expect(second.status == 412)
      let now = try #require(try http(gateway.address, "GET", "/keys/k").header("ETag"))
      let deletion = try http(gateway.address, "DELETE", "/keys/k", headers: ["If-Match: \(now)"])
      #expect(deletion.status == 501)
      #expect(deletion.text.contains("classic"), "\(deletion.text)")
      #expect(
        try http(gateway.address, "GET", "/keys/k", headers: ["Accept: text/plain"]).text == VerbWalk.poison)
      let verbs = WireRequest.all(in: server.received[0][...], knowsMeta: false).map(\.verb)
      #expect(!verbs.contains("delete"))
    }

    @Test("statistics, version and flush")
    func wholeServer() throws {
      let (server, gateway) = try Self.start([])
      #expect(
        try http(gateway.address, "PUT", "/keys/k", headers: ["Content-Type: text/plain"], body: "v").status
          == 204)
      let stats = try http(gateway.adminAddress, "GET", "/stats", headers: ["Accept: text/plain"])
      #expect(stats.status == 200)
      #expect(stats.text.contains("protocol"))
      #expect(stats.text.contains("classic"))
      #expect(try http(gateway.adminAddress, "POST", "/flush?tier=old", body: "").status == 200)
      #expect(try http(gateway.address, "GET", "/keys/k").status == 404)
      #expect(Self.unknownVerbs(server) == ["mn"])
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// The problems that openapi.yaml shows are those that come.
  @Suite struct ExampleTests {
    /// What an example and an answer have in common: the rest differs from run to run.
    struct Problem: Equatable, Decodable {
      let type: String
      let title: String
      let status: Int
      let detail: String
    }

    struct Provocation: Sendable, CustomTestStringConvertible {
      let type: String
      let method: String
      let target: String
      var headers: [String] = []
      var body: String?
      var isAdmin = false

      var testDescription: String { type }
    }

    static let provocations: [Provocation] = [
      .init(type: "invalid-key", method: "GET", target: "/keys/" + String(repeating: "k", count: 251)),
      .init(type: "not-found", method: "GET", target: "/keys/nothing"),
      .init(type: "no-such-tier", method: "GET", target: "/stats?tier=nwe", isAdmin: true),
      .init(type: "method-not-allowed", method: "POST", target: "/keys/word"),
      .init(type: "not-acceptable", method: "GET", target: "/keys/word", headers: ["Accept: image/png"]),
      .init(type: "not-numeric", method: "POST", target: "/keys/word/incr"),
      .init(
        type: "changed", method: "PUT", target: "/keys/word",
        headers: ["If-Match: \"6c1f0b7e5f3c91aa.1724\""], body: "x"),
      .init(
        type: "too-large", method: "PUT", target: "/keys/word",
        body: String(repeating: "x", count: 1_048_577)),
      .init(
        type: "unsupported-media-type", method: "POST", target: "/keys/word/incr",
        headers: ["Content-Type: text/csv"], body: "x"),
      .init(
        type: "malformed-request", method: "PUT", target: "/keys/word", headers: ["Content-Length: 2"],
        body: "x"),
    ]

    @Test("a problem that is provoked is the one of its example", arguments: provocations)
    func provoked(_ provocation: Provocation) throws {
      let gateway = try GatewayProcess(["--tier", "new=memory:1MiB", "--tier", "old=memory:1MiB"])
      #expect(try http(gateway.address, "PUT", "/keys/word", body: "word").status == 204)
      let response = try http(
        provocation.isAdmin ? gateway.adminAddress : gateway.address, provocation.method,
        provocation.target, headers: provocation.headers, body: provocation.body)
      try ExampleTests.expectExample(provocation.type, response)
    }

    @Test("so are those of a primary that hangs and of one that is down")
    func failures() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess(["--tier", "new=\(server.address)", "--workers", "1"])
      try gateway.waitUntilReady()
      server.suspend()
      try ExampleTests.expectExample("timeout", try http(gateway.address, "PUT", "/keys/word", body: "x"))
      server.kill()
      try ExampleTests.waitUntilRefused(gateway)
      try ExampleTests.expectExample("down", try http(gateway.address, "PUT", "/keys/word", body: "x"))
    }

    @Test("so is that of a conditional delete in the classic protocol")
    func unsupported() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess(["--tier", "new=\(server.address)", "--protocol", "new=classic"])
      try gateway.waitUntilReady()
      let response = try http(
        gateway.address, "DELETE", "/keys/word", headers: ["If-Match: \"6c1f0b7e5f3c91aa.1724\""])
      try ExampleTests.expectExample("unsupported", response)
    }

    // The lost connection is noticed first, and only then do attempts to connect fail.
    private static func waitUntilRefused(_ gateway: GatewayProcess) throws {
      let limit = Date().addingTimeInterval(10)
      while !(try http(gateway.address, "GET", "/readyz").text.contains("refused")) {
        guard Date() < limit else { throw GatewayProcess.Failure(description: "the primary is not down") }
        usleep(10_000)
      }
    }

    private static func expectExample(
      _ type: String, _ response: RawResponse, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let problem = try JSONDecoder().decode(Problem.self, from: Data(response.body))
      let example = try #require(try examples()["/problems/" + type], sourceLocation: sourceLocation)
      #expect(problem == example, sourceLocation: sourceLocation)
      #expect(response.status == example.status, sourceLocation: sourceLocation)
    }

    /// The examples of problems, which stand on a line each, by their type.
    private static func examples() throws -> [String: Problem] {
      let pattern =
        #/(?:example|value): \{type: (\S+), title: (.+), status: ([0-9]+), detail: (.+), instance: /#
      let matches = try CommandOutput.document("openapi.yaml").matches(of: pattern)
      let problems = matches.map { match in
        Problem(
          type: String(match.output.1), title: plain(match.output.2), status: Int(match.output.3) ?? 0,
          detail: plain(match.output.4))
      }
      return Dictionary(uniqueKeysWithValues: problems.map { ($0.type, $0) })
    }

    // Without YAML's single quotes.
    private static func plain(_ text: Substring) -> String {
      text.hasPrefix("'") ? String(text.dropFirst().dropLast()) : String(text)
    }
  }
}

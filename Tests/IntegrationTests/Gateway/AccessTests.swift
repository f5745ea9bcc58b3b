// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// Tokens and the prefix of keys, with the program and a server.
  @Suite struct AccessTests {
    /// A file of tokens that `make-token` made, gone with the test.
    private final class TokensFile {
      let path = NSTemporaryDirectory() + "tokens-\(UUID().uuidString)"
      private(set) var secrets: [String: String] = [:]

      init(_ tokens: [(name: String, arguments: [String])]) throws {
        var lines = "# for a test\n"
        for (name, arguments) in tokens {
          let made = try RunningCommand(
            GatewayProcess.binary, ["make-token", name] + arguments, withErrors: true)
          let output = made.output().lines
          lines += try #require(output.first { $0.hasPrefix("\(name) sha256:") }) + "\n"
          secrets[name] = output.first { $0.hasPrefix("token ") }?.split(separator: " ").last.map(String.init)
        }
        try lines.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      }

      deinit { try? FileManager.default.removeItem(atPath: path) }

      func field(_ name: String) -> [String] { ["Authorization: Bearer \(secrets[name] ?? "")"] }
    }

    private static func tokens() throws -> TokensFile {
      try TokensFile([
        ("web", ["--rights", "read,write", "--prefix", "web:"]), ("ops", ["--rights", "admin"]),
      ])
    }

    @Test("with tokens it listens for everybody and serves those who have one")
    func tokens() throws {
      let file = try Self.tokens()
      let server = try MemcachedServer()
      // A later flag replaces nothing: this is one more address.
      let gateway = try GatewayProcess([
        "--tier", "new=\(server.address)", "--tokens", file.path, "--listen", "0.0.0.0:0",
        "--access-log", "all",
      ])
      try gateway.waitUntilReady()
      let (data, admin) = (gateway.address, gateway.adminAddress)
      let refused = try http(data, "GET", "/keys/web:a")
      #expect(refused.status == 401)
      #expect(refused.header("WWW-Authenticate") == "Bearer realm=\"crossfade\"")
      #expect(try http(data, "GET", "/keys/web:a", headers: ["Authorization: Bearer x"]).status == 401)
      #expect(try http(data, "PUT", "/keys/web:a", headers: file.field("web"), body: "v").status == 204)
      #expect(try http(data, "GET", "/keys/web:a", headers: file.field("web")).status == 200)
      #expect(try http(data, "GET", "/keys/a", headers: file.field("web")).status == 403)
      #expect(try http(data, "GET", "/keys/web:a", headers: file.field("ops")).status == 403)
      #expect(try http(admin, "GET", "/stats").status == 401)
      #expect(try http(admin, "GET", "/stats", headers: file.field("web")).status == 403)
      #expect(try http(admin, "GET", "/stats", headers: file.field("ops")).status == 200)
      #expect(try http(admin, "GET", "/livez").status == 200)
      gateway.signal(SIGTERM)
      #expect(gateway.waitForExit() == 0)
      let log = gateway.logToEnd().joined(separator: "\n")
      for secret in file.secrets.values { #expect(!log.contains(secret)) }
      #expect(!log.contains("not private"))
      #expect(log.contains("tokens can be read on the way address=0.0.0.0:"))
      #expect(!log.contains("on the way address=127.0.0.1:"))
      #expect(log.contains(" request answered ") && log.contains(" token=web"))
    }

    @Test("a long body without a token is refused before it is sent")
    func longBody() throws {
      let file = try Self.tokens()
      let gateway = try GatewayProcess(["--tokens", file.path])
      let connection = try RawHTTP(gateway.address)
      try connection.send(
        "PUT /keys/web:a HTTP/1.1\r\nHost: crossfade\r\nExpect: 100-continue\r\nContent-Length: 900000\r\n\r\n"
      )
      #expect(try connection.receive().status == 401)
      #expect(try connection.isAtEnd())
    }

    @Test("check-config tells what is wrong with each line, and no hash of those that are right")
    func checkConfig() throws {
      let file = try Self.tokens()
      let right = try RunningCommand(
        GatewayProcess.binary, ["check-config", "--tokens", file.path], withErrors: true
      ).output()
      #expect(right.status == 0)
      #expect(!right.lines.contains { $0.contains("sha256:") && !$0.contains("HASH") })
      try "web hunter2 read\n".write(toFile: file.path, atomically: false, encoding: .utf8)
      let wrong = try RunningCommand(
        GatewayProcess.binary, ["check-config", "--tokens", file.path], withErrors: true
      ).output()
      #expect(wrong.status == 2)
      #expect(wrong.lines.count == 1)
      #expect(wrong.lines.first?.contains("\"\(file.path)\": line 1: the second field is not") == true)
      #expect(!wrong.lines.joined().contains("hunter2"))
    }

    @Test("a file that others can read is warned of")
    func exposure() throws {
      let file = try Self.tokens()
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
      let gateway = try GatewayProcess(["--tokens", file.path])
      #expect(gateway.line { $0.contains("tokens file is not private") } != nil)
    }

    @Test("other programs see the prefix of keys, and callers do not")
    func keyPrefix() throws {
      let server = try MemcachedServer()
      let gateway = try GatewayProcess(["--tier", "new=\(server.address)", "--key-prefix", "app:"])
      try gateway.waitUntilReady()
      #expect(try http(gateway.address, "PUT", "/keys/a", body: "v").status == 204)
      let other = try GatewayProcess(["--tier", "new=\(server.address)"])
      try other.waitUntilReady()
      #expect(try RawHTTP(other.address).item("app:a").value == "v")
      #expect(try RawHTTP(gateway.address).item("a").key == "a")
      #expect(try http(gateway.address, "GET", "/keys/app:a").status == 404)
    }

    @Test("the workers together serve a client as often as it may ask, over one connection or many")
    func rateLimit() throws {
      let arguments = ["--workers", "4", "--rate-limit", "1", "--rate-burst", "20"]
      for isOne in [true, false] {
        let gateway = try GatewayProcess(arguments)
        try gateway.waitUntilReady()
        let connection = try RawHTTP(gateway.address)
        var statuses: [Int] = []
        var refused: RawResponse?
        for _ in 0..<60 {
          let response =
            isOne ? try connection.request("GET", "/keys/k") : try http(gateway.address, "GET", "/keys/k")
          statuses.append(response.status)
          if response.status == 429 { refused = response }
        }
        let served = statuses.count { $0 == 404 }
        #expect(served >= 20)
        // More only for each second that this takes.
        #expect(served < 40)
        #expect(statuses.prefix(20).allSatisfy { $0 == 404 })
        #expect(refused?.header("Retry-After") == "1")
        #expect(try connection.request("GET", "/livez").status == 200)
      }
    }
  }
}

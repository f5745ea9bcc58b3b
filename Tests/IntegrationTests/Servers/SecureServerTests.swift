// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

extension Program {
  /// The real program before real servers that want TLS and a password.
  @Suite struct SecureServerTests {
    private static let password = "alice:s3cret"
    private let authority: CertificateAuthority
    private let server: MemcachedServer
    private let passwordFile: String

    init() throws {
      authority = try CertificateAuthority()
      let certificate = try authority.issue()
      server = try MemcachedServer(transport: .tls(certificate), password: Self.password)
      passwordFile = certificate.path + ".password"
      try "\(Self.password)\n".write(toFile: passwordFile, atomically: false, encoding: .utf8)
    }

    private var tier: [String] { ["--tier", "new=\(server.address)"] }

    private func gateway(_ arguments: [String]) throws -> GatewayProcess {
      try GatewayProcess(
        tier + ["--workers", "2", "--connect-timeout", "5s", "--node-timeout", "1s"] + arguments)
    }

    private func secure() throws -> GatewayProcess {
      let gateway = try gateway([
        "--tls", "new=on", "--tls-ca", "new=\(authority.path)", "--auth", "new=\(passwordFile)",
      ])
      try gateway.waitUntilReady()
      return gateway
    }

    @Test("each verb works over TLS")
    func verbs() throws {
      let gateway = try secure()
      try VerbWalk.walk(gateway.address)
    }

    @Test("a hundred clients at once, and a value of nearly 1 MiB")
    func manyClients() throws {
      let gateway = try secure()
      let clients = try (0..<100).map { _ in try RawHTTP(gateway.address) }
      for (number, client) in clients.enumerated() {
        let value = String(repeating: "\(number);", count: number * 20 + 1)
        try client.send(
          "PUT /keys/k\(number) HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: \(value.utf8.count)\r\n\r\n"
            + value)
      }
      for client in clients { #expect(try client.receive().status == 204) }
      for (number, client) in clients.enumerated() {
        try client.send("GET /keys/k\(number) HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n")
      }
      for (number, client) in clients.enumerated() {
        #expect(try client.receive().text == String(repeating: "\(number);", count: number * 20 + 1))
      }
      let large = (0..<1_048_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let put = try clients[0].request("PUT", "/keys/big", headers: ["Content-Type: text/plain"], body: large)
      #expect(put.status == 204)
      #expect(try clients[1].request("GET", "/keys/big", headers: ["Accept: text/plain"]).body == large)
    }

    @Test("a server that is killed and comes back: errors meanwhile, then all is well")
    func killed() throws {
      let gateway = try secure()
      server.kill()
      let response = try http(gateway.address, "GET", "/keys/k")
      #expect(response.status == 503 || response.status == 504)
      try server.restart()
      try gateway.waitUntilReady()
      #expect(try http(gateway.address, "GET", "/keys/k").status == 404)
    }

    @Test("a certificate that is not trusted keeps the node ejected, and log, readyz and requests say why")
    func untrusted() throws {
      let other = try CertificateAuthority()
      let gateway = try gateway(["--tls", "new=on", "--tls-ca", "new=\(other.path)"])
      let line = gateway.line { $0.contains("node ejected") }
      #expect(line?.contains("issuer is unknown") == true, "\(line ?? "no line")")
      #expect(try http(gateway.address, "GET", "/readyz").text.contains("issuer is unknown"))
      let response = try http(gateway.address, "GET", "/keys/k")
      #expect(response.status == 503 && response.text.contains("issuer is unknown"), "\(response.text)")
    }

    @Test("a wrong password keeps the node ejected, and stands nowhere")
    func wrongPassword() throws {
      let file = passwordFile + ".wrong"
      try "alice:wr0ng\n".write(toFile: file, atomically: false, encoding: .utf8)
      let security = ["--tls", "new=on", "--tls-ca", "new=\(authority.path)", "--auth", "new=\(file)"]
      let gateway = try gateway(security + ["--log-level", "trace"])
      let line = gateway.line { $0.contains("node ejected") }
      #expect(line?.contains("the server refuses the user alice") == true, "\(line ?? "no line")")
      let checked = try CommandOutput(GatewayProcess.binary, ["check-config"] + tier + security)
      #expect(checked.status == 0)
      let texts = [
        try http(gateway.address, "GET", "/readyz").text, try http(gateway.address, "GET", "/keys/k").text,
        try http(gateway.adminAddress, "GET", "/stats").text, checked.lines.joined(separator: "\n"),
        gateway.lines.joined(separator: "\n"),
      ]
      for text in texts { #expect(!text.isEmpty && !text.contains("wr0ng")) }
    }

    @Test("what is wrong with the files is told before anything is served, with status 2")
    func wrongFiles() throws {
      for arguments in [["--tls", "new=on", "--tls-ca", "new=/nowhere.pem"], ["--auth", "new=/nowhere"]] {
        #expect(try CommandOutput(GatewayProcess.binary, ["serve"] + tier + arguments).status == 2)
        #expect(try CommandOutput(GatewayProcess.binary, ["check-config"] + tier + arguments).status == 2)
      }
    }
  }
}

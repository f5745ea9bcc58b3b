// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Reactor
import Testing

extension Program {
  /// TLS towards callers, as curl and openssl see it.
  @Suite struct HTTPSTests {
    private let authority: CertificateAuthority
    private let certificate: CertificateAuthority.Certificate

    init() throws {
      authority = try CertificateAuthority()
      certificate = try authority.issue()
    }

    static func listening(_ certificate: CertificateAuthority.Certificate) -> [String] {
      [
        "--listen", "https://127.0.0.1:0", "--https-certificate", certificate.path,
        "--https-key", certificate.keyPath,
      ]
    }

    /// Where the gateway serves keys by HTTPS: `127.0.0.1:PORT`.
    static func secureAddress(_ gateway: GatewayProcess) throws -> String {
      let line = gateway.line { $0.contains("address=https://") && $0.contains("listener=data") }
      let start = try #require(line?.range(of: "address=https://"))
      return String(try #require(line)[start.upperBound...].prefix { $0 != " " })
    }

    private func curl(_ gateway: GatewayProcess, _ arguments: String..., path: String = "/keys/k") throws
      -> CommandOutput
    {
      let url = "https://\(try HTTPSTests.secureAddress(gateway))\(path)"
      let all = ["-s", "-m", "10", "--cacert", authority.path] + arguments + [url]
      return try CommandOutput(#require(ChildProcess.program("curl")), all)
    }

    @Test("curl reads by HTTPS what was written by HTTP, and the other way round")
    func reads() throws {
      let gateway = try GatewayProcess(HTTPSTests.listening(certificate))
      #expect(try http(gateway.address, "PUT", "/keys/k", body: "plain").status == 204)
      #expect(try curl(gateway, "-H", "Accept: text/plain").lines == ["plain"])
      let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: file) }
      // Many records, and more than any of the buffers on the way.
      let value = String(repeating: "0123456789abcdef", count: 50_000)
      try value.write(to: file, atomically: false, encoding: .utf8)
      let put = try curl(
        gateway, "-X", "PUT", "--data-binary", "@\(file.path)", "-H", "Content-Type: text/plain",
        "-o", "/dev/null", "-w", "%{http_code}\n")
      #expect(put.lines == ["204"])
      #expect(try http(gateway.address, "GET", "/keys/k", headers: ["Accept: text/plain"]).text == value)
      #expect(try curl(gateway, "-H", "Accept: text/plain").lines == [value])
    }

    @Test("TLS 1.2 and 1.3 are spoken, TLS 1.1 and plain HTTP are not")
    func versions() throws {
      let gateway = try GatewayProcess(HTTPSTests.listening(certificate))
      #expect(try curl(gateway, "--tlsv1.2", "--tls-max", "1.2", path: "/livez").status == 0)
      #expect(try curl(gateway, "--tlsv1.3", path: "/livez").status == 0)
      // The level is openssl's own for old versions: with it refusing, the gateway would not be asked.
      let old = try curl(
        gateway, "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", path: "/livez")
      #expect(old.status == 35)
      let address = try HTTPSTests.secureAddress(gateway)
      #expect(throws: RawHTTP.Failure.self) { try http(address, "GET", "/livez") }
      #expect(try http(gateway.address, "GET", "/livez").status == 200)
    }

    @Test("callers without a certificate of the authority are not served, in TLS 1.2 and 1.3")
    func clientCertificates() throws {
      let clients = try CertificateAuthority()
      let own = try clients.issue(for: .client)
      let gateway = try GatewayProcess(
        HTTPSTests.listening(certificate) + ["--https-client-ca", clients.path])
      for version in ["1.2", "1.3"] {
        func asks(_ arguments: String...) throws -> CommandOutput {
          let url = "https://\(try HTTPSTests.secureAddress(gateway))/livez"
          let options = ["-s", "-m", "10", "--cacert", authority.path, "--tls-max", version]
          return try CommandOutput(
            #require(ChildProcess.program("curl")), options + arguments + [url])
        }
        #expect(try asks("--cert", own.path, "--key", own.keyPath).lines == [#"{"status":"live"}"#])
        let nobody = try asks()
        #expect(nobody.status != 0 && nobody.lines.isEmpty)
        // Of another authority; and of this one, for servers.
        let servers = try clients.issue(for: .server)
        for wrong in [try authority.issue(for: .client), servers] {
          let answer = try asks("--cert", wrong.path, "--key", wrong.keyPath)
          #expect(answer.status != 0 && answer.lines.isEmpty)
        }
      }
    }

    @Test("a reload shows the new certificate to new connections, and serves the old ones on")
    func reload() throws {
      let shown = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      let path = shown.path
      defer { try? FileManager.default.removeItem(at: shown) }
      func show(_ certificate: CertificateAuthority.Certificate) throws {
        let parts = try [certificate.path, certificate.keyPath].map {
          try String(contentsOfFile: $0, encoding: .utf8)
        }
        try parts.joined().write(toFile: path, atomically: true, encoding: .utf8)
      }
      try show(certificate)
      let gateway = try GatewayProcess(["--listen", "https://127.0.0.1:0", "--https-certificate", path])
      let address = try HTTPSTests.secureAddress(gateway)
      let tunnel = try Proxy(.tunnel, before: address)
      let kept = try RawConnection(to: tunnel.address)
      try expectLive(kept)
      let first = try serial(at: address)

      try show(try authority.issue())
      gateway.signal(SIGHUP)
      #expect(gateway.line { $0.contains(" certificates reloaded") } != nil)
      let second = try serial(at: address)
      #expect(second != first)
      try expectLive(kept)

      let lines = gateway.lines.count
      try "no certificate".write(toFile: path, atomically: true, encoding: .utf8)
      gateway.signal(SIGHUP)
      #expect(gateway.line(from: lines) { $0.contains(" certificates not reloaded ") } != nil)
      #expect(try serial(at: address) == second)
      try expectLive(kept)
    }

    private func expectLive(_ connection: RawConnection) throws {
      try connection.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try connection.read(until: "\r\n\r\n").starts(with: Array("HTTP/1.1 200 ".utf8)))
      _ = try connection.read(count: #"{"status":"live"}"#.utf8.count)
    }

    /// Of the certificate that is shown there, as openssl prints it.
    private func serial(at address: String) throws -> String {
      let output = try CommandOutput(
        shell: "openssl s_client -connect \(address) </dev/null 2>/dev/null | openssl x509 -noout -serial")
      return try #require(output.lines.first)
    }

    @Test("a handshake that does not go on ends with the head's time, and costs no processor until then")
    func slowHandshake() throws {
      let gateway = try GatewayProcess(HTTPSTests.listening(certificate) + ["--head-timeout", "1s"])
      let client = try RawHTTP(try HTTPSTests.secureAddress(gateway))
      let (begin, before) = (Date(), try processorSeconds(gateway))
      // The beginning of a record.
      try client.send([0x16, 0x03, 0x01, 0x02])
      #expect(try client.isAtEnd())
      let used = try processorSeconds(gateway) - before
      // libmicrohttpd left to itself takes all of one.
      #expect(used < Date().timeIntervalSince(begin) / 3)
      #expect(try curl(gateway, path: "/livez").status == 0)
    }

    private func processorSeconds(_ gateway: GatewayProcess) throws -> Double {
      let metrics = try http(gateway.adminAddress, "GET", "/metrics").text
      let line = metrics.split(separator: "\n").first { $0.hasPrefix("process_cpu_seconds_total ") }
      return try #require(line?.split(separator: " ").last.flatMap { Double($0) })
    }
  }
}

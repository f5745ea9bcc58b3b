// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import MemcachedTesting
import Testing

@testable import Gateway

/// Addresses that speak TLS, and the files that they need.
@Suite struct SettingsHTTPSTests {
  private let authority: CertificateAuthority
  private let certificate: CertificateAuthority.Certificate

  init() throws {
    authority = try CertificateAuthority()
    certificate = try authority.issue()
  }

  /// With a certificate and its key.
  private func resolve(_ flags: [SettingName: [String]]) throws -> Settings {
    let files: [SettingName: [String]] = [
      .httpsCertificate: [certificate.path], .httpsKey: [certificate.keyPath],
    ]
    return try Settings.resolve(flags: flags.merging(files) { own, _ in own })
  }

  private func fault(_ flags: [SettingName: [String]]) throws -> SettingFault {
    let error = #expect(throws: SettingsError.self) { _ = try resolve(flags) }
    let faults = error?.faults ?? []
    #expect(faults.count == 1, "\(faults)")
    return try #require(faults.first)
  }

  @Test("addresses of both listeners may speak TLS, beside others that do not")
  func addresses() throws {
    let settings = try resolve([
      .listen: ["127.0.0.1:0", "https://localhost:8443", "unix:/s"], .admin: ["https://[::1]:8444"],
    ])
    #expect(
      settings.listen == [
        .tcp(host: "127.0.0.1", port: 0), .https(host: "localhost", port: 8443), .unix(path: "/s"),
      ])
    #expect(settings.admin.map(\.description) == ["https://[::1]:8444"])
    #expect(try settings.makeHTTPS() != nil)
    #expect(try Settings.resolve().makeHTTPS() == nil)
  }

  @Test("one port does not speak both")
  func twice() throws {
    let fault = try fault([.listen: ["127.0.0.1:8443", "https://127.0.0.1:8443"], .admin: ["off"]])
    #expect(fault.description.contains("listened on twice"))
  }

  @Test("a file that is missing, wrong or of no use is a fault of its setting")
  func files() throws {
    let secure: [SettingName: [String]] = [.listen: ["https://127.0.0.1:0"]]
    func with(_ name: SettingName, _ path: String) throws -> SettingFault {
      try fault(secure.merging([name: [path]]) { _, new in new })
    }
    let other = try authority.issue()
    #expect(try with(.httpsCertificate, "/absent.pem").name == .httpsCertificate)
    #expect(try with(.httpsCertificate, certificate.keyPath).name == .httpsCertificate)
    let key = try with(.httpsKey, other.keyPath)
    #expect(key.name == .httpsKey && key.description.contains("do not match"))
    #expect(try with(.httpsClientAuthorities, certificate.keyPath).name == .httpsClientAuthorities)

    #expect(throws: SettingsError.self) { try Settings.resolve(flags: secure) }
    #expect(throws: SettingsError.self) {
      try Settings.resolve(flags: [.httpsCertificate: [certificate.path]])
    }
  }

  @Test("an address that asks for certificates may be one that others reach; the other listener may not")
  func exposure() throws {
    let asking: [SettingName: [String]] = [.httpsClientAuthorities: [authority.path]]
    let everywhere = asking.merging([.listen: ["https://0.0.0.0:8443"]]) { own, _ in own }
    #expect(try resolve(everywhere).asksForCertificate(at: .https(host: "0.0.0.0", port: 8443)))
    let beside = asking.merging([.listen: ["https://0.0.0.0:8443", "0.0.0.0:8080"]]) { own, _ in own }
    let fault = try fault(beside)
    #expect(fault.description.contains("\"0.0.0.0:8080\": reachable from other machines"))
    #expect(throws: SettingsError.self) { try resolve([.listen: ["https://0.0.0.0:8443"]]) }
  }

  @Test("the health check asks the first address without TLS")
  func healthCheck() throws {
    let environment = [
      "CROSSFADE_LISTEN": "https://127.0.0.1:8443,127.0.0.1:8080",
      "CROSSFADE_HTTPS_CERTIFICATE": certificate.path, "CROSSFADE_HTTPS_KEY": certificate.keyPath,
    ]
    #expect(try HealthCheck(environment: environment).address == .tcp(host: "127.0.0.1", port: 8080))
    let secure = environment.merging(["CROSSFADE_LISTEN": "https://127.0.0.1:8443"]) { _, new in new }
    #expect(throws: HealthCheck.Failure.self) { try HealthCheck(environment: secure) }
  }
}

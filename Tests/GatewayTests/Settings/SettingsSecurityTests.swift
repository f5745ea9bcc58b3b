// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Memcached
import MemcachedTesting
import Testing

@testable import Gateway

/// TLS, passwords, weights and labels of tiers: what is wrong is told when the settings are read.
@Suite struct SettingsSecurityTests {
  private static let tier = "new=10.0.0.7,10.0.0.8"
  private let authority: CertificateAuthority
  private let files: [String: String]

  init() throws {
    authority = try CertificateAuthority()
    let certificate = try authority.issue(for: .client)
    let password = certificate.path + ".password"
    try "alice:s3cret\n".write(toFile: password, atomically: false, encoding: .utf8)
    files = [
      "AUTHORITY": authority.path, "CERTIFICATE": certificate.path, "KEY": certificate.keyPath,
      "PASSWORD": password,
    ]
  }

  /// With the paths of files in the place of their names.
  private func resolve(_ flags: [SettingName: [String]]) throws -> Settings {
    var flags = flags.merging([.tier: [Self.tier]]) { own, _ in own }
    for (name, path) in files {
      flags = flags.mapValues { $0.map { $0.replacingOccurrences(of: "=\(name)", with: "=\(path)") } }
    }
    return try Settings.resolve(flags: flags)
  }

  private func faults(_ flags: [SettingName: [String]]) throws -> [SettingFault] {
    let error = #expect(throws: SettingsError.self) { _ = try resolve(flags) }
    return error?.faults ?? []
  }

  @Test("TLS with files that are right is taken, and printed by their paths")
  func tls() throws {
    let settings = try resolve([
      .tls: ["new=on"], .tlsAuthorities: ["new=AUTHORITY"], .tlsCertificate: ["new=CERTIFICATE"],
      .tlsKey: ["new=KEY"], .credentials: ["new=PASSWORD"],
    ])
    #expect(settings.texts(of: .tls) == ["new=on"])
    #expect(settings.texts(of: .tlsAuthorities) == ["new=\(authority.path)"])
    #expect(try settings.tiers[0].makeTLS() != nil)
    #expect(try settings.tiers[0].makeCredentials()?.user == "alice")
  }

  struct Wrong: Sendable, CustomTestStringConvertible {
    var flags: [SettingName: [String]]
    var name: SettingName
    var reason: String
    var testDescription: String { "\(name.flag): \(reason)" }
  }

  static let wrong = [
    Wrong(
      flags: [.tls: ["new=on"], .tlsAuthorities: ["new=/nowhere.pem"]], name: .tlsAuthorities,
      reason: "open: No such file or directory"),
    Wrong(
      flags: [.tls: ["new=on"], .tlsAuthorities: ["new=KEY"]], name: .tlsAuthorities, reason: "certificate"),
    Wrong(
      flags: [.tls: ["new=insecure"], .tlsAuthorities: ["new=AUTHORITY"]], name: .tlsAuthorities,
      reason: "nothing is verified"),
    Wrong(
      flags: [.tls: ["new=insecure"], .tlsCertificate: ["new=/nowhere.pem"]], name: .tlsCertificate,
      reason: "No such file"),
    Wrong(
      flags: [.tls: ["new=insecure"], .tlsCertificate: ["new=CERTIFICATE"], .tlsKey: ["new=/nowhere.pem"]],
      name: .tlsKey, reason: "No such file"),
    Wrong(
      flags: [.tls: ["new=insecure"], .tlsCertificate: ["new=CERTIFICATE"]], name: .tlsCertificate,
      reason: "key"),
    Wrong(
      flags: [.tls: ["new=insecure"], .tlsKey: ["new=KEY"]], name: .tlsKey, reason: "without a certificate"),
    Wrong(
      flags: [.tier: ["new=unix:/m.sock"], .tls: ["new=insecure"]], name: .tls,
      reason: "unix:/m.sock is not reached over a network"),
    Wrong(flags: [.credentials: ["new=PASSWORD"]], name: .credentials, reason: "say --tls new=on, or off"),
    Wrong(
      flags: [.tls: ["new=insecure"], .credentials: ["new=/nowhere"]], name: .credentials,
      reason: "open: No such file or directory"),
    Wrong(
      flags: [.tls: ["new=insecure"], .credentials: ["new=AUTHORITY"]], name: .credentials,
      reason: "the file is wrong: more than one line"),
    Wrong(
      flags: [.tls: ["new=insecure"], .wireProtocol: ["new=proxy"], .credentials: ["new=PASSWORD"]],
      name: .credentials, reason: "a proxy asks for none"),
    Wrong(
      flags: [.tier: ["new=memory:1MiB"], .credentials: ["new=PASSWORD"]], name: .credentials,
      reason: "a memory tier asks for none"),
    Wrong(flags: [.weights: ["new=1"]], name: .weights, reason: "1 for a tier of 2 nodes"),
    Wrong(
      flags: [.weights: ["new=1,2"], .distribution: ["new=modula"]], name: .weights,
      reason: "modula has no weights"),
    Wrong(flags: [.labels: ["new=a,b,c"]], name: .labels, reason: "3 for a tier of 2 nodes"),
    Wrong(flags: [.labels: ["new=a,a"]], name: .labels, reason: "a is there twice"),
  ]

  @Test("what cannot be is one fault that names the setting and the reason", arguments: wrong)
  func faults(_ wrong: Wrong) throws {
    let faults = try faults(wrong.flags)
    #expect(faults.map(\.name) == [wrong.name], "\(faults)")
    #expect(faults.first?.description.contains(wrong.reason) == true, "\(faults)")
    #expect(!"\(faults)".contains("s3cret"))
  }

  @Test(
    "a password may go without TLS to this machine, or where that is said to be meant",
    arguments: [
      [.tier: ["new=127.0.0.1,localhost:1,unix:/m.sock"]], [.tls: ["new=off"]],
    ] as [[SettingName: [String]]])
  func passwordWithoutTLS(_ flags: [SettingName: [String]]) throws {
    let settings = try resolve(flags.merging([.credentials: ["new=PASSWORD"]]) { own, _ in own })
    #expect(try settings.tiers[0].makeCredentials()?.user == "alice")
  }

  @Test("check-config shows where the password is, and not what it is")
  func report() throws {
    let path = try #require(files["PASSWORD"])
    let sources = SettingSources(flags: [.tier: ["new=127.0.0.1"], .credentials: ["new=\(path)"]])
    let report = try Settings.resolve(sources).report(sources)
    let lines = report.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.contains("auth new=\(path) (flag)"))
    #expect(lines.contains("tls-ca the system's (default)"))
    #expect(!report.contains("s3cret"))
  }

  @Test("weights and labels decide which node has a key, as the ring's own do")
  func ring() throws {
    let settings = try resolve([
      .distribution: ["new=ketama-twemproxy"], .weights: ["new=1,3"], .labels: ["new=cache-a,cache-b"],
    ])
    let tier = settings.tiers[0]
    let ring = try #require(try tier.makeRing())
    let nodes = zip(tier.nodes, [(1, "cache-a"), (3, "cache-b")]).map {
      RingNode($0, weight: $1.0, label: $1.1)
    }
    let expected = try tier.distribution.ring(of: nodes)
    let plain = try #require(try resolve([.distribution: ["new=ketama-twemproxy"]]).tiers[0].makeRing())
    let keys = try (0..<1_000).map { try Key("key:\($0)") }
    #expect(keys.map(ring.node) == keys.map(expected.node))
    #expect(keys.map(ring.node) != keys.map(plain.node))
  }

  @Test("lists in a variable are parted by spaces or semicolons, paths by semicolons")
  func environment() throws {
    let environment = [
      "CROSSFADE_TIERS": "new=a,b;old=c,d", "CROSSFADE_WEIGHTS": "new=1,2 old=3,4",
      "CROSSFADE_LABELS": "new=x,y;old=v,w", "CROSSFADE_TLS": "new=off,old=off",
    ]
    let settings = try Settings.resolve(environment: environment)
    #expect(settings.tiers.map(\.weights) == [[1, 2], [3, 4]])
    #expect(settings.tiers.map(\.labels) == [["x", "y"], ["v", "w"]])
    let files = SettingSources(environment: ["CROSSFADE_AUTH": "new=/a b,c;old=/d"])
    #expect(files.values(of: .credentials) == ["new=/a b,c", "old=/d"])
  }
}

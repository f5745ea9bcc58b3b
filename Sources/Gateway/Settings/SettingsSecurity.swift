// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import GnuTLS
import Memcached
import Reactor

// How TLS and passwords towards nodes are read. Unlike the rest of the settings these name files, which are
// read when the settings are, so that a wrong one is told before anything is served.

extension SettingsResolver {
  mutating func readSecurity() {
    typealias Syntax = SettingsSyntax
    readPerTier(.tls, \.tls, Syntax.choice)
    readPerTier(.tlsAuthorities, \.tlsAuthorities, Syntax.path)
    readPerTier(.tlsCertificate, \.tlsCertificate, Syntax.path)
    readPerTier(.tlsKey, \.tlsKey, Syntax.path)
    readPerTier(.credentials, \.credentialsFile, Syntax.path)
    for tier in settings.tiers {
      checkTLS(tier)
      checkCredentials(tier)
    }
  }

  private mutating func checkTLS(_ tier: TierSettings) {
    func value(_ path: String) -> String { "\(tier.name)=\(path)" }
    for (name, path) in tier.tlsFiles {
      if tier.tls == .off { fault(name, value(path), "this tier has no TLS: \(SettingName.tls.flag) is off") }
    }
    if tier.tls == .off { return }
    if tier.tls == .insecure, let path = tier.tlsAuthorities {
      fault(.tlsAuthorities, value(path), "nothing is verified: \(SettingName.tls.flag) is insecure")
    }
    if let path = tier.tlsKey, tier.tlsCertificate == nil {
      fault(.tlsKey, value(path), "a key without a certificate (\(SettingName.tlsCertificate.flag))")
    }
    if let node = tier.nodes.first(where: { !$0.isTCP }) {
      fault(.tls, value(tier.tls.rawValue), "\(node) is not reached over a network")
    }
    do { _ = try tier.makeTLS() } catch {
      let (name, path) = tier.setting(at: error)
      fault(name, value(path), error.description)
    }
  }

  private mutating func checkCredentials(_ tier: TierSettings) {
    guard let path = tier.credentialsFile else { return }
    let value = "\(tier.name)=\(path)"
    if tier.nodes.contains(where: \.isMemory) { fault(.credentials, value, "a memory tier asks for none") }
    if tier.wireProtocol == .proxy {
      fault(.credentials, value, "a proxy asks for none (\(SettingName.wireProtocol.flag))")
    }
    // To say `off` is to say that it is meant: a network that others cannot listen to.
    if tier.tls == .off, !isGiven(.tls, of: tier), let node = tier.nodes.first(where: { !$0.isLocal }) {
      let reason = "the password would go to \(node) for anybody on the way to read; say "
      fault(.credentials, value, reason + "\(SettingName.tls.flag) \(tier.name)=on, or off if that is meant")
    }
    do { _ = try tier.makeCredentials() } catch { fault(.credentials, value, error.reason) }
  }
}

extension TierSettings {
  fileprivate var tlsFiles: [(SettingName, String)] {
    [(.tlsAuthorities, tlsAuthorities), (.tlsCertificate, tlsCertificate), (.tlsKey, tlsKey)].compactMap {
      name, path in path.map { (name, $0) }
    }
  }

  /// Reads the files that TLS needs; nil where it is off.
  func makeTLS() throws(TLSError) -> TLSContext? {
    if tls == .off { return nil }
    var configuration = TLSContext.Configuration()
    configuration.verifies = tls == .on
    configuration.authoritiesFile = tlsAuthorities
    configuration.certificateFile = tlsCertificate
    configuration.keyFile = tlsKey
    return try TLSContext(configuration)
  }

  /// What is to be mended, and its value: where no file was named, the choice of TLS itself.
  fileprivate func setting(at error: TLSError) -> (SettingName, String) {
    let named: (SettingName, String?) =
      switch error.kind {
      case .configuration(.authorities): (.tlsAuthorities, tlsAuthorities)
      case .configuration(.key) where tlsKey != nil: (.tlsKey, tlsKey)
      case .configuration(.certificate), .configuration(.key): (.tlsCertificate, tlsCertificate)
      case .untrusted, .disconnected, .failed: (.tls, nil)
      }
    return named.1.map { (named.0, $0) } ?? (.tls, tls.rawValue)
  }

  /// Reads the file with the user and the password; nil where there is none.
  func makeCredentials() throws(InvalidValue) -> Credentials? {
    guard let path = credentialsFile else { return nil }
    let bytes: [UInt8]
    do { bytes = try readFile(path, atMost: 4_096) } catch { throw InvalidValue("\(error)") }
    guard let line = String(validating: bytes, as: UTF8.self) else { throw InvalidValue("not UTF-8") }
    do { return try Credentials(line: line) } catch { throw InvalidValue("the file is wrong: \(error)") }
  }
}

extension NodeAddress {
  fileprivate var isTCP: Bool {
    if case .tcp = self { true } else { false }
  }

  /// Whether what is sent to it stays on this machine, as far as can be told without resolving names.
  fileprivate var isLocal: Bool {
    if case .tcp(let host, let port) = self {
      ListenAddress.tcp(host: host, port: port).isLocal
    } else {
      true
    }
  }
}

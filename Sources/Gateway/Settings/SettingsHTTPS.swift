// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import GnuTLS
import Microhttpd

// TLS towards callers. As with TLS towards nodes, the files are read with the settings, so that a wrong one is
// told before anything is served.

extension SettingsResolver {
  mutating func readHTTPS() {
    readLast(.httpsCertificate, \.httpsCertificate, SettingsSyntax.path)
    readLast(.httpsKey, \.httpsKey, SettingsSyntax.path)
    readLast(.httpsClientAuthorities, \.httpsClientAuthorities, SettingsSyntax.path)
    let files = settings.httpsFiles
    guard let address = settings.secureListeners.first else {
      for (name, path) in files { fault(name, path, "nothing listens at an address with https://") }
      return
    }
    if settings.httpsCertificate == nil {
      let name: SettingName = settings.listen.contains(address) ? .listen : .admin
      let reason = "it needs a certificate (\(SettingName.httpsCertificate.flag))"
      return fault(name, address.description, reason)
    }
    do { _ = try settings.makeHTTPS() } catch {
      let name: SettingName =
        switch error.kind {
        case .configuration(.authorities): .httpsClientAuthorities
        case .configuration(.key) where settings.httpsKey != nil: .httpsKey
        case .configuration, .untrusted, .disconnected, .failed: .httpsCertificate
        }
      fault(name, files.first { $0.0 == name }?.1 ?? "", error.description)
    }
  }
}

extension Settings {
  var secureListeners: [ListenAddress] { (listen + admin).filter(\.isSecure) }

  /// Daemons of one worker that serve these addresses, each with the connections that one may have: with TLS,
  /// and without.
  static func daemonCount(_ addresses: [ListenAddress]) -> Int { Set(addresses.map(\.isSecure)).count }

  fileprivate var httpsFiles: [(SettingName, String)] {
    [
      (.httpsCertificate, httpsCertificate), (.httpsKey, httpsKey),
      (.httpsClientAuthorities, httpsClientAuthorities),
    ].compactMap { name, path in path.map { (name, $0) } }
  }

  /// Whether callers at that address have to show a certificate that we trust.
  func asksForCertificate(at address: ListenAddress) -> Bool {
    address.isSecure && httpsClientAuthorities != nil
  }

  /// Reads the files as they are now; nil where nothing listens with TLS.
  func makeHTTPS() throws(TLSError) -> TLSServerContext? {
    guard !secureListeners.isEmpty, let certificate = httpsCertificate else { return nil }
    var configuration = TLSServerContext.Configuration(certificateFile: certificate)
    configuration.keyFile = httpsKey
    configuration.clientAuthoritiesFile = httpsClientAuthorities
    return try TLSServerContext(configuration)
  }
}

extension ListenAddress {
  var isSecure: Bool {
    if case .https = self { true } else { false }
  }
}

extension TLSServerContext: TLSSessions {}

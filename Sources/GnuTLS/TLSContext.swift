// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CGnuTLS
import Reactor

/// What all sessions towards a group of servers have in common: whom to trust, and who we are.
///
/// `@unchecked Sendable` because nothing in it changes after `init`, and GnuTLS lets sessions of several
/// threads read credentials and priorities at the same time.
public final class TLSContext: @unchecked Sendable {
  /// Files are in PEM.
  public struct Configuration: Hashable, Sendable {
    /// Whether the server has to prove who it is. Without, anyone on the way can read and change everything.
    public var verifies = true
    /// The certificates of authorities that are trusted, instead of the system's.
    public var authoritiesFile: String?
    /// Our own certificate, followed by those between it and the authority that the server knows.
    public var certificateFile: String?
    /// Its key; nil: in the certificate's file.
    public var keyFile: String?

    public init() {}
  }

  // TLS 1.2 and 1.3 only, and key exchanges whose sessions stay secret when the key is stolen later.
  private static let priorities = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA"

  let verifies: Bool
  let credentials: gnutls_certificate_credentials_t
  let priority: gnutls_priority_t

  /// Reads the files, or tells what is wrong with which.
  public init(_ configuration: Configuration) throws(TLSError) {
    verifies = configuration.verifies
    let credentials = try CertificateFiles.makeCredentials()
    var priority: gnutls_priority_t?
    try check(gnutls_priority_init(&priority, TLSContext.priorities, nil))
    guard let priority else { preconditionFailure("made, or an error was thrown") }
    self.credentials = credentials
    self.priority = priority
    let files = CertificateFiles(credentials: credentials)
    if verifies { try trust(configuration.authoritiesFile, files) }
    if let certificate = configuration.certificateFile {
      try files.show(certificate, key: configuration.keyFile ?? certificate)
    }
  }

  deinit {
    gnutls_priority_deinit(priority)
    gnutls_certificate_free_credentials(credentials)
  }

  private func trust(_ path: String?, _ files: CertificateFiles) throws(TLSError) {
    if let path { return try files.trust(path) }
    if gnutls_certificate_set_x509_system_trust(credentials) > 0 { return }
    throw TLSError(
      "this system has no certificates of authorities; name a file of them", .configuration(.authorities))
  }
}

extension TLSContext: Hashable {
  // Two that were read from the same files may have read different things.
  public static func == (left: TLSContext, right: TLSContext) -> Bool { left === right }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

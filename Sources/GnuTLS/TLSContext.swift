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

  /// Files larger than this hold something else.
  private static let longestFile = 16 << 20
  // TLS 1.2 and 1.3 only, and key exchanges whose sessions stay secret when the key is stolen later.
  private static let priorities = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA"

  let verifies: Bool
  let credentials: gnutls_certificate_credentials_t
  let priority: gnutls_priority_t

  /// Reads the files, or tells what is wrong with which.
  public init(_ configuration: Configuration) throws(TLSError) {
    verifies = configuration.verifies
    var credentials: gnutls_certificate_credentials_t?
    try check(gnutls_certificate_allocate_credentials(&credentials))
    var priority: gnutls_priority_t?
    try check(gnutls_priority_init(&priority, TLSContext.priorities, nil))
    guard let credentials, let priority else { preconditionFailure("made, or an error was thrown") }
    self.credentials = credentials
    self.priority = priority
    if verifies { try trust(configuration.authoritiesFile) }
    if let certificate = configuration.certificateFile {
      try show(certificate, key: configuration.keyFile ?? certificate)
    }
  }

  deinit {
    gnutls_priority_deinit(priority)
    gnutls_certificate_free_credentials(credentials)
  }

  private func trust(_ path: String?) throws(TLSError) {
    guard let path else {
      if gnutls_certificate_set_x509_system_trust(credentials) > 0 { return }
      throw TLSError(
        "this system has no certificates of authorities; name a file of them", .configuration(.authorities))
    }
    let bytes = try TLSContext.read(path, .authorities)
    let count = bytes.withUnsafeBytes { bytes in
      var data = cgt_bytes(bytes.baseAddress, bytes.count)
      return gnutls_certificate_set_x509_trust_mem(credentials, &data, GNUTLS_X509_FMT_PEM)
    }
    if try check(count, .configuration(.authorities)) > 0 { return }
    throw TLSError("there is no certificate in it", .configuration(.authorities))
  }

  private func show(_ path: String, key keyPath: String) throws(TLSError) {
    let chain = try TLSContext.read(path, .certificate)
    try TLSContext.checkChain(chain)
    let key = try TLSContext.read(keyPath, .key)
    let code = chain.withUnsafeBytes { chain in
      key.withUnsafeBytes { key in
        var chainData = cgt_bytes(chain.baseAddress, chain.count)
        var keyData = cgt_bytes(key.baseAddress, key.count)
        return gnutls_certificate_set_x509_key_mem2(
          credentials, &chainData, &keyData, GNUTLS_X509_FMT_PEM, nil, 0)
      }
    }
    // Of the key, or of the two together.
    if code < 0 { throw TLSError("the certificate's key: \(TLSError.text(code))", .configuration(.key)) }
  }

  // Read once for itself, since what is told of both does not say which of the two is wrong.
  private static func checkChain(_ bytes: [UInt8]) throws(TLSError) {
    var certificates: UnsafeMutablePointer<gnutls_x509_crt_t?>?
    var count: UInt32 = 0
    let code = bytes.withUnsafeBytes { bytes in
      var data = cgt_bytes(bytes.baseAddress, bytes.count)
      return gnutls_x509_crt_list_import2(&certificates, &count, &data, GNUTLS_X509_FMT_PEM, 0)
    }
    try check(code, .configuration(.certificate))
    for index in 0..<Int(count) { gnutls_x509_crt_deinit(certificates?[index]) }
    cgt_free(certificates)
  }

  private static func read(_ path: String, _ part: TLSError.Part) throws(TLSError) -> [UInt8] {
    do { return try readFile(path, atMost: longestFile) } catch {
      throw TLSError("\(error)", .configuration(part))
    }
  }
}

extension TLSContext: Hashable {
  // Two that were read from the same files may have read different things.
  public static func == (left: TLSContext, right: TLSContext) -> Bool { left === right }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CGnuTLS
import Glibc
import Reactor

/// What all sessions with our callers have in common: who we are, and which callers are let in.
///
/// The sessions are somebody else's (libmicrohttpd's), made without a certificate; each is given one here
/// before its handshake. So a file that has changed is for new connections, while old ones go on with the
/// context that they began with, which has to be kept for as long as they last.
///
/// `@unchecked Sendable` because nothing in it changes after `init`, and GnuTLS lets sessions of several
/// threads read credentials at the same time.
public final class TLSServerContext: @unchecked Sendable {
  /// Files are in PEM.
  public struct Configuration: Hashable, Sendable {
    /// Our certificate, followed by those between it and its authority.
    public var certificateFile: String
    /// Its key; nil: in the certificate's file.
    public var keyFile: String?
    /// The certificates of the authorities of callers. When given, callers without a certificate of
    /// theirs are refused in the handshake.
    public var clientAuthoritiesFile: String?

    public init(certificateFile: String) { self.certificateFile = certificateFile }
  }

  /// TLS 1.2 and 1.3 only, key exchanges whose sessions stay secret when the key is stolen later, and the
  /// server's order of preference.
  public let priorities = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"

  private let credentials: gnutls_certificate_credentials_t
  private let asksForCertificate: Bool
  // What a caller's certificate has to be for. GnuTLS keeps pointers to it in each session.
  private let purpose: UnsafeMutablePointer<CChar>
  private let expectation: UnsafeMutablePointer<gnutls_typed_vdata_st>

  /// Reads the files, or tells what is wrong with which.
  public init(_ configuration: Configuration) throws(TLSError) {
    guard let purpose = strdup(GNUTLS_KP_TLS_WWW_CLIENT) else { throw TLSError(code: GNUTLS_E_MEMORY_ERROR) }
    self.purpose = purpose
    expectation = .allocate(capacity: 1)
    expectation.initialize(to: cgt_text(GNUTLS_DT_KEY_PURPOSE_OID, purpose))
    asksForCertificate = configuration.clientAuthoritiesFile != nil
    do {
      credentials = try CertificateFiles.makeCredentials()
    } catch {
      expectation.deallocate()
      free(purpose)
      throw error
    }
    let files = CertificateFiles(credentials: credentials)
    let certificate = configuration.certificateFile
    try files.show(certificate, key: configuration.keyFile ?? certificate)
    if let authorities = configuration.clientAuthoritiesFile { try files.trust(authorities) }
  }

  deinit {
    gnutls_certificate_free_credentials(credentials)
    expectation.deallocate()
    free(purpose)
  }

  /// Gives a server's session, a `gnutls_session_t` whose handshake has not begun, its certificate and the
  /// demands on its client's. False: it cannot be had, and the session must not be used.
  public func prepare(_ session: OpaquePointer) -> Bool {
    let code = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, UnsafeMutableRawPointer(credentials))
    if code < 0 { return false }
    gnutls_certificate_server_set_request(
      session, asksForCertificate ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_IGNORE)
    if asksForCertificate { gnutls_session_set_verify_cert2(session, expectation, 1, 0) }
    return true
  }

  /// Whether bytes of a session were decrypted that nobody has read: the socket does not tell of them.
  public func hasUnread(_ session: OpaquePointer) -> Bool { gnutls_record_check_pending(session) > 0 }
}

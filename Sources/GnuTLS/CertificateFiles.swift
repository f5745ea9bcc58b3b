// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CGnuTLS
import Reactor

/// Reads files in PEM into GnuTLS's credentials, for clients and servers alike.
struct CertificateFiles {
  /// Files larger than this hold something else.
  private static let longestFile = 16 << 20

  let credentials: gnutls_certificate_credentials_t

  /// Credentials without anything in them, which whoever asked for them frees.
  static func makeCredentials() throws(TLSError) -> gnutls_certificate_credentials_t {
    var credentials: gnutls_certificate_credentials_t?
    try check(gnutls_certificate_allocate_credentials(&credentials))
    guard let credentials else { preconditionFailure("made, or an error was thrown") }
    return credentials
  }

  /// Trusts the authorities whose certificates are in the file.
  func trust(_ path: String) throws(TLSError) {
    let bytes = try CertificateFiles.read(path, .authorities)
    let count = bytes.withUnsafeBytes { bytes in
      var data = cgt_bytes(bytes.baseAddress, bytes.count)
      return gnutls_certificate_set_x509_trust_mem(credentials, &data, GNUTLS_X509_FMT_PEM)
    }
    if try check(count, .configuration(.authorities)) > 0 { return }
    throw TLSError("there is no certificate in it", .configuration(.authorities))
  }

  /// Shows the certificate that is in the file, with those between it and its authority.
  func show(_ path: String, key keyPath: String) throws(TLSError) {
    let chain = try CertificateFiles.read(path, .certificate)
    try CertificateFiles.checkChain(chain)
    let key = try CertificateFiles.read(keyPath, .key)
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

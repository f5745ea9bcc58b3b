// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import GnuTLS
import MemcachedTesting
import Testing

/// What is told of files that TLS cannot be done with.
@Suite struct TLSContextTests {
  private let authority: CertificateAuthority
  private let certificate: CertificateAuthority.Certificate

  init() throws {
    authority = try CertificateAuthority()
    certificate = try authority.issue(for: .client)
  }

  /// The files should have been refused.
  private struct Taken: Error {}

  private func error(_ change: (inout TLSContext.Configuration) -> Void) throws -> TLSError {
    var configuration = TLSContext.Configuration()
    configuration.authoritiesFile = authority.path
    change(&configuration)
    do {
      _ = try TLSContext(configuration)
    } catch { return error }
    throw Taken()
  }

  @Test("files that are right are taken")
  func right() throws {
    var configuration = TLSContext.Configuration()
    configuration.authoritiesFile = authority.path
    _ = try TLSContext(configuration)
    configuration.certificateFile = certificate.path
    configuration.keyFile = certificate.keyPath
    _ = try TLSContext(configuration)
  }

  @Test("a certificate and its key may be in one file")
  func oneFile() throws {
    let both = try [certificate.path, certificate.keyPath].map {
      try String(contentsOfFile: $0, encoding: .utf8)
    }
    let path = certificate.path + ".both"
    try both.joined().write(toFile: path, atomically: false, encoding: .utf8)
    var configuration = TLSContext.Configuration()
    configuration.authoritiesFile = authority.path
    configuration.certificateFile = path
    _ = try TLSContext(configuration)
  }

  @Test("a file that is not there is told of as the part that it was to be")
  func missing() throws {
    let nowhere = "/nowhere/x.pem"
    let ofAuthorities = try error { $0.authoritiesFile = nowhere }
    #expect(ofAuthorities.kind == .configuration(.authorities))
    #expect(ofAuthorities.description == "open: No such file or directory")
    #expect(try error { $0.certificateFile = nowhere }.kind == .configuration(.certificate))
    let key = try error { ($0.certificateFile, $0.keyFile) = (certificate.path, nowhere) }
    #expect(key.kind == .configuration(.key))
    #expect(try error { $0.authoritiesFile = "/" }.description == "read: Is a directory")
  }

  @Test("a file that holds something else is told of")
  func somethingElse() throws {
    let other = certificate.keyPath
    #expect(try error { $0.authoritiesFile = other }.kind == .configuration(.authorities))
    let certificateError = try error { ($0.certificateFile, $0.keyFile) = (other, other) }
    #expect(certificateError.kind == .configuration(.certificate))
    let keyError = try error { $0.certificateFile = certificate.path }
    #expect(keyError.kind == .configuration(.key))
  }

  @Test("a key of another certificate is told of")
  func mismatch() throws {
    let other = try authority.issue(for: .client)
    let error = try error { ($0.certificateFile, $0.keyFile) = (certificate.path, other.keyPath) }
    #expect(error.kind == .configuration(.key))
    #expect(error.description.contains("do not match"))
  }
}

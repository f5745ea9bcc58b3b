// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import Foundation
import Glibc

/// An authority that issues certificates for tests, by `openssl`, into a folder that goes with it.
public final class CertificateAuthority: Sendable {
  /// Why there is no certificate.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Paths of files in PEM, which are there as long as one of the authority's certificates is kept.
  public struct Certificate: Sendable {
    public let path: String
    public let keyPath: String
    private let authority: CertificateAuthority

    fileprivate init(_ base: String, of authority: CertificateAuthority) {
      path = base + ".pem"
      keyPath = base + ".key"
      self.authority = authority
    }
  }

  public enum Purpose: String, Sendable {
    case server = "serverAuth"
    case client = "clientAuth"
  }

  private let folder: URL
  /// The path of the authority's own certificate.
  public var path: String { folder.appendingPathComponent("authority.pem").path }
  private var keyPath: String { folder.appendingPathComponent("authority.key").path }

  public init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    try openssl(
      ["req", "-x509", "-keyout", keyPath, "-out", path, "-days", "2"] + newKey(name: "Authority of a test"))
  }

  // It is in the directory for temporary files: what cannot be removed now goes with the rest.
  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Issues a certificate with a key of its own.
  ///
  /// - Parameters:
  ///   - names: as openssl has them, `DNS:localhost` or `IP:127.0.0.1`.
  ///   - days: how long it is good for; −1 = until yesterday.
  public func issue(
    _ names: [String] = ["IP:127.0.0.1", "DNS:localhost"], days: Int = 2, for purpose: Purpose = .server
  ) throws -> Certificate {
    let base = folder.appendingPathComponent(UUID().uuidString).path
    try openssl(
      ["req", "-keyout", base + ".key", "-out", base + ".csr"] + newKey(name: "Somebody in a test"))
    let extensions = "subjectAltName=\(names.joined(separator: ","))\nextendedKeyUsage=\(purpose.rawValue)\n"
    try extensions.write(toFile: base + ".ext", atomically: false, encoding: .utf8)
    try openssl([
      "x509", "-req", "-in", base + ".csr", "-CA", path, "-CAkey", keyPath, "-CAcreateserial",
      "-days", "\(days)", "-extfile", base + ".ext", "-out", base + ".pem",
    ])
    return Certificate(base, of: self)
  }

  private func newKey(name: String) -> [String] {
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)"]
  }

  private func openssl(_ arguments: [String]) throws {
    guard let program = ChildProcess.program("openssl") else {
      throw Failure(description: "openssl is not installed")
    }
    let errors = try LinePipe()
    let process = try ChildProcess(program, arguments, streams: .init(errors: errors.writeEnd))
    errors.closeWriting()
    let lines = errors.readToEnd()
    guard process.wait() == 0 else {
      throw Failure(
        description: "openssl \(arguments.joined(separator: " ")): \(lines.joined(separator: "\n"))")
    }
  }
}

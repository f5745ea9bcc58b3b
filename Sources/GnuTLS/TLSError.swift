// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CGnuTLS

/// What went wrong with TLS, in words for people.
public struct TLSError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// What was configured cannot be used; nothing was connected to.
    case configuration(Part)
    /// The server's certificate was verified and found wanting.
    case untrusted
    /// The connection under the session has ended.
    case disconnected
    /// Everything else that ends a session.
    case failed
  }

  /// What of a configuration is at fault.
  public enum Part: Hashable, Sendable {
    case authorities, certificate, key
  }

  public let kind: Kind
  public let description: String

  init(_ description: String, _ kind: Kind = .failed) {
    self.kind = kind
    self.description = description
  }

  /// For a code that a function of GnuTLS returned.
  init(_ kind: Kind = .failed, code: Int32) {
    self.init(TLSError.text(code), kind)
  }

  /// GnuTLS's words for a code, without the full stop that would end up in the middle of ours.
  static func text(_ code: Int32) -> String {
    var text = String(cString: gnutls_strerror(code))
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}

/// Throws what a function of GnuTLS says by a negative result.
@discardableResult
func check(_ code: Int32, _ kind: TLSError.Kind = .failed) throws(TLSError) -> Int32 {
  if code < 0 { throw TLSError(kind, code: code) }
  return code
}

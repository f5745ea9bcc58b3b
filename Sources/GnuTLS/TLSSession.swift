// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CGnuTLS
import Glibc
import Reactor

/// TLS as a client over one connected socket that does not block. Whoever has the socket waits and asks
/// again; nothing in here does.
public final class TLSSession {
  /// What is left of the handshake.
  public enum Progress: Hashable, Sendable {
    case done
    /// Goes on when the socket is that.
    case waits(Interest)
  }

  // GnuTLS has pointers into the context, and to what the certificate has to prove.
  private let context: TLSContext
  private let session: gnutls_session_t
  private let expectations: UnsafeMutableBufferPointer<gnutls_typed_vdata_st>
  private let host: UnsafeMutablePointer<CChar>
  private let purpose: UnsafeMutablePointer<CChar>
  /// GnuTLS holds the rest of a record that the kernel did not take.
  private var isRecordPending = false

  /// - Parameters:
  ///   - descriptor: of the socket, which outlives the session.
  ///   - host: whom the certificate has to be for: a name, or a numeric address without brackets.
  public init(_ context: TLSContext, descriptor: Int32, host: String) throws(TLSError) {
    self.context = context
    var session: gnutls_session_t?
    try check(gnutls_init(&session, cgt_client_flags()))
    guard let session, let hostText = strdup(host), let purpose = strdup(GNUTLS_KP_TLS_WWW_SERVER) else {
      throw TLSError(code: GNUTLS_E_MEMORY_ERROR)
    }
    self.session = session
    self.host = hostText
    self.purpose = purpose
    expectations = .allocate(capacity: 2)
    expectations.initializeElement(at: 0, to: cgt_text(GNUTLS_DT_DNS_HOSTNAME, hostText))
    expectations.initializeElement(at: 1, to: cgt_text(GNUTLS_DT_KEY_PURPOSE_OID, purpose))
    try check(gnutls_priority_set(session, context.priority))
    try check(
      gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, UnsafeMutableRawPointer(context.credentials)))
    // A server of several names asks for the one that is meant; addresses may not be sent (RFC 6066 §3).
    if SocketAddress(numericHost: host, port: 0) == nil {
      try check(gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, host.utf8.count))
    }
    if context.verifies {
      gnutls_session_set_verify_cert2(
        session, expectations.baseAddress, UInt32(truncatingIfNeeded: expectations.count), 0)
    }
    gnutls_transport_set_int2(session, descriptor, descriptor)
  }

  deinit {
    gnutls_deinit(session)
    expectations.deallocate()
    free(host)
    free(purpose)
  }

  /// Goes on with the handshake, in which the server's certificate is verified.
  public func handshake() throws(TLSError) -> Progress {
    while true {
      let code = gnutls_handshake(session)
      switch code {
      case GNUTLS_E_SUCCESS: return .done
      case GNUTLS_E_AGAIN: return .waits(gnutls_record_get_direction(session) == 1 ? .writable : .readable)
      case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR: throw TLSError(verdict, .untrusted)
      default: if gnutls_error_is_fatal(code) != 0 { throw failure(code) }
      }
    }
  }

  // MARK: Bytes

  /// Zero bytes: the server has ended the session or the connection.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> IOResult {
    while true {
      let count = gnutls_record_recv(session, buffer.baseAddress, buffer.count)
      if count >= 0 { return .done(count) }
      switch Int32(truncatingIfNeeded: count) {
      case GNUTLS_E_AGAIN: return .wouldBlock
      case GNUTLS_E_PREMATURE_TERMINATION: return .done(0)
      // Renegotiation (TLS 1.2) has been a door for attacks, and memcached never asks for it.
      case GNUTLS_E_REHANDSHAKE: throw TLSError("the server wants to negotiate anew, which is refused")
      case let code: if gnutls_error_is_fatal(code) != 0 { throw failure(code) }
      }
    }
  }

  /// Whether bytes were decrypted that `read` has not yet given: the socket does not tell of them.
  public var hasBufferedInput: Bool { gnutls_record_check_pending(session) > 0 }

  /// What a record holds at most (RFC 8446 §5.1), in bytes.
  public static let longestRecord = 16_384

  /// Takes bytes, up to `longestRecord` of them, as one record, which is done when all of it has left. After
  /// `.wouldBlock` the same bytes have to come again, and maybe more behind them.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(TLSError) -> IOResult {
    while true {
      // The record that did not leave as a whole is encrypted already: nothing means "that one".
      let count =
        isRecordPending
        ? gnutls_record_send(session, nil, 0)
        : gnutls_record_send(session, bytes.baseAddress, min(bytes.count, TLSSession.longestRecord))
      if count >= 0 {
        isRecordPending = false
        return .done(count)
      }
      let code = Int32(truncatingIfNeeded: count)
      isRecordPending = true
      if code == GNUTLS_E_AGAIN { return .wouldBlock }
      if gnutls_error_is_fatal(code) != 0 { throw failure(code) }
    }
  }

  /// Tells the server that nothing more comes, if there is room for that. Its answer is not awaited.
  public func sayGoodbye() {
    // In the middle of a record it would be taken for a part of it.
    if !isRecordPending { _ = gnutls_bye(session, GNUTLS_SHUT_WR) }
  }

  // MARK: What went wrong

  /// What the verification of the certificate found, as GnuTLS words it.
  private var verdict: String {
    var text = gnutls_datum_t()
    let status = gnutls_session_get_verify_cert_status(session)
    let code = gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0)
    guard code >= 0, let bytes = text.data else {
      return TLSError.text(GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
    }
    defer { cgt_free(bytes) }
    let words = String(cString: bytes).split(separator: ".").map { $0.drop { $0 == " " } }.filter {
      !$0.isEmpty
    }
    return words.joined(separator: "; ") + " (expected: \(String(cString: host)))"
  }

  private func failure(_ code: Int32) -> TLSError {
    if code == GNUTLS_E_PULL_ERROR || code == GNUTLS_E_PUSH_ERROR {
      return TLSError(TLSError.text(code) + hint, .disconnected)
    }
    guard code == GNUTLS_E_FATAL_ALERT_RECEIVED, let name = gnutls_alert_get_name(gnutls_alert_get(session))
    else { return TLSError(TLSError.text(code) + hint) }
    return TLSError("the server ended the session: \(String(cString: name))\(hint)")
  }

  /// Servers that miss a certificate often just close: their alert is lost with what they had not read.
  private var hint: String {
    let isAsked = gnutls_certificate_client_get_request_status(session) != 0
    guard isAsked, gnutls_certificate_get_ours(session) == nil else { return "" }
    return "; the server asked for a certificate, and none is configured"
  }
}

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CMicrohttpd
import Glibc

/// Who has the certificates. This module knows of TLS that libmicrohttpd speaks it by GnuTLS, and no more.
public protocol TLSSessions: AnyObject {
  /// Which TLS is spoken, in GnuTLS's words; the first one's hold for the daemon's whole life.
  var priorities: String { get }
  /// Gives a `gnutls_session_t` whose handshake is to begin its certificate; false = the connection has to
  /// end. Whoever gave it is kept until the session ends.
  func prepare(_ session: OpaquePointer) -> Bool
  /// Whether bytes have been decrypted that nobody has read.
  func hasUnread(_ session: OpaquePointer) -> Bool
}

// HTTPS. The request guard needs nothing for it: what it looks at are the bytes that libmicrohttpd reads
// requests from, which have been decrypted by then.
extension Daemon {
  /// Gives other certificates to connections that come from now on. For a daemon that speaks TLS already.
  public func renew(_ tls: any TLSSessions) {
    precondition(isSecure, "a daemon speaks TLS from the beginning, or not at all")
    self.tls = tls
  }

  /// A connection begins.
  func secure(_ descriptor: Int32, _ session: UnsafeMutableRawPointer) {
    let session = OpaquePointer(session)
    if let tls, tls.prepare(session) {
      sessions[descriptor] = (session, tls)
    } else {
      // There is no memory for it. Without a certificate the handshake would fail, too, but later.
      _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }
  }

  /// Its first request is here, or it ends without one.
  ///
  /// libmicrohttpd 0.9.75 wants to run again at once for as long as a handshake waits for its client, which
  /// would be a whole processor for a client that connects and says nothing. So the word of these counts as
  /// little as that of exchanges that wait; what their clients send is told by the epoll descriptor.
  func leaveHandshake(_ descriptor: Int32) {
    if connections.isFresh(descriptor) { handshakes -= 1 }
  }

  func hasDecrypted(_ descriptor: Int32) -> Bool {
    sessions[descriptor].map { $0.owner.hasUnread($0.session) } ?? false
  }
}

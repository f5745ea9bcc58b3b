// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

import CGnuTLS

/// The SHA-256 digest (FIPS 180-4) of a message: 32 bytes.
public func sha256(_ message: [UInt8]) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
    let result = message.withUnsafeBytes {
      gnutls_hash_fast(GNUTLS_DIG_SHA256, $0.baseAddress, $0.count, digest.baseAddress)
    }
    precondition(result == 0, "GnuTLS has SHA-256, which TLS cannot do without: \(TLSError.text(result))")
    count = 32
  }
}

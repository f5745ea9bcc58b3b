// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors
//
// What Swift cannot reach of GnuTLS: expressions in macros, casts, and a macro that hides a function. One
// function a reason; nothing here decides anything.

#ifndef CROSSFADE_CGNUTLS_SHIM_H
#define CROSSFADE_CGNUTLS_SHIM_H

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

// 3.6.3 brought TLS 1.3. Debian 12 has 3.7.
#if GNUTLS_VERSION_NUMBER < 0x030603
#error "GnuTLS 3.6.3 or later is needed"
#endif

// The flags are enumerators and, under the same names, macros of shifts: neither can be or-ed in Swift.
// A write to a connection that is gone must not raise SIGPIPE; no session is resumed, so that tickets
// would be sent for nothing; a certificate that was configured is shown to whoever asks for one.
static inline unsigned int cgt_client_flags(void) {
  return GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS | GNUTLS_FORCE_CLIENT_CERT;
}

// The data is `unsigned char *` though nothing writes to it: a cast that Swift spells in three lines.
static inline gnutls_typed_vdata_st cgt_text(gnutls_vdata_types_t type, const char *text) {
  gnutls_typed_vdata_st data = {type, (unsigned char *)text, 0};
  return data;
}

// `gnutls_datum_t` takes `unsigned char *`, and `unsigned int` for the length: casts, too.
static inline gnutls_datum_t cgt_bytes(const void *bytes, size_t count) {
  gnutls_datum_t data = {(unsigned char *)bytes, (unsigned int)count};
  return data;
}

// `gnutls_free` is a pointer to a function and a macro of the same name around it.
static inline void cgt_free(void *memory) { gnutls_free(memory); }

#endif

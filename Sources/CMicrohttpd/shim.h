// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors
//
// What Swift cannot reach of libmicrohttpd: variadic functions, unions, macros, and the differences
// between 0.9.75 and 1.0. One function a reason; nothing here decides anything.

#ifndef CROSSFADE_CMICROHTTPD_SHIM_H
#define CROSSFADE_CMICROHTTPD_SHIM_H

#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

// 0.9.75 is what Debian 12 has. Older ones lack calls that are used without a guard.
#if MHD_VERSION < 0x00097500
#error "libmicrohttpd 0.9.75 or later is needed"
#endif

// The type has no name in the header: an option takes it through the variadic list.
typedef void *(*cmh_target_callback)(void *context, const char *target, struct MHD_Connection *connection);

// What `cmh_start_daemon` hands on: a struct, because Swift cannot call variadic functions.
struct cmh_daemon_options {
  size_t connection_memory;
  unsigned int connection_limit;
  void *context;
  cmh_target_callback target;
  MHD_AccessHandlerCallback access;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection;
  // GnuTLS's words for which TLS is spoken; NULL = none is.
  const char *tls_priorities;
};

// In the place of the certificate that a daemon with TLS cannot be started without. Each session is given
// one of its own; for one that was not, the handshake fails. The parameters are those of GnuTLS's
// `gnutls_certificate_retrieve_function2`, as pointers, since its header is no business of this module.
static inline int cmh_no_certificate(
    void *session, const void *authorities, int authority_count, const void *algorithms, int algorithm_count,
    void *certificate, unsigned int *certificate_count, void *key) {
  (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
  (void)certificate, (void)certificate_count, (void)key;
  return -1;
}

// An option takes it through the variadic list. Decodes nothing: `%00` and `%0d%0a` decoded in place
// would cut or split the target.
static inline size_t cmh_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

// `MHD_start_daemon` is variadic. No listening socket, no thread, no TURBO (it would drop the
// `shutdown` that protects early error answers), no suspending.
#if MHD_VERSION >= 0x01000000
// 1.0 unfolds folded headers in place, where no gap tells; at this level it refuses them.
#define CMH_DISCIPLINE MHD_OPTION_CLIENT_DISCIPLINE_LVL, (int)1,
#else
#define CMH_DISCIPLINE
#endif
#define CMH_START(flags, ...)                                                                            \
  MHD_start_daemon(                                                                                      \
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | (flags), 0, NULL, NULL, options->access,                \
      options->context, MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory,                  \
      MHD_OPTION_CONNECTION_LIMIT, options->connection_limit, MHD_OPTION_NOTIFY_COMPLETED,               \
      options->completed, options->context,                                                              \
      MHD_OPTION_NOTIFY_CONNECTION, options->connection, options->context, MHD_OPTION_URI_LOG_CALLBACK,  \
      options->target, options->context, MHD_OPTION_UNESCAPE_CALLBACK, &cmh_keep_escapes, NULL,          \
      CMH_DISCIPLINE __VA_ARGS__)
static inline struct MHD_Daemon *cmh_start_daemon(const struct cmh_daemon_options *options) {
  if (options->tls_priorities == NULL) return CMH_START(0, MHD_OPTION_END);
  return CMH_START(
      MHD_USE_TLS, MHD_OPTION_HTTPS_PRIORITIES, options->tls_priorities, MHD_OPTION_HTTPS_CERT_CALLBACK,
      &cmh_no_certificate, MHD_OPTION_END);
}

// 1.0 cuts white space off the end of header values, 0.9.75 keeps it: the guard has to know, because it
// measures the gap behind a value.
static inline int cmh_trims_header_values(void) { return MHD_VERSION >= 0x01000000; }

// `MHD_DaemonInfo` is a union, and the call variadic.
static inline int cmh_epoll_descriptor(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info == NULL ? -1 : info->epoll_fd;
}

// `MHD_ConnectionInfo` is a union, and the call variadic.
static inline int cmh_connection_descriptor(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == NULL ? -1 : info->connect_fd;
}

// The same union. Valid for as long as the connection; NULL when there is none.
static inline const struct sockaddr *cmh_connection_address(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info == NULL ? NULL : info->client_addr;
}

// The same union. GnuTLS's session of a connection; NULL where there is no TLS.
static inline void *cmh_tls_session(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  return info == NULL ? NULL : info->tls_session;
}

// The same union. Bytes from the method's first to the last of the empty line; 0 before they are known.
static inline size_t cmh_header_size(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info == NULL ? 0 : info->header_size;
}

// A GNU extension. Declared here, since _GNU_SOURCE would change types that Swift's Glibc module has, too
// (fd_set), and the compiler refuses to see two definitions of one type.
extern int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
static inline int cmh_accept(int listener, struct sockaddr *address, socklen_t *length) {
  return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// `sockaddr_un` needs casts that Swift spells in six lines. The address of a unix client is left out:
// 0.9.75 reads behind the end of a long one. Takes over `client` whatever it returns; 1 = added.
static inline int cmh_add_connection(
    struct MHD_Daemon *daemon, int client, const struct sockaddr *address, socklen_t length) {
  struct sockaddr_un nameless;
  if (address->sa_family == AF_UNIX) {
    memset(&nameless, 0, sizeof nameless);
    nameless.sun_family = AF_UNIX;
    address = (const struct sockaddr *)&nameless;
    length = sizeof nameless.sun_family;
  }
  return MHD_add_connection(daemon, client, address, length) == MHD_YES;
}

#endif

// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors
//
// What `import Glibc` does not bring: epoll and eventfd, and the macros and unions around them that
// Swift cannot see. One function a reason; nothing here decides anything.

#ifndef CROSSFADE_CLINUX_SHIM_H
#define CROSSFADE_CLINUX_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// The EPOLL* constants are enumerators of EPOLL_EVENTS; as plain numbers they can be combined.
static inline uint32_t cf_epollin(void) { return EPOLLIN; }
static inline uint32_t cf_epollout(void) { return EPOLLOUT; }
static inline uint32_t cf_epollerr(void) { return EPOLLERR; }
static inline uint32_t cf_epollhup(void) { return EPOLLHUP; }
static inline uint32_t cf_epollrdhup(void) { return EPOLLRDHUP; }
static inline uint32_t cf_epollexclusive(void) { return EPOLLEXCLUSIVE; }

// `epoll_data` is a union, and `epoll_event` is packed on x86-64: the fields go through here.
static inline int cf_epoll_ctl(int epfd, int op, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = events;
  event.data.u64 = token;
  return epoll_ctl(epfd, op, fd, &event);
}
static inline uint64_t cf_epoll_token(const struct epoll_event *event) { return event->data.u64; }
static inline uint32_t cf_epoll_events(const struct epoll_event *event) { return event->events; }

static inline int cf_epoll_ctl_add(void) { return EPOLL_CTL_ADD; }
static inline int cf_epoll_ctl_mod(void) { return EPOLL_CTL_MOD; }
static inline int cf_epoll_ctl_del(void) { return EPOLL_CTL_DEL; }
static inline int cf_epoll_cloexec(void) { return EPOLL_CLOEXEC; }
static inline int cf_eventfd_flags(void) { return EFD_CLOEXEC | EFD_NONBLOCK; }

// A GNU extension, hidden from Swift because its Glibc module is built without _GNU_SOURCE.
static inline int cf_name_this_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

// A GNU extension, too: a pipe that no child process inherits by accident.
static inline int cf_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

// SOCK_* are enumerators in glibc's headers and import as an enum that cannot be or-ed.
static inline int cf_stream_nonblocking(void) { return SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC; }
static inline int cf_accept_nonblocking(int fd, struct sockaddr *address, socklen_t *length) {
  return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

#endif

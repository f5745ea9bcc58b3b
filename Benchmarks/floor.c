// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors
//
// The floor under any gateway on libmicrohttpd: one thread, its epoll descriptor inside another epoll as in
// the gateway, and the same 100 bytes for every request, without a look at it and without a backend.
// Usage: floor PORT

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

static char body[100];

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **exchange) {
  (void)context, (void)url, (void)method, (void)version, (void)data, (void)size;
  // The first call has the head only; an answer there would end the connection.
  static int seen;
  if (*exchange == NULL) {
    *exchange = &seen;
    return MHD_YES;
  }
  struct MHD_Response *response =
      MHD_create_response_from_buffer(sizeof body, body, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Content-Type", "application/octet-stream");
  enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return result;
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: %s PORT\n", arguments[0]);
    return 2;
  }
  memset(body, 'v', sizeof body);
  struct MHD_Daemon *daemon =
      MHD_start_daemon(MHD_USE_EPOLL, (uint16_t)atoi(arguments[1]), NULL, NULL, answer, NULL,
                       MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)8192, MHD_OPTION_END);
  if (daemon == NULL) return 1;
  int outer = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  int inner = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event);
  for (;;) {
    MHD_UNSIGNED_LONG_LONG sleep;
    epoll_wait(outer, &event, 1, MHD_get_timeout(daemon, &sleep) == MHD_YES ? (int)sleep : -1);
    MHD_run(daemon);
  }
}

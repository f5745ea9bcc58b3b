// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors
//
// GETs at a fixed rate. wrk sends a request when the one before is answered: a server that stalls is asked
// less meanwhile, and its tail looks short. Here request i is due at start + i / rate, whatever it does, and
// its latency counts from when it was due, not from when a connection was free to send it.
// Usage: pace PORT CONNECTIONS RATE SECONDS PATH_PREFIX KEYS ACCEPT

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { nanoseconds_a_second = 1000000000, events_a_turn = 256 };

struct client {
  int socket;
  uint64_t due;
  size_t filled;
  char reply[16384];
};

static struct client *clients;
// The clients without a request on the way, oldest first, so that all connections take turns.
static struct client **idle;
static size_t connections, first_idle, idle_count;
static uint64_t *latencies;
static size_t answered;
static const char *path_prefix, *accepted;
static unsigned keys;

static void fail(const char *what) {
  fprintf(stderr, "pace: %s: %s\n", what, errno ? strerror(errno) : "not as it should be");
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * nanoseconds_a_second + (uint64_t)time.tv_nsec;
}

static void release(struct client *client) {
  client->filled = 0;
  idle[(first_idle + idle_count++) % connections] = client;
}

static void connect_all(uint16_t port, int epoll) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (size_t i = 0; i < connections; i++) {
    struct client *client = &clients[i];
    int one = 1;
    client->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (client->socket < 0 || connect(client->socket, (void *)&address, sizeof address)) fail("connect");
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(client->socket, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->socket, &event)) fail("epoll_ctl");
    release(client);
  }
}

static void send_request(uint64_t due) {
  struct client *client = idle[first_idle];
  first_idle = (first_idle + 1) % connections;
  idle_count--;
  client->due = due;
  char request[1024];
  int length = snprintf(request, sizeof request, "GET %s%u HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\n\r\n",
                        path_prefix, (unsigned)random() % keys, accepted);
  // The socket's buffer is empty: the last answer has come.
  if (write(client->socket, request, (size_t)length) != length) fail("write");
}

// The bytes of a whole answer, or 0 while its head is not complete.
static size_t reply_size(struct client *client) {
  client->reply[client->filled] = 0;
  char *end = strstr(client->reply, "\r\n\r\n");
  if (end == NULL) return 0;
  errno = 0;
  if (strncmp(client->reply, "HTTP/1.1 200 ", 13)) fail(client->reply);
  char *length = strcasestr(client->reply, "\r\nContent-Length:");
  if (length == NULL || length > end) fail("an answer without Content-Length");
  return (size_t)(end + 4 - client->reply) + strtoul(length + 17, NULL, 10);
}

static void receive(struct client *client) {
  ssize_t count =
      read(client->socket, client->reply + client->filled, sizeof client->reply - 1 - client->filled);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) fail("read");
  client->filled += (size_t)count;
  size_t size = reply_size(client);
  if (size == 0 || client->filled < size) return;
  latencies[answered++] = now() - client->due;
  release(client);
}

// Waits for answers, but not beyond the instant `until`.
static void turn(int epoll, uint64_t until) {
  struct epoll_event events[events_a_turn];
  uint64_t instant = now(), wait = until > instant ? until - instant : 0;
  struct timespec timeout = {(time_t)(wait / nanoseconds_a_second), (long)(wait % nanoseconds_a_second)};
  int count = epoll_pwait2(epoll, events, events_a_turn, &timeout, NULL);
  if (count < 0 && errno != EINTR) fail("epoll_pwait2");
  for (int i = 0; i < count; i++) receive(events[i].data.ptr);
}

static int compare(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

int main(int count, char **arguments) {
  if (count != 8) {
    fprintf(stderr, "usage: %s PORT CONNECTIONS RATE SECONDS PATH_PREFIX KEYS ACCEPT\n", arguments[0]);
    return 2;
  }
  connections = strtoul(arguments[2], NULL, 10);
  uint64_t rate = strtoul(arguments[3], NULL, 10), seconds = strtoul(arguments[4], NULL, 10);
  path_prefix = arguments[5], keys = (unsigned)atoi(arguments[6]), accepted = arguments[7];
  size_t total = rate * seconds, sent = 0;
  clients = calloc(connections, sizeof *clients);
  idle = calloc(connections, sizeof *idle);
  latencies = calloc(total, sizeof *latencies);
  if (clients == NULL || idle == NULL || latencies == NULL || total == 0 || keys == 0) fail("arguments");
  // Else the kernel may wake us 50 us late, to save power.
  prctl(PR_SET_TIMERSLACK, 1UL);
  int epoll = epoll_create1(0);
  connect_all((uint16_t)atoi(arguments[1]), epoll);
  uint64_t start = now(), give_up = start + (seconds * 2 + 5) * nanoseconds_a_second;
  while (answered < total) {
    uint64_t due = start + sent * nanoseconds_a_second / rate, instant = now();
    if (instant > give_up) fail("the rate is more than the server can");
    if (sent < total && idle_count > 0 && due <= instant) {
      send_request(due);
      sent++;
    } else {
      turn(epoll, sent < total && idle_count > 0 ? due : give_up);
    }
  }
  uint64_t took = now() - start;
  qsort(latencies, total, sizeof *latencies, compare);
  printf("result requests=%zu microseconds=%zu bad_status=0 errors=0 p50=%zu p99=%zu\n", total,
         (size_t)(took / 1000), (size_t)(latencies[total / 2] / 1000),
         (size_t)(latencies[total * 99 / 100] / 1000));
}

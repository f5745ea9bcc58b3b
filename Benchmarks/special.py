# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""Rows that are no load: idle connections, and the start of a server.

A sample has `kilobytes` of memory an idle connection, or `milliseconds` from the start of the process to the
first answer with a value in it and `megabytes` of memory after that. Memory is the resident set size of the
process and its children, without what the kernel holds for their sockets.
"""

import contextlib
import dataclasses
import socket
import sys

import stack

CONNECTIONS = 10_000
# Those of the connections, and what a server opens besides.
DESCRIPTORS = CONNECTIONS + 1_000
# Each costs a process of its own; what they differ by is small.
ROUNDS_OF_IDLE = 3
STARTS_A_ROUND = 3
SERVERS = ("nginx", "crossfade")


@dataclasses.dataclass(frozen=True)
class Special:
    title: str
    run: object
    attempt: object


REQUEST = b"GET /keys/key:7 HTTP/1.1\r\nHost: localhost\r\nAccept: application/octet-stream\r\n\r\n"


def get(connection):
    """Whether the value comes in answer to one GET."""
    connection.sendall(REQUEST)
    answer = b""
    while b"\r\n\r\nvvv" not in answer:
        more = connection.recv(65536)
        answer += more
        if not more or not b"HTTP/1.1 200 ".startswith(answer[:13]):
            return False
    return True


def idle_connections(servers, name, count):
    """Kilobytes for each of so many connections that have made one request and are kept."""
    with servers.fresh(name) as server, contextlib.ExitStack() as open_connections:
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", server.port), 5)
            open_connections.callback(connection.close)
            if not get(connection):
                raise SystemExit(f"{name}: connection {number} got no value")
            # What the first request needs once is nothing that a connection needs.
            if number == 0:
                first = server.memory_kilobytes()
        return {"kilobytes": (server.memory_kilobytes() - first) / (count - 1)}


def first_answer(server):
    """Asks again and again until the value comes, without a pause: pauses would be part of the result."""
    while server.lives():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            if get(connection):
                return
    raise SystemExit(f"{server.name} ended before it had answered")


def start(servers, name):
    with servers.fresh(name, first_answer) as server:
        return {"milliseconds": server.seconds_to_start * 1000, "megabytes": server.memory_kilobytes() / 1000}


def rounds(count, measure):
    samples = {name: [] for name in SERVERS}
    for _ in range(count):
        for name in SERVERS:
            samples[name].append(measure(name))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return samples


def fill(servers):
    stack.load(servers["memcached"], [(b"key:7", b"v" * 100)])


def run_idle(servers, options):
    fill(servers)
    return rounds(min(options.rounds, ROUNDS_OF_IDLE), lambda name: idle_connections(servers, name, CONNECTIONS))


def run_start(servers, options):
    fill(servers)
    return rounds(options.rounds * STARTS_A_ROUND, lambda name: start(servers, name))


def try_idle(servers):
    fill(servers)
    for name in SERVERS:
        idle_connections(servers, name, 100)


def try_start(servers):
    fill(servers)
    for name in SERVERS:
        start(servers, name)


SPECIALS = {
    "idle": Special("idle connections", run_idle, try_idle),
    "start": Special("start", run_start, try_start),
}

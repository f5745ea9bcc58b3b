# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""What is measured: each row is one kind of request, which its cases answer in turns."""

import dataclasses

KEYS = 10_000
VALUE = b"v" * 100
OCTETS = {"Accept": "application/octet-stream"}
JSON = {"Accept": "application/json"}
# Keys of one multi-get; webdis has no limit, the gateway's default is higher.
MANY = 100


@dataclasses.dataclass(frozen=True)
class Case:
    """One who answers: a server of stack.py, and what is particular to this measurement of it."""

    server: str
    label: str = ""
    # Where it is not the row's.
    path: str = ""
    connections: int = 64
    # The server that does not run meanwhile: it has got SIGSTOP, so that it is there and does not answer.
    stopped: str = ""

    @property
    def name(self):
        return self.label or self.server


@dataclasses.dataclass(frozen=True)
class Row:
    """One kind of request. `check` is what the body of one answer has to hold, or None."""

    title: str
    cases: tuple
    method: str = "GET"
    path: str = "/keys/{key}"
    headers: dict = dataclasses.field(default_factory=dict)
    body: str = ""
    keys: int = KEYS
    value: bytes = VALUE
    check: bytes | None = VALUE
    # What a request is divided by: the keys of a multi-get.
    units: int = 1
    # Sent at half of the requests a second that the first case can, and not as fast as possible.
    paced: bool = False


NGINX, CROSSFADE = Case("nginx"), Case("crossfade")

ROWS = {
    "get": Row(
        "GET bare bytes", (NGINX, Case("nginx", "nginx-core", "/core/{key}"), CROSSFADE, Case("floor")),
        headers=OCTETS,
    ),
    "json": Row("GET JSON", (NGINX, CROSSFADE), headers=JSON),
    # What is written is deleted in the older tier, first.
    "put": Row(
        "PUT", (NGINX, CROSSFADE, Case("crossfade-two")), "PUT", headers={"Content-Type": "text/plain"},
        body=VALUE.decode(), check=None,
    ),
    "incr": Row("POST incr", (NGINX, CROSSFADE), "POST", path="/keys/{key}/incr", value=b"1", check=b"2"),
    # Missed in the new cluster, found in the old one, nothing copied.
    "fallback": Row("GET falls back", (Case("nginx", path="/new/{key}"), Case("crossfade-old")), headers=OCTETS),
    "mget": Row(
        f"GET {MANY} keys, a key",
        (Case("webdis", path="/MGET/" + "/".join(["{key}"] * MANY)), CROSSFADE),
        path="/keys?" + "&".join(["key={key}"] * MANY), headers=JSON, units=MANY,
    ),
    "large": Row(
        "GET 100 kB", (Case("nginx", path="/large/{key}"), CROSSFADE), headers=OCTETS, keys=256,
        value=b"v" * 100_000, check=b"v" * 100_000,
    ),
    "huge": Row(
        "GET 1 MB", (Case("nginx", path="/large/{key}"), CROSSFADE), headers=OCTETS, keys=64,
        value=b"v" * 1_000_000, check=b"v" * 1_000_000,
    ),
    "paced": Row("GET at half rate", (NGINX, CROSSFADE), headers=OCTETS, paced=True),
    "connections": Row(
        "GET connections",
        tuple(
            Case(server, f"{server}, {count}", connections=count)
            for server in ("nginx", "crossfade") for count in (64, 4096)
        ),
        headers=OCTETS,
    ),
    # The last has as many connections a worker as the first.
    "workers": Row(
        "GET workers",
        (
            CROSSFADE, Case("crossfade-workers", "crossfade, 2 workers"),
            Case("crossfade-workers", "2 workers, 128 connections", connections=128),
        ),
        headers=OCTETS,
    ),
    # Hits in the primary: that the older tier hangs is no business of theirs.
    "stopped": Row(
        "GET old stopped",
        (Case("crossfade-stop", "all up"), Case("crossfade-stop", "old stopped", stopped="old")), headers=OCTETS,
    ),
}

# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""CPU time and throughput per request: the gateway beside nginx with its memc module, and beside webdis.

All have one worker, one memcached behind them, and the same load: wrk with one thread and 64 connections
that are kept. They take turns, round by round, so that a machine that gets slower or faster in the middle
does so for both; what counts is the ratio. CPU time is that of the process, from its CPU clock.
"""

import argparse
import dataclasses
import itertools
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import stack

KEYS = 10_000
VALUE = b"v" * 100
OCTETS = {"Accept": "application/octet-stream"}
JSON = {"Accept": "application/json"}
# Keys of one multi-get; webdis has no limit, the gateway's default is higher.
MANY = 100


@dataclasses.dataclass
class Row:
    """One kind of request. `check` is what the body of one answer has to hold, or None."""

    name: str
    method: str = "GET"
    # By server, where it is not `path`.
    paths: dict = dataclasses.field(default_factory=dict)
    path: str = "/keys/{key}"
    headers: dict = dataclasses.field(default_factory=dict)
    body: str = ""
    value: bytes = VALUE
    check: bytes | None = VALUE
    # What is measured; the others are compared with the first. `floor` is libmicrohttpd alone, which answers
    # everything with 100 bytes.
    servers: tuple = ("nginx", "crossfade")
    # What a request is divided by: the keys of a multi-get.
    units: int = 1


ROWS = {
    "get": Row("GET bare bytes", headers=OCTETS, servers=("nginx", "crossfade", "floor")),
    "json": Row("GET JSON", headers=JSON),
    "put": Row("PUT", "PUT", headers={"Content-Type": "text/plain"}, body=VALUE.decode(), check=None),
    "incr": Row("POST incr", "POST", path="/keys/{key}/incr", value=b"1", check=b"2"),
    # Missed in the new cluster, found in the old one, nothing copied.
    "fallback": Row(
        "GET falls back", headers=OCTETS, servers=("nginx", "crossfade-old"), paths={"nginx": "/new/{key}"}
    ),
    "mget": Row(
        f"GET {MANY} keys, a key",
        path="/keys?" + "&".join(["key={key}"] * MANY),
        headers=JSON,
        servers=("webdis", "crossfade"),
        paths={"webdis": "/MGET/" + "/".join(["{key}"] * MANY)},
        units=MANY,
    ),
}


@dataclasses.dataclass
class Sample:
    cpu_microseconds: float
    memcached_microseconds: float
    requests_per_second: float
    p99_milliseconds: float


def check_answer(server, row):
    """One request by hand: a benchmark of wrong answers is worth nothing."""
    numbers = itertools.count(7)
    path = re.sub(r"\{key\}", lambda _: f"key:{next(numbers)}", row.paths.get(server.name, row.path))
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", row.body.encode() or None, row.headers, method=row.method
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    if status >= 300 or (row.check is not None and body.count(row.check) != row.units):
        raise SystemExit(f"{server.name}: {row.name} answered {status} {body[:200]!r}")


def measure(server, memcached, row, seconds):
    script = str(pathlib.Path(__file__).with_name("wrk.lua"))
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{server.port}"]
    command += ["--", row.method, row.paths.get(server.name, row.path), str(KEYS), row.body]
    for header in row.headers.items():
        command += header
    before = server.cpu_nanoseconds(), memcached.cpu_nanoseconds()
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = server.cpu_nanoseconds(), memcached.cpu_nanoseconds()
    counts = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", output)}
    if not counts.get("requests") or counts["bad_status"] or counts["errors"]:
        raise SystemExit(f"{server.name}: {row.name} went wrong:\n{output}")
    units = counts["requests"] * row.units
    return Sample(
        (after[0] - before[0]) / 1000 / units,
        (after[1] - before[1]) / 1000 / units,
        units / (counts["microseconds"] / 1e6),
        counts["p99"] / 1000,
    )


def load(servers, row):
    """Fills what the row's servers read from. The other memcached stays empty."""
    items = [(b"key:%d" % i, row.value) for i in range(KEYS)]
    stack.load(servers["memcached"], items)
    if "webdis" in row.servers:
        stack.load_redis(servers["redis"], items)


def run_row(row, servers, options):
    """Samples by server, in alternating rounds; a first short round of each warms up and is dropped."""
    rivals = [servers[name] for name in row.servers]
    samples = {server.name: [] for server in rivals}
    for server in rivals:
        load(servers, row)
        check_answer(server, row)
        measure(server, servers["memcached"], row, 1)
    for number in range(options.rounds):
        for server in rivals if number % 2 == 0 else reversed(rivals):
            samples[server.name].append(measure(server, servers["memcached"], row, options.seconds))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return samples


def print_row(row, samples):
    def median(name, field):
        return statistics.median(getattr(sample, field) for sample in samples[name])

    baseline = median(row.servers[0], "cpu_microseconds")
    for name in samples:
        cpu = [sample.cpu_microseconds for sample in samples[name]]
        print(
            f"{row.name:<22}{name:<14}"
            f"{median(name, 'cpu_microseconds'):>9.2f}  {f'{min(cpu):.2f}-{max(cpu):.2f}':<14}"
            f"{median(name, 'cpu_microseconds') / baseline:>6.2f}"
            f"{median(name, 'requests_per_second'):>11.0f}{median(name, 'p99_milliseconds'):>9.2f}"
            f"{median(name, 'memcached_microseconds'):>11.2f}"
        )


def version(*command):
    shown = subprocess.run(command, capture_output=True, text=True)
    return (shown.stdout + shown.stderr).strip().splitlines()[0].removeprefix("nginx version: ").removeprefix("crossfade ")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds a row (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="seconds a round (default 3)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), help="what to measure")
    parser.add_argument("--binary", required=True, help="the gateway (scripts/bench gives it)")
    options = parser.parse_args()
    # nginx's worker gives up root's rights and still has to reach its folder.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfade-bench-"))
    folder.chmod(0o755)
    servers = stack.Stack(folder, options.binary)
    try:
        print(f"{version('nginx', '-v')}, {version('memcached', '-V')}, crossfade {version(options.binary, '--version')},")
        print(f"{os.cpu_count()} cores, {platform.system()} {platform.release()},")
        print(f"{len(VALUE)}-byte values, {KEYS} keys,", end=" ")
        print(f"wrk -t1 -c64, medians of {options.rounds} rounds of {options.seconds} s\n")
        print(
            f"{'request':<22}{'server':<14}{'CPU us/r':>9}  {'min-max':<14}{'ratio':>6}"
            f"{'requests/s':>11}{'p99 ms':>9}{'memcached':>11}"
        )
        for name in options.rows:
            print_row(ROWS[name], run_row(ROWS[name], servers, options))
        print("\nCPU us/r, memcached: microseconds of CPU time a request, of the server and its memcached.")
        print("nginx gives bare bytes in every row: it has no JSON form.")
        print("crossfade-old: two tiers, the first of them empty. floor: libmicrohttpd alone, answering 100 fixed")
        print("bytes without a backend. webdis: with redis behind it, and `a key` divides by the keys of a request.")
    finally:
        servers.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

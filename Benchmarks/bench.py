# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""CPU time and throughput per request: the gateway beside nginx with its memc module.

Both have one worker, one memcached behind them, and the same load: wrk with one thread and 64 connections
that are kept. They take turns, round by round, so that a machine that gets slower or faster in the middle
does so for both; what counts is the ratio. CPU time is that of the process, from its CPU clock.
"""

import argparse
import dataclasses
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


@dataclasses.dataclass
class Row:
    """One kind of request. `check` is what the body of one answer has to hold, or None."""

    name: str
    method: str = "GET"
    path: str = "/keys/{key}"
    headers: dict = dataclasses.field(default_factory=dict)
    body: str = ""
    value: bytes = VALUE
    check: bytes | None = VALUE
    # Whether libmicrohttpd alone, which answers everything with 100 bytes, is measured beside it.
    has_floor: bool = False


ROWS = {
    "get": Row("GET bare bytes", headers=OCTETS, has_floor=True),
    "json": Row("GET JSON", headers={"Accept": "application/json"}),
    "put": Row("PUT", "PUT", headers={"Content-Type": "text/plain"}, body=VALUE.decode(), check=None),
    "incr": Row("POST incr", "POST", "/keys/{key}/incr", value=b"1", check=b"2"),
}


@dataclasses.dataclass
class Sample:
    cpu_microseconds: float
    memcached_microseconds: float
    requests_per_second: float
    p99_milliseconds: float


def check_answer(server, row):
    """One request by hand: a benchmark of wrong answers is worth nothing."""
    url = f"http://127.0.0.1:{server.port}{row.path.format(key='key:7')}"
    request = urllib.request.Request(url, row.body.encode() or None, row.headers, method=row.method)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    if status >= 300 or (row.check is not None and row.check not in body):
        raise SystemExit(f"{server.name}: {row.name} answered {status} {body[:200]!r}")


def measure(server, memcached, row, seconds):
    script = str(pathlib.Path(__file__).with_name("wrk.lua"))
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{server.port}"]
    command += ["--", row.method, row.path, str(KEYS), row.body]
    for header in row.headers.items():
        command += header
    before = server.cpu_nanoseconds(), memcached.cpu_nanoseconds()
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = server.cpu_nanoseconds(), memcached.cpu_nanoseconds()
    counts = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", output)}
    if not counts.get("requests") or counts["bad_status"] or counts["errors"]:
        raise SystemExit(f"{server.name}: {row.name} went wrong:\n{output}")
    requests = counts["requests"]
    return Sample(
        (after[0] - before[0]) / 1000 / requests,
        (after[1] - before[1]) / 1000 / requests,
        requests / (counts["microseconds"] / 1e6),
        counts["p99"] / 1000,
    )


def run_row(row, servers, memcached, options):
    """Samples by server, in alternating rounds; a first short round of each warms up and is dropped."""
    samples = {server.name: [] for server in servers}
    for server in servers:
        stack.load(memcached, ((b"key:%d" % i, row.value) for i in range(KEYS)))
        check_answer(server, row)
        measure(server, memcached, row, 1)
    for number in range(options.rounds):
        for server in servers if number % 2 == 0 else reversed(servers):
            samples[server.name].append(measure(server, memcached, row, options.seconds))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return samples


def print_row(row, samples, baseline):
    def median(name, field):
        return statistics.median(getattr(sample, field) for sample in samples[name])

    for name in samples:
        cpu = [sample.cpu_microseconds for sample in samples[name]]
        ratio = median(name, "cpu_microseconds") / median(baseline, "cpu_microseconds")
        print(
            f"{row.name:<16}{name:<12}"
            f"{median(name, 'cpu_microseconds'):>9.2f}  {f'{min(cpu):.2f}-{max(cpu):.2f}':<14}{ratio:>6.2f}"
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
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=["get", "json"], help="what to measure")
    parser.add_argument("--binary", required=True, help="the gateway (scripts/bench gives it)")
    options = parser.parse_args()
    # nginx's worker gives up root's rights and still has to reach its folder.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfade-bench-"))
    folder.chmod(0o755)
    servers = []
    try:
        servers.append(memcached := stack.memcached(folder))
        servers.append(nginx := stack.nginx(folder, memcached))
        servers.append(gateway := stack.gateway(folder, memcached, options.binary))
        print(f"{version('nginx', '-v')}, {version('memcached', '-V')}, crossfade {version(options.binary, '--version')},")
        print(f"{os.cpu_count()} cores, {platform.system()} {platform.release()},")
        print(f"{len(VALUE)}-byte values, {KEYS} keys,", end=" ")
        print(f"wrk -t1 -c64, medians of {options.rounds} rounds of {options.seconds} s\n")
        print(
            f"{'request':<16}{'server':<12}{'CPU us/r':>9}  {'min-max':<14}{'ratio':>6}"
            f"{'requests/s':>11}{'p99 ms':>9}{'memcached':>11}"
        )
        servers.append(floor := stack.floor(folder))
        for name in options.rows:
            row = ROWS[name]
            rivals = [nginx, gateway, floor] if row.has_floor else [nginx, gateway]
            print_row(row, run_row(row, rivals, memcached, options), nginx.name)
        print("\nCPU us/r, memcached: microseconds of CPU time a request, of the server and its memcached.")
        print("nginx gives bare bytes in every row: it has no JSON form.")
        print("floor: libmicrohttpd alone, answering 100 fixed bytes without a backend.")
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

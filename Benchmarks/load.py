# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""The load on a row's cases, in alternating rounds, and what it measures.

A sample is a dictionary of measures: `cpu` and `memcached` are microseconds of CPU time a request, of the server
and of the memcached servers behind it; `rate` is requests a second, `p50` and `p99` are milliseconds; `busy` is
the share of one core that the load generator itself took, `repeated` how often it was tried in vain before.
"""

import contextlib
import itertools
import pathlib
import re
import resource
import subprocess
import sys
import time
import urllib.error
import urllib.request

import stack

# A round in which a request failed, as may happen on a machine that does much else, is tried so often.
TRIES = 3


class Failed(Exception):
    """Not all requests of a round were answered as they should."""


def check_answer(server, case, row):
    """One request by hand: a benchmark of wrong answers is worth nothing."""
    numbers = itertools.count(7)
    path = re.sub(r"\{key\}", lambda _: f"key:{next(numbers)}", case.path or row.path)
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", row.body.encode() or None, row.headers, method=row.method
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    if status >= 300 or (row.check is not None and body.count(row.check) != row.units):
        raise SystemExit(f"{case.name}: {row.title} answered {status} {body[:200]!r}")


def wrk(server, case, row, seconds):
    script = str(pathlib.Path(__file__).with_name("wrk.lua"))
    command = ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script]
    command += [f"http://127.0.0.1:{server.port}", "--", row.method, case.path or row.path, str(row.keys), row.body]
    for header in row.headers.items():
        command += header
    return command


def pace(server, case, row, seconds, rate, program):
    prefix = (case.path or row.path).replace("{key}", "key:")
    numbers = [server.port, case.connections, int(rate), seconds]
    return [program, *map(str, numbers), prefix, str(row.keys), row.headers["Accept"]]


def cpu_seconds(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def measure(servers, case, row, seconds, rate=None):
    server, backends = servers[case.server], servers.backends()
    if rate is None:
        command = wrk(server, case, row, seconds)
    else:
        command = pace(server, case, row, seconds, rate, servers.program("pace.c"))
    clocks = [server, *backends]
    generator, instant = cpu_seconds(resource.RUSAGE_CHILDREN), time.monotonic()
    before = [clock.cpu_nanoseconds() for clock in clocks]
    with servers[case.stopped].paused() if case.stopped else contextlib.nullcontext():
        ran = subprocess.run(command, capture_output=True, text=True)
    own, *behind = (clock.cpu_nanoseconds() - start for clock, start in zip(clocks, before))
    generator, wall = cpu_seconds(resource.RUSAGE_CHILDREN) - generator, time.monotonic() - instant
    counts = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", ran.stdout)}
    if ran.returncode or not counts.get("requests") or counts["bad_status"] or counts["errors"]:
        raise Failed(f"{case.name}: {row.title} went wrong:\n{ran.stdout}{ran.stderr}{server.last_words()}")
    units = counts["requests"] * row.units
    return {
        "cpu": own / 1000 / units,
        "memcached": sum(behind) / 1000 / units,
        "rate": units / (counts["microseconds"] / 1e6),
        "p50": counts["p50"] / 1000,
        "p99": counts["p99"] / 1000,
        "busy": generator / wall,
    }


def measure_until_it_works(*arguments):
    for repeated in range(TRIES):
        try:
            return measure(*arguments) | {"repeated": repeated}
        except Failed as failure:
            print(f"\n{failure}", file=sys.stderr)
    raise SystemExit(f"failed {TRIES} times in a row")


def fill(servers, row):
    """Fills what the row's servers read from. The other memcached servers stay empty."""
    items = [(b"key:%d" % i, row.value) for i in range(row.keys)]
    stack.load(servers["memcached"], items)
    if any(case.server == "webdis" for case in row.cases):
        stack.load_redis(servers["redis"], items)


def run_row(row, servers, options):
    """Samples by case, in alternating rounds; a first short round of each warms up and is dropped."""
    rate, samples = None, {case.name: [] for case in row.cases}
    for case in row.cases:
        # An earlier row may have left other values.
        fill(servers, row)
        check_answer(servers[case.server], case, row)
        warm = measure_until_it_works(servers, case, row, 1)
        # All at one rate: half of what the first can.
        if row.paced and rate is None:
            rate = warm["rate"] / 2
    for number in range(options.rounds):
        for case in row.cases if number % 2 == 0 else reversed(row.cases):
            samples[case.name].append(measure_until_it_works(servers, case, row, options.seconds, rate))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return samples


def try_row(row, servers):
    """Whether it would work: each case answers as it should, and the gateway under load for a second, too."""
    for case in row.cases:
        fill(servers, row)
        check_answer(servers[case.server], case, row)
    measure_until_it_works(servers, row.cases[-1], row, 1, 1000 if row.paced else None)

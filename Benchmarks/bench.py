# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""CPU time, throughput and latency: the gateway beside nginx with its memc module, and beside webdis.

All have one worker, one memcached behind them, and the same load: wrk with one thread and 64 connections
that are kept. They take turns, round by round, so that a machine that gets slower or faster in the middle
does so for both; what counts is the ratio. CPU time is that of the process, from its CPU clock.
"""

import argparse
import pathlib
import resource
import shutil
import sys
import tempfile

import load
import report
import stack
from rows import ROWS
from special import DESCRIPTORS, SPECIALS


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds a row (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="seconds a round (default 3)")
    parser.add_argument("--rows", nargs="+", choices=[*ROWS, *SPECIALS], metavar="ROW", help="what to measure: "
                        + ", ".join([*ROWS, *SPECIALS]) + " (default all)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its plot; of all rows")
    parser.add_argument("--check-only", action="store_true", help="measure nothing; fail where an answer is wrong")
    parser.add_argument("--binary", required=True, help="the gateway (scripts/bench gives it)")
    options = parser.parse_args(arguments)
    if options.write and options.rows:
        parser.error("--write is for a run of all rows")
    options.rows = options.rows or [*ROWS, *SPECIALS]
    return options


def run(name, servers, options):
    """The row's samples by case, printed as they come."""
    if name in SPECIALS:
        samples = SPECIALS[name].run(servers, options)
        report.print_special(SPECIALS[name].title, samples)
    else:
        samples = load.run_row(ROWS[name], servers, options)
        report.print_row(ROWS[name].title, samples)
    report.print_goals(name, samples)
    return samples


def attempt(name, servers):
    if name in SPECIALS:
        SPECIALS[name].attempt(servers)
    else:
        load.try_row(ROWS[name], servers)
    print(f"{name} works")


def measure(servers, options):
    facts = report.facts(options)
    print("\n".join(facts) + "\n\n" + report.HEADING)
    results = {name: run(name, servers, options) for name in options.rows}
    print("\n" + report.LEGEND)
    if options.write:
        report.write(pathlib.Path(__file__).parent.parent / "docs", facts, results)


def allow_descriptors(options):
    """As many as there may be: the row idle has ten thousand connections, here and in the gateway."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if "idle" in options.rows and not options.check_only and most < DESCRIPTORS:
        raise SystemExit(f"the row idle needs {DESCRIPTORS} descriptors, and there may be {most}: ulimit -n")


def main():
    options = options_of(sys.argv[1:])
    allow_descriptors(options)
    # nginx's worker gives up root's rights and still has to reach its folder.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfade-bench-"))
    folder.chmod(0o755)
    servers = stack.Stack(folder, options.binary)
    try:
        if options.check_only:
            for name in options.rows:
                attempt(name, servers)
        else:
            measure(servers, options)
    finally:
        servers.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

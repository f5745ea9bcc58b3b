# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""What is printed while it runs, and docs/performance.md afterwards."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

import chart
from goals import GOALS, median
from rows import KEYS, ROWS, VALUE
from special import SPECIALS

HEADING = (
    f"{'request':<22}{'server':<22}{'CPU us/r':>9}  {'min-max':<16}{'ratio':>6}"
    f"{'requests/s':>11}{'p50 ms':>8}{'p99 ms':>8}{'memcached':>11}{'wrk':>6}"
)
LEGEND = """\
CPU us/r, memcached: microseconds of CPU time a request, of the server and of the memcached servers behind it.
ratio: of the CPU time to that of the row's first. wrk: the share of a core that the load generator took.
nginx gives bare bytes in every row: it has no JSON form. nginx-core is its own memcached module, without memc.
crossfade-two: an older tier, too. crossfade-old: an older tier, and the first empty. floor: libmicrohttpd alone,
answering 100 fixed bytes without a backend. webdis: with redis behind it. `a key` divides by a request's keys."""


def print_row(title, samples):
    baseline = median(next(iter(samples.values())), "cpu")
    for name, rounds in samples.items():
        cpu = [sample["cpu"] for sample in rounds]
        print(
            f"{title:<22}{name:<22}{median(rounds, 'cpu'):>9.2f}  {f'{min(cpu):.2f}-{max(cpu):.2f}':<16}"
            f"{median(rounds, 'cpu') / baseline:>6.2f}{median(rounds, 'rate'):>11.0f}"
            f"{median(rounds, 'p50'):>8.2f}{median(rounds, 'p99'):>8.2f}{median(rounds, 'memcached'):>11.2f}"
            f"{median(rounds, 'busy'):>6.0%}",
            flush=True,
        )


def print_special(title, samples):
    for name, rounds in samples.items():
        for measure in rounds[0]:
            numbers = [sample[measure] for sample in rounds]
            span = f"{min(numbers):.2f}-{max(numbers):.2f}"
            print(f"{title:<22}{name:<22}{median(rounds, measure):>9.2f}  {span:<16}{measure}", flush=True)


def print_goals(row, samples):
    for goal in GOALS:
        if goal.row == row:
            print(goal_line(goal, goal.value(samples)), flush=True)


def goal_line(goal, value):
    return f"  {goal.work}: {shown(goal, value)}, must be {bound(goal, goal.must)}: {goal.verdict(value)}"


def shown(goal, value):
    return f"{value:.1f} {goal.unit}" if goal.unit else f"{value:.2f}"


def bound(goal, limit):
    return f"{'≥' if goal.at_least else '≤'} {f'{limit:g} {goal.unit}' if goal.unit else f'{limit:.2f}'}"


def output(*command):
    """The first line of what a program prints; nginx prints its version as if that were an error."""
    ran = subprocess.run(command, capture_output=True, text=True, cwd=pathlib.Path(__file__).parent)
    lines = (ran.stdout + ran.stderr).splitlines()
    return lines[0].strip() if lines and ran.returncode == 0 else ""


def package(name):
    return f"{name} {output('dpkg-query', '-W', '-f', '${Version}', name) or '?'}"


def commit():
    changes = ", with changes" if output("git", "status", "--porcelain", "--", "../Sources") else ""
    return output("git", "rev-parse", "--short=12", "HEAD") + changes


def processor():
    models = re.findall(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return f"{os.cpu_count()} × {models[0] if models else platform.machine()}"


def facts(options):
    """On what it is measured, and how."""
    modules = "libmicrohttpd-dev libnginx-mod-http-memc webdis wrk"
    return [
        f"{processor()}, {platform.system()} {platform.release()}, {datetime.date.today()}, "
        f"load average before it began {os.getloadavg()[0]:.1f}",
        f"{output(options.binary, '--version')}, commit {commit()}",
        f"{output('nginx', '-v').removeprefix('nginx version: ')}, {output('memcached', '-V')}, "
        + output("redis-server", "--version").split(" sha=")[0],
        "Debian packages " + ", ".join(package(name) for name in modules.split()),
        f"{len(VALUE)}-byte values, {KEYS} keys, wrk -t1 -c64, medians of {options.rounds} rounds of "
        f"{options.seconds} s",
    ]


def goals_table(results):
    lines = ["| work | measured | must | aim | |", "|---|---:|---:|---:|---|"]
    for goal in GOALS:
        value = goal.value(results[goal.row])
        verdict = goal.verdict(value)
        lines.append(
            f"| {goal.work} | {shown(goal, value)} | {bound(goal, goal.must)} | {bound(goal, goal.aim)} "
            f"| {verdict if goal.is_met(value) else f'**{verdict}**'} |"
        )
    return lines


def notes(results):
    """Of goals that are missed, why: an empty line before them, for they follow a paragraph."""
    missed = [goal for goal in GOALS if goal.note and not goal.is_met(goal.value(results[goal.row]))]
    return ["", *(f"* **{goal.work}**: {goal.note}" for goal in missed)] if missed else []


def loads_table(results):
    lines = [
        "| row | server | CPU µs a request | from, to | ratio | requests/s | p50 ms | p99 ms | from, to "
        "| memcached's CPU µs | load generator |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row, title in ((row, ROWS[row].title) for row in results if row in ROWS):
        baseline = median(next(iter(results[row].values())), "cpu")
        for name, rounds in results[row].items():
            cells = [
                title, name, f"{median(rounds, 'cpu'):.2f}", span(rounds, "cpu"),
                f"{median(rounds, 'cpu') / baseline:.2f}", f"{median(rounds, 'rate'):.0f}",
                f"{median(rounds, 'p50'):.2f}", f"{median(rounds, 'p99'):.2f}", span(rounds, "p99"),
                f"{median(rounds, 'memcached'):.2f}", f"{median(rounds, 'busy'):.0%}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def repetitions(results):
    counts = {
        f"{ROWS[row].title}, {name}": sum(sample["repeated"] for sample in rounds)
        for row in results if row in ROWS for name, rounds in results[row].items()
    }
    told = [f"{name}: {count}" for name, count in counts.items() if count]
    return ["Rounds that were repeated: " + ("; ".join(told) or "none") + "."]


def specials_table(results):
    lines = ["| row | server | median | from, to | |", "|---|---|---:|---:|---|"]
    for row in (row for row in results if row in SPECIALS):
        for name, rounds in results[row].items():
            for measure in rounds[0]:
                cells = [SPECIALS[row].title, name, f"{median(rounds, measure):.2f}", span(rounds, measure), measure]
                lines.append(f"| {' | '.join(cells)} |")
    return lines


def span(rounds, measure):
    numbers = [sample[measure] for sample in rounds]
    return f"{min(numbers):.2f}, {max(numbers):.2f}"


def write(folder, facts, results):
    text = pathlib.Path(__file__).with_name("performance.md").read_text()
    parts = {
        "facts": [f"* {fact}" for fact in facts], "goals": goals_table(results), "notes": notes(results),
        "loads": loads_table(results),
        "repeated": repetitions(results), "specials": specials_table(results),
    }
    for name, lines in parts.items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    (folder / "performance.md").write_text(text)
    (folder / "performance.svg").write_text(chart.draw([(goal, goal.value(results[goal.row])) for goal in GOALS]))

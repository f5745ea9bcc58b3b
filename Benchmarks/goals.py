# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""What the numbers have to be: the one table of goals, and how far from them a measurement is."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Goal:
    """`measure` of the case `subject` of a row, divided by that of `peer`, is at most `must`.

    Without a peer it is the number itself, and with `at_least` it is at least `must`. The note is for when it is
    missed: why, and what was tried.
    """

    row: str
    work: str
    measure: str
    subject: str
    peer: str | None
    must: float
    aim: float
    at_least: bool = False
    unit: str = ""
    note: str = ""

    def value(self, samples):
        number = median(samples[self.subject], self.measure)
        return number / median(samples[self.peer], self.measure) if self.peer else number

    def is_met(self, value):
        return value >= self.must if self.at_least else value <= self.must

    def verdict(self, value):
        reached_aim = value >= self.aim if self.at_least else value <= self.aim
        distance = f"{abs(value - self.must) / self.must:.0%}"
        if self.is_met(value):
            return f"met by {distance}" + (", and the aim" if reached_aim else "")
        return f"missed by {distance}"


def median(samples, measure):
    return statistics.median(sample[measure] for sample in samples)


# The words of `work` stand in docs/performance.md. Measures are those of load.py and special.py.
GOALS = (
    Goal(
        "get", "GET, bare bytes: CPU against nginx-memc", "cpu", "crossfade", "nginx", 0.50, 0.42,
        note="libmicrohttpd alone, which asks nobody, is just below the goal (`floor` below). Most of a GET is the "
        "kernel's, in the one receive and the one send that either needs. Tried without a gain: one run of the library "
        "a turn in place of two.",
    ),
    Goal("json", "GET, JSON: CPU against nginx-memc, which passes bytes", "cpu", "crossfade", "nginx", 0.65, 0.55),
    Goal("get", "GET, bare bytes: CPU against libmicrohttpd alone", "cpu", "crossfade", "floor", 1.35, 1.2),
    Goal("fallback", "GET that falls back: CPU against nginx doing so", "cpu", "crossfade-old", "nginx", 0.45, 0.35),
    Goal("put", "PUT, strict, two tiers: CPU against nginx-memc's one set", "cpu", "crossfade-two", "nginx", 0.80, 0.6),
    Goal("incr", "incr: CPU against nginx-memc", "cpu", "crossfade", "nginx", 0.60, 0.5),
    Goal("mget", "GET of 100 keys, JSON: CPU a key against webdis", "cpu", "crossfade", "webdis", 1.25, 0.75),
    Goal("large", "GET of 100 kB: requests/s against nginx-memc", "rate", "crossfade", "nginx", 1.0, 1.3, True),
    Goal(
        "huge", "GET of 1 MB: requests/s against nginx-memc", "rate", "crossfade", "nginx", 1.0, 1.3, True,
        note="A value is here as a whole before any of it is sent, and so has left the processor's cache; nginx passes "
        "on each 112 kB as they come. Collecting it where it is sent from, and larger reads, have helped.",
    ),
    Goal("get", "GET, 64 connections at full load: p99 against nginx-memc", "p99", "crossfade", "nginx", 1.0, 0.7),
    Goal("paced", "GET, half of nginx's most a second: p99 against nginx-memc", "p99", "crossfade", "nginx", 1.0, 0.7),
    Goal(
        "connections", "GET, 4096 connections: CPU against 64", "cpu", "crossfade, 4096", "crossfade, 64", 1.5, 1.25,
        note="Opening the connections is little of it: 8 s cost hardly less a request than 1 s. What nginx pays for so "
        "many is in its row below.",
    ),
    Goal(
        "workers", "GET, two workers: CPU against one", "cpu", "crossfade, 2 workers", "crossfade", 1.1, 1.0,
        note="Each worker finds half as many requests in a turn, and what a turn costs is divided by fewer.",
    ),
    Goal("stopped", "GET, the older tier stopped: p99 against all up", "p99", "old stopped", "all up", 1.1, 1.0),
    Goal("idle", "An idle connection of 10000: memory", "kilobytes", "crossfade", None, 10, 5, unit="kB"),
    Goal("start", "Start to the first answer", "milliseconds", "crossfade", None, 50, 20, unit="ms"),
    Goal("start", "Memory of an idle gateway (RSS)", "megabytes", "crossfade", None, 25, 15, unit="MB"),
)

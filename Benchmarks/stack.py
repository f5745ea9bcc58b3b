# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""The processes that a measurement needs, each on a free port of its own, ended by their ids."""

import contextlib
import ctypes
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(server):
    """Until it accepts connections, at the most ten seconds."""
    deadline = time.monotonic() + 10
    while server.lives() and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
            return
        time.sleep(0.01)
    raise SystemExit(f"{server.name} did not start")


class Server:
    """A running process and its children, listening on 127.0.0.1:port."""

    def __init__(self, name, command, port, log, wait):
        self.name, self.port = name, port
        self.log = pathlib.Path(log)
        started = time.monotonic()
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            wait(self)
        except BaseException:
            self.stop()
            print(self.last_words(), file=sys.stderr)
            raise
        self.seconds_to_start = time.monotonic() - started

    def last_words(self):
        """The end of what it has logged."""
        return "\n".join(self.log.read_text().splitlines()[-20:])

    def lives(self):
        return self.process.poll() is None

    def ids(self):
        """Of the process and its children."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def cpu_nanoseconds(self):
        """CPU time of all threads of the process and its children, from their CPU clocks."""
        return sum(time.clock_gettime_ns(cpu_clock(process_id)) for process_id in self.ids())

    def memory_kilobytes(self):
        """What of it is in RAM, in units of 1000 bytes; what it shares with its children is in there twice."""
        texts = (pathlib.Path(f"/proc/{process_id}/smaps_rollup").read_text() for process_id in self.ids())
        return sum(int(re.search(r"^Rss: +(\d+) kB", text, re.M)[1]) * 1.024 for text in texts)

    @contextlib.contextmanager
    def paused(self):
        """It stays connected meanwhile and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self):
        # SIGTERM is the quick way out for each of them.
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cpu_clock(process_id):
    clock = ctypes.c_int()
    error = ctypes.CDLL(None).clock_getcpuclockid(process_id, ctypes.byref(clock))
    if error:
        raise OSError(error, f"no CPU clock of process {process_id}")
    return clock.value


class Stack:
    """Starts servers when they are first asked for, by name, and ends all of them."""

    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary
        self.running, self.programs = {}, {}
        self.wait = wait_for_port

    def __getitem__(self, name):
        if name not in self.running:
            self.running[name] = self.start(name)
        return self.running[name]

    def start(self, name):
        return getattr(self, "start_" + name.replace("-", "_"))(name)

    @contextlib.contextmanager
    def fresh(self, name, wait=wait_for_port):
        """One of its own, which ends with the block."""
        # What stands behind it is there first.
        self[name]
        self.wait = wait
        try:
            server = self.start(name)
        finally:
            self.wait = wait_for_port
        try:
            yield server
        finally:
            server.stop()

    def backends(self):
        return [self.running[name] for name in ("memcached", "empty", "old") if name in self.running]

    def stop(self):
        for server in reversed(self.running.values()):
            server.stop()

    def launch(self, name, command, port):
        return Server(name, command, port, self.folder / f"{name}.log", self.wait)

    def program(self, source, *libraries):
        """The path of what a C file of this folder is compiled to. clang comes with the Swift toolchain."""
        if source not in self.programs:
            built = self.folder / pathlib.Path(source).stem
            file = pathlib.Path(__file__).with_name(source)
            subprocess.run(["clang", "-O2", "-o", built, file, *libraries], check=True)
            self.programs[source] = str(built)
        return self.programs[source]

    def start_memcached(self, name):
        port = free_port()
        # Run as root it wants to be told whose rights to take; it ignores this otherwise.
        command = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-u", "nobody"]
        # Values of a megabyte, and as many connections as nginx makes for 4,096 requests at once.
        return self.launch(name, [*command, "-m", "512", "-I", "2m", "-c", "16384", "-b", "4096"], port)

    # The new cluster of a migration, which has nothing yet, and the old one of which nobody wants anything.
    start_empty = start_old = start_memcached

    def start_nginx(self, name):
        port, config = free_port(), self.folder / f"nginx-{len(list(self.folder.glob('*.conf')))}.conf"
        words = {
            "folder": self.folder, "modules": "/usr/lib/nginx/modules", "port": port, "large_buffer": "112k",
            "memcached": self["memcached"].port, "empty": self["empty"].port,
        }
        template = pathlib.Path(__file__).with_name("nginx.conf").read_text()
        config.write_text(re.sub(r"@(\w+)@", lambda word: str(words[word[1]]), template))
        command = ["nginx", "-p", self.folder, "-c", config, "-e", self.folder / "nginx-start.log"]
        return self.launch(name, command, port)

    def start_crossfade(self, name):
        return self.gateway(name, "memcached")

    def start_crossfade_workers(self, name):
        return self.gateway(name, "memcached", "--workers", "2")

    def start_crossfade_two(self, name):
        return self.gateway(name, "memcached empty")

    def start_crossfade_stop(self, name):
        return self.gateway(name, "memcached old")

    def start_crossfade_old(self, name):
        return self.gateway(name, "empty memcached", "--backfill", "off")

    def gateway(self, name, tiers, *settings):
        port = free_port()
        command = [self.binary, "serve", "--listen", f"127.0.0.1:{port}", "--admin", "off"]
        for tier in tiers.split():
            command += ["--tier", f"{tier}=127.0.0.1:{self[tier].port}"]
        if "--workers" not in settings:
            command += ["--workers", "1"]
        return self.launch(name, [*command, *settings], port)

    def start_floor(self, name):
        """libmicrohttpd alone: what no gateway on it can be cheaper than."""
        port, program = free_port(), self.program("floor.c", "-lmicrohttpd")
        return self.launch(name, [program, str(port)], port)

    def start_redis(self, name):
        port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        return self.launch(name, command, port)

    def start_webdis(self, name):
        port, config = free_port(), self.folder / "webdis.json"
        settings = {
            "redis_host": "127.0.0.1", "redis_port": self["redis"].port, "http_host": "127.0.0.1",
            "http_port": port, "threads": 1, "pool_size": 20, "daemonize": False, "verbosity": 1,
            "logfile": str(self.folder / "webdis-own.log"),
        }
        config.write_text(json.dumps(settings))
        return self.launch(name, ["webdis", str(config)], port)


def load(backend, items):
    """Sets each (key, value) in memcached and waits for every answer."""
    exchange(backend, ((b"set %b 0 0 %d\r\n%b\r\n" % (key, len(value), value), b"STORED\r\n") for key, value in items))


def load_redis(backend, items):
    exchange(
        backend,
        (
            (b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(key), key, len(value), value), b"+OK\r\n")
            for key, value in items
        ),
    )


def exchange(backend, lines):
    address = ("127.0.0.1", backend.port)
    with socket.create_connection(address) as connection, connection.makefile("rb") as replies:
        for request, expected in lines:
            connection.sendall(request)
            if replies.readline() != expected:
                raise SystemExit(f"{backend.name} did not take {request[:60]}")

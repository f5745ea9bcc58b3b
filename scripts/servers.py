# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""The programs that check-http and check-examples talk to, each ended by its process id with its block."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = os.environ.get("CROSSFADE_BINARY", str(ROOT / ".build/debug/crossfade"))
# `PATH` alone: a variable of the one who tests could be a setting.
ENVIRONMENT = {"PATH": os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin"}
# For anything that is waited for.
SECONDS = 20


class Failure(Exception):
    """What keeps a check from being made."""


class Memcached:
    """A server at a Unix socket: nobody else can take its place, as a free port can be taken."""

    def __init__(self, path):
        self.path = path
        self.runs, self.answers = True, True
        command = ["memcached", "-s", str(path), "-m", "64"]
        if os.geteuid() == 0:
            # It wants to be told whose rights to take.
            command += ["-u", "root"]
        self.process = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        wait_until(self._listens, "memcached does not listen")

    def _listens(self):
        try:
            return self.ask(b"version\r\n", b"\r\n").startswith(b"VERSION")
        except OSError:
            return False

    @property
    def node(self):
        """What the gateway calls it."""
        return f"unix:{self.path}"

    def ask(self, request, end):
        """Its reply, up to `end`."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SECONDS)
            connection.connect(str(self.path))
            connection.sendall(request)
            reply = b""
            while not reply.endswith(end):
                piece = connection.recv(65536)
                if not piece:
                    raise Failure(f"memcached answers {reply} to {request}")
                reply += piece
            return reply

    def set(self, key, value, flags=0, ttl=0):
        """Stores an item, and reads it once."""
        head = f"set {key} {flags} {ttl} {len(value)}\r\n".encode()
        if (reply := self.ask(head + value + b"\r\n", b"\r\n")) != b"STORED\r\n":
            raise Failure(f"memcached answers {reply} to a set")
        self.ask(f"get {key}\r\n".encode(), b"END\r\n")

    def flush(self):
        self.ask(b"flush_all\r\n", b"OK\r\n")

    def stop(self):
        """Lets it take connections and answer nothing."""
        self.answers = False
        self.process.send_signal(signal.SIGSTOP)
        # Until it has come to all its threads.
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def end(self):
        self.runs, self.answers = False, False
        self.process.kill()
        self.process.wait()


class Gateway:
    """A gateway on free ports, both of whose listeners answer."""

    def __init__(self, *arguments):
        command = [BINARY, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                   "--log-format", "text", *arguments]
        self.process = subprocess.Popen(
            command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.log = []
        # With which it is asked.
        self.headers = {}
        # (host, port) by the listener's name.
        self.addresses = {}
        for line in self.process.stderr:
            self.log.append(line)
            if " listening " in line:
                facts = dict(re.findall(r"(\w+)=(\S+)", line))
                host, port = facts["address"].rsplit(":", 1)
                self.addresses[facts["listener"]] = (host, int(port))
            if len(self.addresses) == 2:
                break
        else:
            raise Failure(f"the gateway does not listen:\n{''.join(self.log)}")
        # Read on, or a log that fills the pipe would stop it.
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()

    def nodes(self):
        """What `/tiers` says of every node."""
        connection = http.client.HTTPConnection(*self.addresses["admin"], timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", "/tiers", headers=self.headers)
            tiers = json.load(connection.getresponse())["tiers"]
        return [node for tier in tiers for node in tier["nodes"]]

    def wait_for(self, state, *names):
        """Until each of these nodes is in this state."""

        def holds():
            return all(node["state"] == state for node in self.nodes() if node["name"] in names)

        wait_until(holds, f"one of {names} is not {state}")

    def read(self, key):
        connection = http.client.HTTPConnection(*self.addresses["data"], timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", f"/keys/{key}", headers=self.headers)
            connection.getresponse().read()

    def leave(self):
        """Has it drain, and waits until it says that it does."""
        self.process.terminate()

        def is_leaving():
            connection = http.client.HTTPConnection(*self.addresses["admin"], timeout=SECONDS)
            with contextlib.closing(connection):
                connection.request("GET", "/readyz", headers=self.headers)
                return connection.getresponse().status == 503

        wait_until(is_leaving, "it does not drain")

    def check(self):
        """Whether it still runs."""
        if self.process.poll() is not None:
            log = "".join(self.log[-50:])
            raise Failure(f"the gateway ended with {self.process.returncode}:\n{log}")

    def end(self):
        self.process.kill()
        self.process.wait()


def wait_until(holds, otherwise):
    """For states that no program tells of by itself."""
    limit = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > limit:
            raise Failure(otherwise)
        time.sleep(0.02)


@contextlib.contextmanager
def ending(program):
    try:
        yield program
    finally:
        program.end()

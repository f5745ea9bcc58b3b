# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""How check-examples provokes each status of each operation: what is behind the gateway, what is asked."""

import contextlib
import dataclasses
import hashlib
import pathlib
import socketserver
import tempfile
import threading
import urllib.parse

import servers

KEY = "user:42"
COUNTER = "visits"
TAG = '"6c1f0b7e5f3c91aa.1724"'
# Longer than the memory that a request's head has.
TOO_LONG = "x" * 9000
# The same for every node that the description shows.
NODES = {"new": "a:11211", "old": "b:11211", "oldest": "c:11211"}

# By the names of their owners.
TOKENS = {"web": "a-token-for-tests", "ops": "another"}
WEB = f"Authorization: Bearer {TOKENS['web']}"
OPS = f"Authorization: Bearer {TOKENS['ops']}"


@dataclasses.dataclass
class Case:
    """A request, and the status that it is to be answered with."""

    operation: str
    # None: any that is described but 400.
    status: int | None
    stage: str = "two"
    key: str = KEY
    # Of a path with `{name}`.
    tier: str = "old"
    # What the tiers have before: (tier, key, value, flags, ttl).
    items: tuple = ()
    # In place of what the operation's examples say.
    method: str | None = None
    query: str | None = None
    headers: tuple = ()
    # None: the first example of a body that the operation has; b"": none.
    body: bytes | None = None
    version: str = "HTTP/1.1"
    # Is asked until the answer is that of an example: a state that comes by itself.
    is_repeated: bool = False


class FakeServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A classic server that is asked who it is, and fails whatever else is asked."""

    daemon_threads = True
    runs, answers = True, False
    block_on_close = False

    def __init__(self, path, error):
        super().__init__(str(path), FakeConnection)
        self.node = f"unix:{path}"
        self.error = error
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()


class FakeConnection(socketserver.StreamRequestHandler):
    ANSWERS = {b"version": b"VERSION 1.4.25\r\n", b"mn": b"ERROR\r\n", b"stats": b"END\r\n"}

    def handle(self):
        for line in self.rfile:
            words = line.split()
            if words[0] in (b"set", b"add", b"replace", b"cas", b"append", b"prepend"):
                self.rfile.read(int(words[4]) + 2)
            self.wfile.write(self.ANSWERS.get(words[0], self.server.error + b"\r\n"))


class Stage:
    """A gateway with its tiers, of which something is as `name` says."""

    def __init__(self, name):
        self.name = name
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        # By name.
        self.servers = {}
        arguments = getattr(self, f"_{name}")()
        self.gateway = self._keep(servers.Gateway("--workers", "1", *arguments))
        self.names = {server.node: NODES[name] for name, server in self.servers.items()}
        if name == "guarded":
            self.gateway.headers["Authorization"] = f"Bearer {TOKENS['ops']}"
        self.gateway.wait_for("up", *(server.node for server in self.servers.values() if server.runs))
        if after := getattr(self, f"_after_{name}", None):
            after()

    @property
    def is_spent(self):
        """Whether it is for one request only."""
        return self.name == "hung"

    def end(self):
        self.stack.close()

    def prepare(self, items):
        for server in self.servers.values():
            if server.answers:
                server.flush()
        for name, *item in items:
            self.servers[name].set(*item)

    def _keep(self, program):
        return self.stack.enter_context(servers.ending(program))

    def _tiers(self, **tiers):
        """A server for each name, and the flags that say so."""
        flags = []
        for tier, names in tiers.items():
            for name in names:
                if name not in self.servers:
                    self.servers[name] = self._keep(servers.Memcached(self.folder / name))
            flags += ["--tier", f"{tier}=" + ",".join(self.servers[name].node for name in names)]
        return flags

    def _end(self, name):
        self.servers[name].end()
        self.gateway.wait_for("ejected", self.servers[name].node)

    # Both tiers work.
    def _two(self):
        return self._tiers(new=["new"], old=["old"])

    # The primary speaks the classic protocol only.
    def _classic(self):
        return [*self._two(), "--protocol", "new=classic"]

    # A third tier has never been there, and the second speaks the classic protocol.
    def _three(self):
        flags = self._tiers(new=["new"], old=["old"], oldest=["oldest"])
        self.servers["oldest"].end()
        return [*flags, "--protocol", "old=classic"]

    def _after_three(self):
        self.gateway.wait_for("ejected", self.servers["oldest"].node)

    # The primary is down.
    def _down(self):
        return self._two()

    def _after_down(self):
        self._end("new")

    # One of the primary's nodes is down. By these labels it has the place of user:44, and of the others not.
    def _half(self):
        flags = self._tiers(new=["new", "oldest"])
        self.servers["new"].end()
        return [*flags, "--labels", "new=cache1,cache2"]

    def _after_half(self):
        self.gateway.wait_for("ejected", self.servers["new"].node)

    # The older tier is down.
    def _owing(self):
        return [*self._two(), "--protocol", "old=classic"]

    def _after_owing(self):
        self._end("old")

    # The primary takes requests and does not answer. After some it is not asked any more: a stage for each.
    def _hung(self):
        return [*self._two(), "--operation-timeout", "300ms", "--node-timeout", "300ms"]

    def _after_hung(self):
        self.servers["new"].stop()

    # The primary fails, in one way and in the other.
    def _failing(self):
        return self._fake(b"SERVER_ERROR internal error")

    def _full(self):
        return self._fake(b"SERVER_ERROR out of memory storing object")

    def _fake(self, error):
        self.servers["new"] = self._keep(FakeServer(self.folder / "new", error))
        return self._two()

    # Who asks needs a token.
    def _guarded(self):
        hashes = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in TOKENS.items()}
        file = self.folder / "tokens"
        file.write_text(f"web sha256:{hashes['web']} read,write web:\nops sha256:{hashes['ops']} admin\n")
        return [*self._two(), "--tokens", str(file)]

    # A second request within a second is one too many.
    def _limited(self):
        return [*self._two(), "--rate-limit", "1"]

    # Tiers that change.
    def _changed(self):
        return self._two()

    # Nothing has been read.
    def _fresh(self):
        return self._two()

    # What is read is in the older tier at first.
    def _moving(self):
        return [*self._two(), "--migration-window", "1s", "--migration-min-reads", "1"]

    def _after_moving(self):
        self._read_from("old")

    # What is read is in the primary.
    def _moved(self):
        return self._moving()

    def _after_moved(self):
        self._read_from("new")

    def _read_from(self, name):
        """Has items of that server read, until the stage ends."""
        is_ended = threading.Event()

        def read():
            number = 0
            while not is_ended.wait(0.01):
                number += 1
                self.servers[name].set(f"key{number}", b"x")
                for _ in range(2):
                    self.gateway.read(f"key{number}")

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        self.stack.callback(thread.join)
        self.stack.callback(is_ended.set)

    # Is about to drain.
    def _leaving(self):
        return [*self._two(), "--drain-delay", "60s"]

    def _after_leaving(self):
        self.gateway.leave()

    # The primary is said to be a proxy.
    def _proxy(self):
        return [*self._two(), "--protocol", "new=proxy"]


ITEM = ("new", KEY, b'{"name":"Ada"}', 0, 283)
OLD_BYTES = ("old", "thumb:42", b"\xff\xd8\xff\xe0\x00\x10", 1, 0)
HELLO = ("new", KEY, b"hello", 7, 0)
NUMBER = ("new", COUNTER, b"42")
LOVELACE = ("new", KEY, b"Ada Lovelace", 0, 283)


OLD_FIRST = dict(
    headers=("Content-Type: application/json",),
    body=b'{"tiers":[{"name":"old","nodes":["memory:1MiB"]},{"name":"new","nodes":["memory:1MiB"]}]}',
)


def of_status(operation, status):
    """The request that any operation with this status answers with it, if there is one for all."""
    many = {
        400: dict(headers=("Content-Length: 0", "Content-Length: 0"), body=b""),
        401: dict(stage="guarded"),
        # Of many keys each is refused for itself, where the right to read is there.
        403: dict(stage="guarded", headers=(OPS if operation.id == "getItems" else WEB,)),
        405: dict(method="PATCH"),
        406: dict(headers=("Accept: image/png",)),
        413: dict(headers=("Content-Length: 99999999",), body=b""),
        414: dict(query=f"x={TOO_LONG}"),
        417: dict(headers=("Expect: the best",)),
        429: dict(stage="limited", is_repeated=True),
        431: dict(headers=(f"X-Long: {TOO_LONG}",)),
        505: dict(version="HTTP/2.0"),
        # What may have to create a counter is waited for.
        202: dict(headers=("Prefer: respond-async",), body=b"" if operation.counts else None),
        415: dict(headers=("Content-Type: text/csv",), body=b"x"),
        502: dict(stage="failing"),
        503: dict(stage="down"),
        504: dict(stage="hung"),
        507: dict(stage="full"),
    }
    if status == 415 and operation.takes_values:
        many[415] = dict(headers=("Content-Encoding: gzip",))
    if operation.id in ("putTiers", "patchTier"):
        # Tiers that are down can be changed, and another method of the path is one that there is.
        many = {other: case for other, case in many.items() if other not in (405, 503)}
    if operation.id == "putTiers":
        many[405] = dict(method="PATCH")
    if status not in many:
        return None
    key = COUNTER if operation.counts else KEY
    return Case(operation.id, status, key=key, **many[status])


def json_body(text):
    return dict(headers=("Content-Type: application/json",), body=text.encode())


def with_parameter(operation, node, example):
    """The request with an example of a parameter."""
    name, query, headers = node["name"], None, ()
    if node["in"] == "header":
        headers = (f"{name}: {example}",)
    elif node["in"] == "query":
        pairs = [(name, example)]
        if name == "ttl" and operation.counts:
            # The ttl of a counter that gets created.
            pairs.append(("initial", 0))
        if name == "delay":
            pairs += operation.required_query()
        query = urllib.parse.urlencode(pairs, doseq=True)
    # What is in the query is not in a body.
    body = None if query is None else b""
    key = COUNTER if operation.counts else KEY
    return Case(operation.id, None, key=key, query=query, headers=headers, body=body)


SPECIFIC = [
    Case("getItem", 200, items=(ITEM,)),
    Case("getItem", 200, items=(OLD_BYTES,), key="thumb:42"),
    Case("getItem", 200, items=(("old", KEY, b"x", 0, 283),), headers=("Prefer: wait=5, timing",)),
    Case("getItem", 200, items=(HELLO,), headers=("Accept: application/octet-stream",)),
    Case("getItem", 200, items=(HELLO,), headers=("Accept: text/plain",)),
    Case("getItem", 304, items=(ITEM,), headers=("If-None-Match: *",)),
    Case("getItem", 400, key="k" * 251),
    Case("getItem", 401, stage="guarded", headers=("Authorization: Bearer wrong",)),
    Case("getItem", 404),
    Case("getItem", 404, headers=("Accept: text/plain", "Prefer: wait=5")),
    Case("getItem", 412, items=(ITEM,), headers=(f"If-Match: {TAG}",)),
    Case("headItem", 200, items=(ITEM,)),
    Case("headItem", 304, items=(ITEM,), headers=("If-None-Match: *",)),
    Case("headItem", 404),
    Case("headItem", 412, items=(ITEM,), headers=(f"If-Match: {TAG}",)),
    Case("putItem", 201, headers=("If-None-Match: *", "Content-Type: text/plain"), body=b"x"),
    Case("putItem", 204),
    Case("putItem", 204, stage="owing"),
    Case("putItem", 412, items=(ITEM,), headers=(f"If-Match: {TAG}", "Content-Type: text/plain"), body=b"x"),
    Case("putItem", 501, stage="proxy", headers=(f"If-Match: {TAG}",)),
    Case("putItem", 413, headers=("Content-Type: text/plain", "Content-Length: 1048577"), body=b""),
    Case("deleteItem", 204, items=(ITEM,)),
    Case("deleteItem", 204, stage="owing", items=(ITEM,)),
    Case("deleteItem", 204, stage="owing", key="user:43", items=(ITEM,)),
    Case("deleteItem", 404),
    Case("deleteItem", 412, items=(ITEM,), headers=(f"If-Match: {TAG}",)),
    Case("deleteItem", 501, stage="classic", items=(ITEM,), headers=(f"If-Match: {TAG}",)),
    Case("append", 204, items=(ITEM,)),
    Case("append", 404),
    Case("prepend", 204, items=(ITEM,)),
    Case("prepend", 404),
    Case("touch", 204, items=(ITEM,)),
    Case("touch", 404),
    Case("getItems", 200, stage="half", items=(("oldest", KEY, b"Ada"),)),
    Case("batch", 200, items=(("new", KEY, b"Ada"), ("new", "user:43", b"x"))),
    Case("isAlive", 200),
    Case("isAlive", 200, headers=("Accept: text/plain",)),
    Case("isReady", 200),
    Case("isReady", 200, headers=("Accept: text/plain",)),
    Case("isReady", 503, stage="down", is_repeated=True),
    Case("getMetrics", 200),
    Case("getVersion", 200),
    Case("getVersion", 200, headers=("Accept: text/plain",)),
    Case("getDescription", 200),
    Case("getTiers", 200, stage="owing", is_repeated=True),
    Case("getTiers", 200, headers=("Accept: text/plain",)),
    # On a stage of their own, as others would see what they change.
    Case("putTiers", 200, stage="changed"),
    Case("putTiers", 200, stage="changed", headers=("Accept: text/plain",)),
    Case("putTiers", 409, stage="owing", **OLD_FIRST),
    Case("putTiers", 503, stage="leaving"),
    Case("patchTier", 200, stage="changed"),
    Case("patchTier", 200, stage="changed", headers=("Accept: text/plain",)),
    Case("patchTier", 404, tier="nwe"),
    Case("patchTier", 405, method="GET"),
    Case("patchTier", 503, stage="leaving"),
    Case("getMigration", 200, stage="moving", is_repeated=True),
    Case("getMigration", 200, stage="moving", headers=("Accept: text/plain",), is_repeated=True),
    Case("getMigrationVerdict", 200, stage="moved", is_repeated=True),
    Case("getMigrationVerdict", 200, stage="moved", headers=("Accept: text/plain",), is_repeated=True),
    Case("getMigrationVerdict", 503, stage="fresh"),
    Case("getMigrationVerdict", 503, stage="fresh", headers=("Accept: text/plain",)),
    Case("getMigrationVerdict", 503, stage="down"),
    Case("getStats", 200, stage="owing", is_repeated=True),
    Case("getStats", 200, headers=("Accept: text/plain",)),
    Case("getStats", 404, query="tier=nwe"),
    Case("flush", 200),
    Case("flush", 200, headers=("Accept: text/plain",)),
    Case("flush", 404, query="tier=nwe"),
    Case("flush", 501, stage="proxy"),
    Case("whereKey", 200, stage="three", items=(LOVELACE, ("old", KEY, b"Ada Lovelace"))),
    Case("whereKey", 200, items=(LOVELACE,), headers=("Accept: text/plain",)),
]
for name in ("increment", "decrement"):
    SPECIFIC += [
        Case(name, 200, key=COUNTER, items=(NUMBER,), body=b""),
        Case(name, 201, key=COUNTER),
        Case(name, 404, key=COUNTER, body=b""),
        Case(name, 409, key=COUNTER, items=(("new", COUNTER, b"Ada"),)),
        Case(name + "Named", 200, items=(NUMBER,)),
        Case(name + "Named", 201, **json_body('{"key": "visits", "initial": "0"}')),
        Case(name + "Named", 404),
        Case(name + "Named", 409, items=(("new", COUNTER, b"Ada"),)),
    ]

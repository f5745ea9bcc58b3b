# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""Lets a real client write keys to nodes, or read them.

One JSON object on stdin: `client` (a name in CLIENTS), `task`, `addresses` (`[host, port]`, or the path of
a Unix socket), `weights`, `names` (twemproxy's; empty for none), `keys` in hexadecimal. One on stdout:

place  writes to nodes that are made here, where port 0 stands for any, and tells which node each key came
       to: `addresses` with the ports that were bound, `nodes` with the index of each key's node. They are
       no memcached: they remember who got which key, and that is all that is asked of them.
write  writes to servers that are there. `{}`
read   reads from them. `values`: a text for each key, null where the client finds none.

Each key gets the text `of <key>` for 600 seconds, by the client's own way to keep a text: its flags are 16,
and without them it is no text when it is read.
"""

import contextlib
import json
import os
import random
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time

# Of what is written, in seconds.
TTL = 600


class Nodes:
    """Listening sockets and a thread that answers on them."""

    def __init__(self, addresses):
        self.node_of = {}
        self.surprises = []
        self._selector = selectors.DefaultSelector()
        self.addresses = [self._listen(index, address) for index, address in enumerate(addresses)]
        threading.Thread(target=self._serve, daemon=True).start()

    def _listen(self, index, address):
        if isinstance(address, str):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(address)
            listener.listen(64)
        else:
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
            listener = socket.create_server(tuple(address), family=family)
        self._selector.register(listener, selectors.EVENT_READ, (index, None))
        return address if isinstance(address, str) else [address[0], listener.getsockname()[1]]

    def _serve(self):
        while True:
            for ready, _ in self._selector.select():
                index, buffer = ready.data
                if buffer is None:
                    connection, _ = ready.fileobj.accept()
                    self._selector.register(connection, selectors.EVENT_READ, (index, bytearray()))
                    continue
                received = ready.fileobj.recv(65536)
                buffer += received
                if not received or not self._answer(index, ready.fileobj, buffer):
                    self._selector.unregister(ready.fileobj)
                    ready.fileobj.close()

    def _answer(self, index, connection, buffer):
        """Answers the whole commands in `buffer`; false when the client is done."""
        while b"\r\n" in buffer:
            line, _, rest = bytes(buffer).partition(b"\r\n")
            words = line.split(b" ")
            if words[0] == b"version":
                connection.sendall(b"VERSION 1.6.18\r\n")
            elif words[0] == b"set":
                length = int(words[4]) + 2
                if len(rest) < length:
                    return True
                rest = rest[length:]
                if self.node_of.setdefault(words[1], index) != index:
                    self.surprises.append(f"two nodes got {words[1]}")
                connection.sendall(b"STORED\r\n")
            else:
                if words[0] != b"quit":
                    self.surprises.append(f"a node got {line}")
                return False
            buffer[:] = rest
        return True


def spec(address):
    """`host:port`, with brackets around an IPv6 address, or the path."""
    if isinstance(address, str):
        return address
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def connect_pylibmc(addresses, weights, names, **behaviors):
    import pylibmc

    # The library takes `path` and a weight apart for a socket, so the tuples that it makes of text.
    servers = []
    for address, weight in zip(addresses, weights):
        if isinstance(address, str):
            servers.append((pylibmc.client.server_type_map["unix"], address, 0))
        else:
            servers.append(f"{spec(address)}:{weight}")
    client = pylibmc.Client(servers, behaviors=behaviors)
    yield lambda key, value: client.set(key, value, time=TTL), client.get


@contextlib.contextmanager
def connect_pymemcache(addresses, weights, names):
    from pymemcache.client.hash import HashClient
    from pymemcache.serde import pickle_serde

    client = HashClient(
        [spec(a) for a in addresses], allow_unicode_keys=True, default_noreply=False, serde=pickle_serde
    )
    yield (
        lambda key, value: client.set(key.decode(), value, expire=TTL),
        lambda key: client.get(key.decode()),
    )


@contextlib.contextmanager
def connect_python_memcached(addresses, weights, names):
    import memcache

    def server(address):
        if isinstance(address, str):
            return f"unix:{address}"
        return ("inet6:" if ":" in address[0] else "") + spec(address)

    client = memcache.Client([(server(a), w) for a, w in zip(addresses, weights)])
    yield lambda key, value: client.set(key, value, time=TTL), client.get


@contextlib.contextmanager
def connect_twemproxy(addresses, weights, names, options):
    def server(index, address):
        where = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
        name = f" {names[index]}" if names else ""
        return f"   - {where}:{weights[index]}{name}"

    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        servers = [server(index, address) for index, address in enumerate(addresses)]
        with open(f"{directory}/nutcracker.yml", "w", encoding="ascii") as file:
            lines = [f"listen: {directory}/proxy.sock 0600", *options, "servers:"]
            print("pool:", *(f"  {line}" for line in lines), *servers, sep="\n", file=file)
        process = start_twemproxy(directory)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        proxy = stack.enter_context(connection(process, directory))
        replies = stack.enter_context(proxy.makefile("rb"))

        def put(key, value):
            data = value.encode()
            proxy.sendall(b"set %b 16 %d %d\r\n%b\r\n" % (key, TTL, len(data), data))
            return replies.readline() == b"STORED\r\n"

        def get(key):
            proxy.sendall(b"get %b\r\n" % key)
            words = replies.readline().split()
            if words == [b"END"]:
                return None
            data = replies.read(int(words[3]))
            assert replies.read(7) == b"\r\nEND\r\n"
            return data.decode() if words[2] == b"16" else data

        yield put, get


def start_twemproxy(directory):
    files = ["-c", f"{directory}/nutcracker.yml", "-p", f"{directory}/pid", "-o", f"{directory}/log"]
    # Its statistics want a port of their own and take no 0: any port is free on an address of its own.
    statistics = ["-a", "127." + ".".join(str(random.randint(1, 254)) for _ in range(3)), "-s", "22222"]
    environment = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin")
    return subprocess.Popen(["nutcracker", *files, *statistics], env=environment)


def connection(process, directory):
    """Tries until the proxy listens, which it tells nobody."""
    while process.poll() is None:
        proxy = socket.socket(socket.AF_UNIX)
        try:
            proxy.connect(f"{directory}/proxy.sock")
            return proxy
        except (FileNotFoundError, ConnectionRefusedError):
            proxy.close()
            time.sleep(0.005)
    with open(f"{directory}/log", encoding="utf8") as log:
        raise RuntimeError(f"nutcracker ended with {process.returncode}: {log.read()}")


def client(connect, **options):
    return lambda addresses, weights, names: connect(addresses, weights, names, **options)


CLIENTS = {
    "pylibmc": client(connect_pylibmc),
    "pylibmc ketama": client(connect_pylibmc, ketama=True),
    "pylibmc consistent": client(connect_pylibmc, distribution="consistent"),
    "pylibmc ketama md5": client(connect_pylibmc, ketama=True, hash="md5"),
    "pylibmc ketama_weighted": client(connect_pylibmc, ketama_weighted=True),
    "pymemcache": client(connect_pymemcache),
    "python-memcached": client(connect_python_memcached),
    "twemproxy": client(connect_twemproxy, options=["distribution: ketama"]),
    "twemproxy md5": client(connect_twemproxy, options=["distribution: ketama", "hash: md5"]),
}


def write(put, keys):
    for key in keys:
        assert put(key, "of " + key.decode(errors="replace"))


def main():
    request = json.load(sys.stdin)
    keys = [bytes.fromhex(key) for key in request["keys"]]
    task, addresses = request["task"], request["addresses"]
    nodes = Nodes(addresses) if task == "place" else None
    connect = CLIENTS[request["client"]]
    answer = {}
    with connect(nodes.addresses if nodes else addresses, request["weights"], request["names"]) as (put, get):
        if task == "read":
            values = map(get, keys)
            # Bytes are what the client gives when the flags do not say that it is text.
            answer["values"] = [value if isinstance(value, str) else None for value in values]
        else:
            write(put, keys)
    if nodes:
        if nodes.surprises:
            sys.exit("\n".join(nodes.surprises))
        answer = {"addresses": nodes.addresses, "nodes": [nodes.node_of[key] for key in keys]}
    json.dump(answer, sys.stdout)


main()

# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""Lets a real client write keys to listening nodes, and tells which node each key came to.

One JSON object on stdin: `client` (a name in CLIENTS), `addresses` (`[host, port]` with port 0 for any,
or the path of a Unix socket), `weights`, `names` (twemproxy's; empty for none), `keys` in hexadecimal. One
on stdout: `addresses` with the ports that were bound, `nodes` with the index of each key's node.

The nodes are no memcached: they remember who got which key, and that is all that is asked of them.
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


def pylibmc(**behaviors):
    def write(addresses, weights, names, keys):
        import pylibmc as library

        # The library takes `path` and a weight apart for a socket, so the tuples that it makes of text.
        servers = []
        for address, weight in zip(addresses, weights):
            if isinstance(address, str):
                servers.append((library.client.server_type_map["unix"], address, 0))
            else:
                servers.append(f"{spec(address)}:{weight}")
        client = library.Client(servers, behaviors=behaviors)
        for key in keys:
            assert client.set(key, b"")

    return write


def pymemcache(addresses, weights, names, keys):
    from pymemcache.client.hash import HashClient

    client = HashClient([spec(a) for a in addresses], allow_unicode_keys=True, default_noreply=False)
    for key in keys:
        assert client.set(key.decode(), b"")


def python_memcached(addresses, weights, names, keys):
    import memcache

    def server(address):
        if isinstance(address, str):
            return f"unix:{address}"
        return ("inet6:" if ":" in address[0] else "") + spec(address)

    client = memcache.Client([(server(a), w) for a, w in zip(addresses, weights)])
    for key in keys:
        assert client.set(key, b"")


def twemproxy(*options):
    def write(addresses, weights, names, keys):
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
            for key in keys:
                proxy.sendall(b"set %b 0 0 0\r\n\r\n" % key)
                assert replies.readline() == b"STORED\r\n"

    return write


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


CLIENTS = {
    "pylibmc": pylibmc(),
    "pylibmc ketama": pylibmc(ketama=True),
    "pylibmc consistent": pylibmc(distribution="consistent"),
    "pylibmc ketama md5": pylibmc(ketama=True, hash="md5"),
    "pylibmc ketama_weighted": pylibmc(ketama_weighted=True),
    "pymemcache": pymemcache,
    "python-memcached": python_memcached,
    "twemproxy": twemproxy("distribution: ketama"),
    "twemproxy md5": twemproxy("distribution: ketama", "hash: md5"),
}


def main():
    request = json.load(sys.stdin)
    keys = [bytes.fromhex(key) for key in request["keys"]]
    nodes = Nodes(request["addresses"])
    CLIENTS[request["client"]](nodes.addresses, request["weights"], request["names"], keys)
    if nodes.surprises:
        sys.exit("\n".join(nodes.surprises))
    answer = {"addresses": nodes.addresses, "nodes": [nodes.node_of[key] for key in keys]}
    json.dump(answer, sys.stdout)


main()

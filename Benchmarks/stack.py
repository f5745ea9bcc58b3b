# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""The processes that a measurement needs, each on a free port of its own, ended by their ids."""

import contextlib
import ctypes
import json
import pathlib
import signal
import socket
import subprocess
import time

NGINX_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
load_module {modules}/ngx_http_memc_module.so;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  # Both sides keep their connections for the whole run, as the gateway does.
  keepalive_requests 1000000000;
  upstream memcached {{
    server 127.0.0.1:{memcached};
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  upstream empty {{
    server 127.0.0.1:{empty};
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    # GET, PUT and DELETE are the module's get, set and delete.
    location ~ ^/keys/(?<key>[^/]+)$ {{
      set $memc_key $key;
      memc_pass memcached;
    }}
    location ~ ^/keys/(?<key>[^/]+)/incr$ {{
      set $memc_cmd incr;
      set $memc_key $key;
      set $memc_value 1;
      memc_pass memcached;
    }}
    # The usual recipe for reading from an old cluster what the new one misses.
    location ~ ^/new/(?<key>[^/]+)$ {{
      set $memc_key $key;
      error_page 404 502 504 = @old;
      memc_pass empty;
    }}
    location @old {{
      set $memc_key $key;
      memc_pass memcached;
    }}
  }}
}}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A running process and its children, listening on 127.0.0.1:port."""

    def __init__(self, name, command, port, log):
        self.name, self.port = name, port
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SystemExit(f"{name} did not start:\n{pathlib.Path(log).read_text()}")
            time.sleep(0.01)

    def cpu_nanoseconds(self):
        """CPU time of all threads of the process and its children, from their CPU clocks."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        ids = [self.process.pid, *map(int, children.read_text().split())]
        return sum(time.clock_gettime_ns(cpu_clock(process_id)) for process_id in ids)

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
        self.folder, self.binary, self.running = folder, binary, {}

    def __getitem__(self, name):
        if name not in self.running:
            start = getattr(self, "start_" + name.replace("-", "_"))
            self.running[name] = start(name)
        return self.running[name]

    def stop(self):
        for server in reversed(self.running.values()):
            server.stop()

    def launch(self, name, command, port):
        return Server(name, command, port, self.folder / f"{name}.log")

    def start_memcached(self, name):
        port = free_port()
        # Run as root it wants to be told whose rights to take; it ignores this otherwise.
        command = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-m", "256", "-c", "4096"]
        return self.launch(name, [*command, "-u", "nobody"], port)

    # The new cluster of a migration, which has nothing yet.
    start_empty = start_memcached

    def start_nginx(self, name):
        port, config = free_port(), self.folder / "nginx.conf"
        config.write_text(
            NGINX_CONFIG.format(
                folder=self.folder, port=port, memcached=self["memcached"].port, empty=self["empty"].port,
                modules="/usr/lib/nginx/modules",
            )
        )
        command = ["nginx", "-p", self.folder, "-c", config, "-e", self.folder / "nginx-start.log"]
        return self.launch(name, command, port)

    def start_crossfade(self, name):
        return self.gateway(name, "--tier", f"primary=127.0.0.1:{self['memcached'].port}")

    def start_crossfade_old(self, name):
        new, old = (f"127.0.0.1:{self[tier].port}" for tier in ("empty", "memcached"))
        return self.gateway(name, "--tier", f"new={new}", "--tier", f"old={old}", "--backfill", "off")

    def gateway(self, name, *tiers):
        port = free_port()
        command = [self.binary, "serve", "--listen", f"127.0.0.1:{port}", "--admin", "off", "--workers", "1"]
        return self.launch(name, [*command, *tiers], port)

    def start_floor(self, name):
        """libmicrohttpd alone: what no gateway on it can be cheaper than."""
        port, program = free_port(), self.folder / "floor"
        source = pathlib.Path(__file__).with_name("floor.c")
        subprocess.run(["clang", "-O2", "-o", program, source, "-lmicrohttpd"], check=True)
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

# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""The processes that a measurement needs, each on a free port of its own, ended by their ids."""

import contextlib
import ctypes
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


def memcached(folder):
    port = free_port()
    # Run as root it wants to be told whose rights to take; it ignores this otherwise.
    command = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-m", "256", "-c", "4096"]
    return Server("memcached", [*command, "-u", "nobody"], port, folder / "memcached.log")


def nginx(folder, backend):
    port = free_port()
    config = folder / "nginx.conf"
    modules = "/usr/lib/nginx/modules"
    config.write_text(NGINX_CONFIG.format(folder=folder, port=port, memcached=backend.port, modules=modules))
    command = ["nginx", "-p", folder, "-c", config, "-e", folder / "nginx-start.log"]
    return Server("nginx", command, port, folder / "nginx.log")


def gateway(folder, backend, binary):
    port = free_port()
    command = [binary, "serve", "--listen", f"127.0.0.1:{port}", "--admin", "off", "--workers", "1"]
    command += ["--tier", f"primary=127.0.0.1:{backend.port}"]
    return Server("crossfade", command, port, folder / "crossfade.log")


def floor(folder):
    """libmicrohttpd alone: what no gateway on it can be cheaper than."""
    port, program = free_port(), folder / "floor"
    source = pathlib.Path(__file__).with_name("floor.c")
    subprocess.run(["clang", "-O2", "-o", program, source, "-lmicrohttpd"], check=True)
    return Server("floor", [program, str(port)], port, folder / "floor.log")


def load(backend, items):
    """Sets each (key, value) and waits for every answer."""
    address = ("127.0.0.1", backend.port)
    with socket.create_connection(address) as connection, connection.makefile("rb") as replies:
        for key, value in items:
            connection.sendall(b"set %b 0 0 %d\r\n%b\r\n" % (key, len(value), value))
            if replies.readline() != b"STORED\r\n":
                raise SystemExit(f"memcached did not take {key}")

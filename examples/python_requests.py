#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""The whole life of a key, with Python's requests.

    pip install requests
    python3 python_requests.py http://127.0.0.1:8080
"""

import base64
import sys
import urllib.parse
import uuid

import requests

GATEWAY = sys.argv[1].rstrip("/")
PREFIX = f"example:{uuid.uuid4()}:"  # so that two runs do not meet
UNICODE_KEY, ODD_KEY = "ключ-鍵-🗝", "50%/a+b?c#d"
EVERY_BYTE = bytes(range(256))
session = requests.Session()  # keeps its connection from request to request
checks = 0


def send(method, key, verb="", **arguments):
    # A key is one path segment: with safe="" its slashes are encoded, too.
    url = f"{GATEWAY}/keys/{urllib.parse.quote(PREFIX + key, safe='')}{verb}"
    return session.request(method, url, timeout=5, **arguments)


def read(key):
    """The value's bytes, or None when no tier has the key: 404 is a miss, any other failure is raised."""
    response = send("GET", key, headers={"Accept": "application/octet-stream"})
    if response.status_code == 404:
        return None
    response.raise_for_status()
    return response.content


def check(what, got, expected):
    global checks
    if got != expected:
        sys.exit(f"{what}: got {got!r}, expected {expected!r}")
    checks += 1
    print(f"{what}: {got}")


def one_item():
    response = send("PUT", "user", json={"value": "Ada", "flags": 7, "ttl": 300})
    check("put as JSON", response.status_code, 204)
    item = send("GET", "user").json()
    check("get as JSON, with its flags", f"{item['value']} {item['flags']}", "Ada 7")
    check("get the bare bytes", read("user").decode(), "Ada")
    # The ETag stands for the item as it was read: with it, PUT is compare-and-swap.
    unchanged = {"If-Match": send("GET", "user").headers["ETag"]}
    check("cas with the ETag", send("PUT", "user", data=b"Grace", headers=unchanged).status_code, 204)
    response = send("PUT", "user", data=b"Alan", headers=unchanged)
    check("cas with the old ETag", f"{response.status_code} {response.json()['reason']}", "412 changed")
    none = {"If-None-Match": "*"}
    response = send("PUT", "user", data=b"Alan", headers=none)
    check("add what is there", f"{response.status_code} {response.json()['reason']}", "412 exists")
    check("add what is not there", send("PUT", "other", data=b"new", headers=none).status_code, 201)


def change_in_place():
    # Counters are strings: many JSON parsers lose digits of numbers above 2^53.
    response = send("POST", "visits", "/incr", json={"delta": 5, "initial": 10})
    check("incr creates", f"{response.status_code} {response.json()['value']}", "201 10")
    response = send("POST", "visits", "/incr", json={"delta": 5})
    check("incr adds", f"{response.status_code} {response.json()['value']}", "200 15")
    check("append", send("POST", "user", "/append", data=b" Hopper").status_code, 204)
    check("touch", send("POST", "user", "/touch", params={"ttl": 600}).status_code, 204)
    item = send("GET", "user").json()
    text = f"{item['value']}, {round(item['ttl'] / 60)} minutes"
    check("what became of it", text, "Grace Hopper, 10 minutes")


def batch(*operations):
    response = session.post(f"{GATEWAY}/batch", json={"operations": operations}, timeout=5)
    response.raise_for_status()
    return [str(result["status"]) for result in response.json()["results"]]


def many_at_once():
    statuses = batch(
        {"op": "set", "key": PREFIX + "other", "value": "batched"},
        {"op": "get", "key": PREFIX + "other"},
        {"op": "add", "key": PREFIX + "other", "value": "too late"},
        {"op": "delete", "key": PREFIX + "nothing"},
    )
    check("batch", " ".join(statuses), "204 200 412 404")
    keys = [("key", PREFIX + name) for name in ("user", "other", "nothing")]
    answer = session.get(f"{GATEWAY}/keys", params=keys, timeout=5).json()
    counts = [f"{len(answer[name])} {name}" for name in ("items", "missing", "errors")]
    check("multi-get", ", ".join(counts), "2 items, 1 missing, 0 errors")


def misses_and_errors():
    check("delete", send("DELETE", "user").status_code, 204)
    check("a miss is no error", read("user") or "nothing", "nothing")
    try:
        check("an error is no miss", read("a key with spaces"), "an exception")
    except requests.HTTPError as error:
        check("an error is no miss", error.response.status_code, 400)


def same(data):
    return "the same" if data == EVERY_BYTE else "others"


def any_bytes_and_any_key():
    check("put every byte", send("PUT", "bytes", data=EVERY_BYTE).status_code, 204)
    check("get them", same(read("bytes")), "the same")
    item = send("GET", "bytes").json()
    value, encoding = item["value"], item["encoding"]
    check("get them in JSON", f"{encoding}, {same(base64.b64decode(value))}", "base64, the same")
    response = send("PUT", "bytes", json={"value": value, "encoding": encoding})
    check("put them in JSON", f"{response.status_code}, {same(read('bytes'))}", "204, the same")
    for key in (UNICODE_KEY, ODD_KEY):
        check("put", send("PUT", key, data=b"x").status_code, 204)
        check("its key", send("GET", key).json()["key"].removeprefix(PREFIX), key)


try:
    one_item()
    change_in_place()
    many_at_once()
    misses_and_errors()
    any_bytes_and_any_key()
finally:
    names = ("user", "other", "visits", "bytes", UNICODE_KEY, ODD_KEY)
    batch(*({"op": "delete", "key": PREFIX + name} for name in names))
print(f"{checks} checks passed")

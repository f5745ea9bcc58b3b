#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""The whole life of a key, with nothing but Python's standard library.

    python3 python_http_client.py http://127.0.0.1:8080
"""

import base64
import http.client
import json
import sys
import urllib.parse
import uuid

PREFIX = f"example:{uuid.uuid4()}:"  # so that two runs do not meet
UNICODE_KEY, ODD_KEY = "ключ-鍵-🗝", "50%/a+b?c#d"
EVERY_BYTE = bytes(range(256))
JSON = {"Content-Type": "application/json"}
connection = http.client.HTTPConnection(urllib.parse.urlsplit(sys.argv[1]).netloc, timeout=5)
checks = 0


def send(method, target, body=None, headers=None):
    """The status, the headers and the body. Reading it whole leaves the connection to the next request."""
    connection.request(method, target, body, headers or {})
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def path(key, end=""):
    # A key is one path segment: with safe="" its slashes are encoded, too.
    return f"/keys/{urllib.parse.quote(PREFIX + key, safe='')}{end}"


def item(key):
    return json.loads(send("GET", path(key))[2])


def read(key):
    """The value's bytes, or None when no tier has the key: 404 is a miss, any other failure is raised."""
    status, _, body = send("GET", path(key), headers={"Accept": "application/octet-stream"})
    if status not in (200, 404):
        raise OSError(status, body.decode())
    return body if status == 200 else None


def check(what, got, expected):
    global checks
    if got != expected:
        sys.exit(f"{what}: got {got!r}, expected {expected!r}")
    checks += 1
    print(f"{what}: {got}")


def check_member(member, what, answer, expected):
    status, _, body = answer
    check(what, f"{status} {json.loads(body)[member]}", expected)


def one_item():
    body = json.dumps({"value": "Ada", "flags": 7, "ttl": 300})
    check("put as JSON", send("PUT", path("user"), body, JSON)[0], 204)
    check("get as JSON, with its flags", "{value} {flags}".format(**item("user")), "Ada 7")
    check("get the bare bytes", read("user").decode(), "Ada")
    # The ETag stands for the item as it was read: with it, PUT is compare-and-swap.
    unchanged = {"If-Match": send("GET", path("user"))[1]["ETag"]}
    check("cas with the ETag", send("PUT", path("user"), b"Grace", unchanged)[0], 204)
    answer = send("PUT", path("user"), b"Alan", unchanged)
    check_member("reason", "cas with the old ETag", answer, "412 changed")
    none = {"If-None-Match": "*"}
    check_member("reason", "add what is there", send("PUT", path("user"), b"Alan", none), "412 exists")
    check("add what is not there", send("PUT", path("other"), b"new", none)[0], 201)


def change_in_place():
    # Counters are strings: many JSON parsers lose digits of numbers above 2^53.
    answer = send("POST", path("visits", "/incr?delta=5&initial=10"))
    check_member("value", "incr creates", answer, "201 10")
    check_member("value", "incr adds", send("POST", path("visits", "/incr?delta=5")), "200 15")
    check("append", send("POST", path("user", "/append"), b" Hopper")[0], 204)
    check("touch", send("POST", path("user", "/touch?ttl=600"))[0], 204)
    user = item("user")
    text = f"{user['value']}, {round(user['ttl'] / 60)} minutes"
    check("what became of it", text, "Grace Hopper, 10 minutes")


def batch(*operations):
    _, _, body = send("POST", "/batch", json.dumps({"operations": operations}), JSON)
    return [str(result["status"]) for result in json.loads(body)["results"]]


def many_at_once():
    statuses = batch(
        {"op": "set", "key": PREFIX + "other", "value": "batched"},
        {"op": "get", "key": PREFIX + "other"},
        {"op": "add", "key": PREFIX + "other", "value": "too late"},
        {"op": "delete", "key": PREFIX + "nothing"},
    )
    check("batch", " ".join(statuses), "204 200 412 404")
    query = urllib.parse.urlencode([("key", PREFIX + name) for name in ("user", "other", "nothing")])
    answer = json.loads(send("GET", f"/keys?{query}")[2])
    counts = [f"{len(answer[name])} {name}" for name in ("items", "missing", "errors")]
    check("multi-get", ", ".join(counts), "2 items, 1 missing, 0 errors")


def misses_and_errors():
    check("delete", send("DELETE", path("user"))[0], 204)
    check("a miss is no error", read("user") or "nothing", "nothing")
    try:
        check("an error is no miss", read("a key with spaces"), "an exception")
    except OSError as error:
        check("an error is no miss", error.errno, 400)


def same(data):
    return "the same" if data == EVERY_BYTE else "others"


def any_bytes_and_any_key():
    check("put every byte", send("PUT", path("bytes"), EVERY_BYTE)[0], 204)
    check("get them", same(read("bytes")), "the same")
    value, encoding = item("bytes")["value"], item("bytes")["encoding"]
    check("get them in JSON", f"{encoding}, {same(base64.b64decode(value))}", "base64, the same")
    status, _, _ = send("PUT", path("bytes"), json.dumps({"value": value, "encoding": "base64"}), JSON)
    check("put them in JSON", f"{status}, {same(read('bytes'))}", "204, the same")
    for key in (UNICODE_KEY, ODD_KEY):
        check("put", send("PUT", path(key), b"x")[0], 204)
        check("its key", item(key)["key"].removeprefix(PREFIX), key)


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

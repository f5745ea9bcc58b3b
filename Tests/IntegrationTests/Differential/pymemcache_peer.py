# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""Does operations with pymemcache's FallbackClient, one JSON line in, one JSON line out.

Called as `pymemcache_peer.py NEW_PORT OLD_PORT`. What the client returns comes back as it is, bytes
as latin-1 text; what a mutator returned is not told, since FallbackClient drops it.
"""

import json
import sys

from pymemcache.client.base import Client
from pymemcache.fallback import FallbackClient


def text(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, tuple):
        return [text(part) for part in value]
    return value


def perform(client, tokens, operation):
    """Does one operation; returns what there is to compare."""
    verb, key = operation["verb"], operation.get("key")
    value = operation.get("value", "").encode("latin-1")
    if verb == "get":
        return text(client.get(key))
    if verb == "gets":
        found, tokens[key] = client.gets(key)
        return text((found, tokens[key]))
    if verb == "get_many":
        return {k: text(v) for k, v in dict(client.get_many(operation["keys"])).items()}
    if verb == "gets_many":
        found = dict(client.gets_many(operation["keys"]))
        tokens.update({k: token for k, (_, token) in found.items()})
        return {k: text(v) for k, v in found.items()}
    if verb in ("set", "add", "replace", "append", "prepend"):
        getattr(client, verb)(key, value, expire=operation["ttl"], noreply=False)
    elif verb == "cas":
        token = tokens.get(key) or b"1"
        client.cas(key, value, token, expire=operation["ttl"], noreply=False)
    elif verb in ("incr", "decr"):
        try:
            getattr(client, verb)(key, operation["delta"], noreply=False)
        except Exception as error:  # A value that is no number: compared by its class.
            return type(error).__name__
    elif verb == "touch":
        client.touch(key, expire=operation["ttl"], noreply=False)
    elif verb == "delete":
        client.delete(key, noreply=False)
    elif verb == "flush_all":
        client.flush_all(noreply=False)
    else:
        raise ValueError(f"no such verb: {verb}")
    return None


def main():
    new, old = (Client(("127.0.0.1", int(port))) for port in sys.argv[1:3])
    client, tokens = FallbackClient((new, old)), {}
    for line in sys.stdin:
        print(json.dumps(perform(client, tokens, json.loads(line))), flush=True)
    client.close()


main()

# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""What schemathesis has to be told beside openapi.yaml: the rules that no schema can express.

Each stands in the descriptions there. A request that schemathesis means to be right is put right where it
breaks one of them; what it means to be wrong stays as it is.
"""

import re
import time
import urllib.parse

import schemathesis
from schemathesis.core import NOT_SET
from schemathesis.core.failures import AcceptedNegativeData, ServerError
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

from description import Description

DESCRIPTION = Description()
LONGEST_KEY = 250
# The end of the signed 32-bit time that memcached keeps.
LAST_SECOND = 2**31 - 1
# `--operation-timeout`.
OPERATION_SECONDS = 1
# The keys that are known to be gone, and when a write of a key was last answered 202.
gone = set()
not_awaited = {}


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    shorten_keys(case)
    shorten_ttl(case.query)
    if isinstance(case.body, dict):
        shorten_ttl(case.body)
        wrap_counters(case.body)
        # The key of the path, if there is one, is the only one that may stand in the body.
        if "key" in case.body and "key" in case.path_parameters:
            case.body["key"] = urllib.parse.unquote(case.path_parameters["key"])
        if case.path_parameters and case.query:
            keep_one(case)
    # A counter's ttl says when one that is created ends.
    if case.path.endswith("cr") and "initial" not in case.query:
        case.query.pop("ttl", None)
    mend_tags(case)
    # "If it is that one" and "if there is none" cannot both hold of a write.
    if case.method == "PUT" and "If-Match" in case.headers:
        case.headers.pop("If-None-Match", None)


def keep_one(case):
    """Arguments are in the query or in the body, not in both."""
    location = getattr(case.meta.phase.data, "parameter_location", None)
    is_about_query = location is ParameterLocation.QUERY
    if is_about_query or location is None and len(case.query) >= len(case.body):
        # It is not a body that is missing.
        case.meta.components.pop(ParameterLocation.BODY, None)
        case.body, case.media_type = NOT_SET, None
    else:
        case.query = {}


def shortened(key):
    """A key of at most 250 bytes: a schema counts characters."""
    return key.encode()[:LONGEST_KEY].decode(errors="ignore")


def sendable(key):
    """A key that a path can have: its client takes `.` and `..` out of one, encoded or not (RFC 3986 section 5.2.4)."""
    return shortened(key + "dots" if key in (".", "..") else key)


def shorten_keys(case):
    if "key" in case.path_parameters:
        key = sendable(urllib.parse.unquote(case.path_parameters["key"]))
        case.path_parameters["key"] = urllib.parse.quote(key, safe="")
    elif isinstance(case.body, dict) and "key" in case.body:
        # A link may bring it into a path.
        case.body["key"] = sendable(case.body["key"])
    keys = case.query.get("key")
    if isinstance(keys, str):
        # Along a link.
        case.query["key"] = shortened(keys)
    elif isinstance(keys, list):
        case.query["key"] = [shortened(key) for key in keys]


def shorten_ttl(arguments):
    """The longest ttl depends on the time of day."""
    if "ttl" in arguments and arguments["ttl"] is not None:
        arguments["ttl"] = min(int(arguments["ttl"]), LAST_SECOND - int(time.time()) - 1)


def mend_tags(case):
    for name in ("If-Match", "If-None-Match"):
        # The coverage phase makes headers of letters and digits alone, of which no ETag consists.
        if name in case.headers and not re.match(r'\*|(W/)?"', case.headers[name]):
            case.headers[name] = "*"
    # No item has a tag that did not come along a link: no such read would be answered. Weak ones stay.
    is_read = case.method in ("GET", "HEAD") and case.meta.phase.name is not TestPhase.STATEFUL
    if is_read and case.headers.get("If-Match", "").startswith('"'):
        case.headers["If-Match"] = "*"


def wrap_counters(body):
    """A pattern does not say that a number in digits is below 2^64."""
    for name in ("delta", "initial"):
        if isinstance(body.get(name), str):
            body[name] = str(int(body[name]) % 2**64)


@schemathesis.hook
def after_call(context, case, response):
    """Keeps which keys are gone."""
    if case.path == "/batch" and response.status_code == 200:
        for operation, result in zip(case.body["operations"], response.json()["results"], strict=True):
            if result["status"] < 300 and operation["op"] != "get":
                remember(operation["key"], operation["op"] == "delete")
    elif case.method in ("PUT", "POST", "DELETE") and 200 <= response.status_code < 300:
        if key := key_of(case):
            if response.status_code == 202:
                not_awaited[key] = time.monotonic()
            remember(key, case.method == "DELETE")


def key_of(case):
    if "key" in case.path_parameters:
        return urllib.parse.unquote(case.path_parameters["key"])
    return case.body.get("key") if isinstance(case.body, dict) else None


def remember(key, is_gone):
    # What was answered 202 may be done later, behind a deletion.
    if is_gone and time.monotonic() - not_awaited.get(key, 0) > OPERATION_SECONDS:
        gone.add(key)
    else:
        gone.discard(key)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether it is one."""
    if isinstance(failure, AcceptedNegativeData) and case.path == "/batch" and response.status_code == 200:
        # A batch is not refused as a whole for operations that are malformed: they are, in its results.
        return not refuses_malformed_operations(case, response.json())
    if isinstance(failure, RejectedPositiveData) and case.path.startswith("/tiers"):
        # No schema says that a file is there, that there is a label for each node, or what other settings allow.
        return response.status_code != 400
    if isinstance(failure, (ServerError, RejectedPositiveData)) and case.path == "/migration/verdict":
        # 503 is how it says that it is not the time yet, so that `curl -f` fails.
        return response.status_code != 503 or response.json().get("verdict") not in ("wait", "blocked")
    if isinstance(failure, UseAfterFree):
        # It takes 202 for "deleted", and does not know that counters and batches create items.
        return key_of(case) in gone
    return True


def refuses_malformed_operations(case, answer):
    pairs = list(zip(case.body["operations"], answer["results"], strict=True))
    schema = "/components/schemas/Operation"
    malformed = [result for given, result in pairs if DESCRIPTION.errors(schema, given)]
    return malformed and all(result["status"] == 400 for result in malformed)

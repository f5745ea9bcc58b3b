# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""What schemathesis has to be told beside openapi.yaml: the rules that no schema can express.

Each stands in the descriptions there. A request that schemathesis means to be right is put right where it
breaks one of them; what it means to be wrong stays as it is.
"""

import json
import re
import time
import urllib.parse

import jsonschema
import referencing
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData

HERE = "urn:openapi"
LONGEST_KEY = 250
# The end of the signed 32-bit time that memcached keeps.
LAST_SECOND = 2**31 - 1
TAG = '"6c1f0b7e5f3c91aa.1724"'


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
        # Arguments are in the query or in the body, not in both.
        if case.path_parameters:
            case.query = {}
    # A counter's ttl says when one that is created ends.
    if case.path.endswith("cr") and "initial" not in case.query:
        case.query.pop("ttl", None)
    quote_tags(case.headers)
    # "If it is that one" and "if there is none" cannot both hold of a write.
    if case.method == "PUT" and "If-Match" in case.headers:
        case.headers.pop("If-None-Match", None)


def shortened(key):
    """A key of at most 250 bytes: a schema counts characters."""
    return key.encode()[:LONGEST_KEY].decode(errors="ignore")


def shorten_keys(case):
    if "key" in case.path_parameters:
        key = shortened(urllib.parse.unquote(case.path_parameters["key"]))
        case.path_parameters["key"] = urllib.parse.quote(key, safe="")
    elif isinstance(case.body, dict) and "key" in case.body:
        case.body["key"] = shortened(case.body["key"])
    if isinstance(case.query.get("key"), list):
        case.query["key"] = [shortened(key) for key in case.query["key"]]


def shorten_ttl(arguments):
    """The longest ttl depends on the time of day."""
    if "ttl" in arguments and arguments["ttl"] is not None:
        arguments["ttl"] = min(int(arguments["ttl"]), LAST_SECOND - int(time.time()) - 1)


def quote_tags(headers):
    """The coverage phase makes headers of letters and digits alone, of which no ETag consists."""
    for name in ("If-Match", "If-None-Match"):
        if name in headers and not re.match(r'\*|(W/)?"', headers[name]):
            headers[name] = TAG


def wrap_counters(body):
    """A pattern does not say that a number in digits is below 2^64."""
    for name in ("delta", "initial"):
        if isinstance(body.get(name), str):
            body[name] = str(int(body[name]) % 2**64)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """A batch is not refused as a whole for operations that are malformed: they are refused in its results."""
    return not (
        isinstance(failure, AcceptedNegativeData)
        and case.path == "/batch"
        and response.status_code == 200
        and refuses_malformed_operations(case, json.loads(response.content))
    )


def refuses_malformed_operations(case, answer):
    operation = validator(case.operation.schema.raw_schema, "Operation")
    pairs = list(zip(case.body["operations"], answer["results"], strict=True))
    malformed = [result for given, result in pairs if not operation.is_valid(given)]
    return malformed and all(result["status"] == 400 for result in malformed)


def validator(description, name):
    resource = referencing.Resource.from_contents(
        description, default_specification=referencing.jsonschema.DRAFT202012
    )
    registry = referencing.Registry().with_resource(HERE, resource)
    reference = {"$ref": f"{HERE}#/components/schemas/{name}"}
    return jsonschema.Draft202012Validator(reference, registry=registry)

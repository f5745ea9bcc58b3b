# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""openapi.yaml, for the scripts that compare it with the gateway. Places in it are JSON pointers."""

import functools
import pathlib
import urllib.parse

import jsonschema
import referencing
import yaml

FILE = pathlib.Path(__file__).resolve().parent.parent / "openapi.yaml"
HERE = "urn:openapi"
METHODS = ("get", "head", "put", "post", "delete", "patch")
# The listeners by the servers that stand for them.
LISTENERS = {"http://127.0.0.1:8080": "data", "http://127.0.0.1:8081": "admin"}


class Description:
    """The whole file."""

    def __init__(self):
        with open(FILE) as file:
            self.root = yaml.safe_load(file)
        resource = referencing.Resource.from_contents(
            self.root, default_specification=referencing.jsonschema.DRAFT202012
        )
        self.registry = referencing.Registry().with_resource(HERE, resource)

    @functools.cached_property
    def operations(self):
        """By operationId."""
        paths = self.root["paths"].items()
        operations = [
            Operation(self, path, method) for path, item in paths for method in METHODS if method in item
        ]
        return {operation.id: operation for operation in operations}

    def at(self, pointer):
        """(what is there, where that is), references followed."""
        while True:
            node = self.root
            for part in pointer.split("/")[1:]:
                name = part.replace("~1", "/").replace("~0", "~")
                node = node[int(name) if isinstance(node, list) else name]
            if not isinstance(node, dict) or "$ref" not in node:
                return node, pointer
            pointer = node["$ref"].removeprefix("#")

    def children(self, node, pointer):
        """(name, what is there, where that is) of each member."""
        return [(name, *self.at(f"{pointer}/{escaped(name)}")) for name in node]

    def errors(self, pointer, value):
        # A pointer inside a URI: braces and the like are percent-encoded there.
        schema = {"$ref": f"{HERE}#{urllib.parse.quote(pointer)}"}
        validator = jsonschema.Draft202012Validator(schema, registry=self.registry)
        return [error.message for error in validator.iter_errors(value)]

    def example_places(self):
        """Where examples are beside a schema, in (what has both, where that is)."""
        found = []

        def visit(node, pointer):
            if isinstance(node, dict):
                if "schema" in node and any(examples(node, pointer)):
                    found.append((node, pointer))
                for name, child in node.items():
                    visit(child, f"{pointer}/{escaped(name)}")
            elif isinstance(node, list):
                for index, child in enumerate(node):
                    visit(child, f"{pointer}/{index}")

        visit(self.root, "")
        return found


class Operation:
    """A method of a path."""

    def __init__(self, description, path, method):
        item = description.root["paths"][path]
        pointer = f"/paths/{escaped(path)}"
        node = item[method]
        self.id = node["operationId"]
        self.path, self.method = path, method.upper()
        addresses = item.get("servers", description.root["servers"])
        self.listeners = [LISTENERS[server["url"]] for server in addresses]
        # (what is there, where that is) of each.
        self.parameters = [
            description.at(f"{place}/parameters/{index}")
            for place, owner in ((pointer, item), (f"{pointer}/{method}", node))
            for index in range(len(owner.get("parameters", [])))
        ]
        responses = f"{pointer}/{method}/responses"
        self.responses = {
            int(status): (response, where)
            for status, response, where in description.children(node["responses"], responses)
        }
        # (media type, example, where that is) of each example of a body.
        self.bodies = []
        if "requestBody" in node:
            body, where = description.at(f"{pointer}/{method}/requestBody")
            self.bodies = [
                (media_type, example, place)
                for media_type in body["content"]
                for example, place in examples(
                    body["content"][media_type], f"{where}/content/{escaped(media_type)}"
                )
            ]

    @property
    def takes_values(self):
        return any(media_type == "application/octet-stream" for media_type, _, _ in self.bodies)

    @property
    def counts(self):
        """Whether it is of a counter that the path names."""
        return self.path in ("/keys/{key}/incr", "/keys/{key}/decr")

    def required_query(self):
        wanted = [node for node, _ in self.parameters if node["in"] == "query" and node.get("required")]
        return [(node["name"], node["example"]) for node in wanted]


def escaped(name):
    return str(name).replace("~", "~0").replace("/", "~1")


def examples(node, pointer):
    """(example, where it is) of a parameter, a header or a media type."""
    if "example" in node:
        yield node["example"], f"{pointer}/example"
    for name, example in node.get("examples", {}).items():
        yield example["value"], f"{pointer}/examples/{escaped(name)}/value"

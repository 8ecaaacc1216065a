"""Descriptions of APIs are read as they are meant, and those that would blow up are refused."""

import json
from typing import Any

import pytest

from agent_app import json_schemas
from agent_app.tools.openapi import request
from agent_app.tools.openapi_document import SpecRefused, parse
from agent_app.tools.openapi_spec import offer
from agent_app.tools.registry import ToolFailed

HEAD: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pets"},
    "servers": [{"url": "https://pets.example.com/v1/"}],
}


def read(paths: dict[str, Any], **more: Any) -> Any:
    return offer(parse(json.dumps({**HEAD, "paths": paths, **more}).encode()), url="https://example.org/spec.json")


def one(operation: dict[str, Any], path: str = "/pets/{id}", method: str = "get", **more: Any) -> Any:
    [found] = read({path: {method: {"operationId": "op", **operation}}}, **more).functions
    return found


ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def test_an_operation_becomes_a_function() -> None:
    operation = {
        "summary": "One pet", "description": "Reads a\u200b pet.\U000e0041",
        "parameters": [{"name": "page[size]", "in": "query", "schema": {"type": "integer"}}, {"$ref": "#/components/parameters/K"}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
    }  # fmt: skip
    pet = {
        "type": "object",
        "properties": {"name": {"type": "string", "nullable": True}, "id": {"type": "string", "readOnly": True}},
    }
    components = {"parameters": {"K": {"name": "X-Kind", "in": "header"}}, "schemas": {"Pet": pet}}
    found = read({"/pets/{id}": {"parameters": [ID], "put": operation}}, components=components)
    assert (found.title, found.server) == ("Pets", "https://pets.example.com/v1")
    [function] = found.functions
    assert (function.key, function.name) == ("PUT /pets/{id}", "PUT_pets_id")
    assert function.description == "One pet\nReads a pet."
    assert (function.changes_state, function.idempotent, function.problem) == (True, True, "")
    assert function.parameters == {
        "type": "object",
        "properties": {
            "id": {"type": "string"}, "page_size": {"type": "integer"}, "X_Kind": {"type": "string"},
            "body": {"type": "object", "properties": {"name": {"type": ["string", "null"]}}},
        },
        "required": ["id", "body"],
        "additionalProperties": False,
    }  # fmt: skip
    arguments = {"id": "a/b?c", "page_size": 3, "X_Kind": "x", "body": {"name": None}}
    made = request(found.server, function.more, arguments, {"key": "k"})
    assert (made.method, made.url) == ("PUT", "https://pets.example.com/v1/pets/a%2Fb%3Fc?key=k&page%5Bsize%5D=3")
    assert made.headers == {"Accept": "application/json", "X-Kind": "x", "Content-Type": "application/json"}
    assert made.body == b'{"name":null}'


@pytest.mark.parametrize(
    ("style", "value", "query"),
    [
        ({}, ["a", "b"], "q=a&q=b"),
        ({"explode": False}, ["a", "b"], "q=a,b"),
        ({"style": "pipeDelimited", "explode": False}, ["a", "b"], "q=a%7Cb"),
        ({"style": "deepObject"}, {"x": 1, "y": "z"}, "q%5Bx%5D=1&q%5By%5D=z"),
        ({}, {"x": 1}, "x=1"),
        ({}, True, "q=true"),
    ],
)
def test_values_are_written_as_the_description_says(style: dict[str, Any], value: Any, query: str) -> None:
    found = one({"parameters": [{"name": "q", "in": "query", **style}]}, path="/x")
    assert request("https://a.example", found.more, {"q": value}, {}).url == f"https://a.example/x?{query}"


def test_a_value_cannot_climb_out_of_the_path() -> None:
    found = one({"parameters": [ID]})
    with pytest.raises(ToolFailed):
        request("https://a.example", found.more, {"id": ".."}, {})


def test_schemas_of_3_0_become_json_schemas() -> None:
    schema = {
        "type": "object", "required": ["n", "gone"], "example": {}, "x-more": 1, "discriminator": {"propertyName": "n"},
        "properties": {
            "n": {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False},
            "e": {"type": "string", "enum": ["a"], "nullable": True}, "p": {"type": "string", "pattern": "(?=x)"},
            "example": {"type": "string"},
        },
    }  # fmt: skip
    found = one({"requestBody": {"content": {"application/json": {"schema": schema}}}}, path="/x", method="post")
    assert found.parameters["properties"]["body"] == {
        "type": "object", "required": ["n"],
        "properties": {
            "n": {"type": "integer", "exclusiveMinimum": 1, "maximum": 9},
            "e": {"type": ["string", "null"], "enum": ["a", None]}, "p": {"type": "string"}, "example": {"type": "string"},
        },
    }  # fmt: skip
    assert json_schemas.problems_of(found.parameters) == []


def test_yaml_is_read_too_with_dates_as_text() -> None:
    spec = parse(b"openapi: 3.1.0\ninfo: {title: T, version: 2026-01-01}\npaths: {}\n")
    assert spec["info"]["version"] == "2026-01-01"


def test_the_server_is_found_beside_the_description() -> None:
    spec = {"openapi": "3.1.0", "paths": {}, "servers": [{"url": "/{v}/api", "variables": {"v": {"default": "v2"}}}]}
    assert offer(spec, url="https://a.example/docs/spec.json").server == "https://a.example/v2/api"
    assert offer(spec, url="", server="https://b.example/").server == "https://b.example"
    with pytest.raises(SpecRefused):
        offer(spec, url="")


def nested(depth: int) -> Any:
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def body(schema: Any) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


# A billion laughs: each of nine schemas holds the next one ten times.
LAUGHS: dict[str, Any] = {
    f"S{n}": {"properties": {name: {"$ref": f"#/components/schemas/S{n + 1}"} for name in "abcdefghij"}}
    for n in range(9)
} | {"S9": {}}


@pytest.mark.parametrize(
    ("operation", "schemas"),
    [
        (body({"$ref": "https://evil.example/s.json"}), {}),
        (body({"$ref": "file:///etc/passwd"}), {}),
        (body({"$ref": "#/components/schemas/None"}), {}),
        (body({"$ref": "#/components/schemas/S0"}), LAUGHS),
        (body(nested(25)), {}),
        ({"parameters": [{"name": "a"}]}, {}),
        ({"requestBody": {"content": {"multipart/form-data": {}}}}, {}),
        ({"requestBody": {"$ref": "#/components/schemas/A"}}, {"A": {"$ref": "#/components/schemas/A"}}),
    ],
)  # fmt: skip
def test_an_operation_that_would_blow_up_or_fetch_is_unusable_and_no_other(
    operation: dict[str, Any], schemas: Any
) -> None:
    paths = {"/bad": {"post": {"operationId": "bad", **operation}}, "/good": {"get": {"operationId": "good"}}}
    found = {each.key: each for each in read(paths, components={"schemas": schemas}).functions}
    assert found["bad"].problem and not found["good"].problem
    assert found["bad"].parameters == {} or len(json.dumps(found["bad"].parameters)) < 1_000_000


def test_what_holds_itself_may_hold_anything() -> None:
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/T"}}}}
    found = one(body({"$ref": "#/components/schemas/T"}), path="/x", method="post", components={"schemas": {"T": tree}})
    assert found.parameters["properties"]["body"] == {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {}}},
    }


def test_a_path_with_a_part_nobody_describes_is_unusable() -> None:
    assert "“id”" in one({}).problem


ALIASES = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"nothing", b"[]", b"{", b"a: [", b"\xff\xfe\x00", b"{}", b'{"openapi": "2.0"}', b'{"swagger": "2.0"}',
        b'{"openapi": "3.9.0"}', b"a: !!python/object/apply:os.system ['true']", ALIASES.encode(),
        b'{"openapi": "3.0.0", "a": ' + b"[" * 100_000, b'{"openapi": "3.0.0", "a": ' + b'{"a":' * 100 + b"1" + b"}" * 101,
        b"[" * 5000, ("a: " + "{a: " * 5000).encode(), b"x" * (4 * 1024 * 1024 + 1),
        b'{"openapi": "3.0.0", "a": [' + b"1," * 250_000 + b"1]}",
    ],
)  # fmt: skip
def test_what_is_no_description_or_a_bomb_is_refused(data: bytes) -> None:
    with pytest.raises(SpecRefused):
        parse(data)


def test_too_many_operations_are_refused() -> None:
    with pytest.raises(SpecRefused):
        read({f"/{n}": {"get": {}} for n in range(1001)})


def test_names_are_told_apart() -> None:
    found = read(
        {"/a": {"get": {"operationId": "x.y"}, "post": {"operationId": "x_y"}, "put": {"operationId": "x.y"}}}
    ).functions
    assert len({each.name for each in found}) == len({each.key for each in found}) == 3

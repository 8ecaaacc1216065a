"""Tools that are requests ask from an exported script what they ask here, with secrets of whoever runs it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from aiohttp import web
from django.conf import LazySettings

from agent_app.tools import http, openapi
from agent_app.tools.egress import Outgoing
from tests.agents.script_world import called, made_tool
from tests.fakes.site import Seen, Site

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret
CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}, "n": {"type": "integer"}}}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture(autouse=True)
def _loopback(settings: LazySettings) -> None:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]


def same(seen: Seen, wanted: Outgoing) -> None:
    """Whether what came is what the engine would have sent."""
    where = urlsplit(wanted.url)
    assert (seen.method, unquote(seen.path)) == (wanted.method, unquote(where.path))
    assert seen.query == parse_qs(where.query, keep_blank_values=True)
    for name, value in wanted.headers.items():
        assert seen.headers[name.lower()] == value
    if wanted.headers.get("Content-Type", "").endswith("json"):
        assert seen.json == json.loads(wanted.body)
    else:
        assert seen.body == wanted.body


@pytest.mark.parametrize(
    ("params", "arguments"),
    [
        ({"url": "/a/{{ city }}"}, {"city": "ä/..?#&=% +"}),
        ({"url": "/a?x=1#part", "query": {"q": "{{ city }}", "list": "{{ tags }}", "n": 3}, "parameters": {**CITY, "properties": {}}},
         {"city": "a&b=c", "tags": ["x", "y z"]}),
        ({"url": "/a", "query": {"q": "{{ city }}"}, "headers": {"X-N": "{{ n }}", "X-Gone": "{{ gone }}"},
          "parameters": {**CITY, "properties": {**CITY["properties"], "gone": {}}}}, {"city": "x", "n": 7}),
        ({"method": "POST", "url": "/a", "body": {"a": "{{ city }}", "n": "{{ n }}", "in": ["{{ city }}!", None, {"x": 1}]},
          "parameters": CITY}, {"city": "\"\\\n", "n": 2}),
        ({"method": "PUT", "url": "/a", "body": {"a": "{{ city }}", "n": "{{ n }}"}, "body_type": "form", "parameters": CITY},
         {"city": "x&y=1 ü"}),
        ({"method": "POST", "url": "/a", "body": "{{ city }}", "body_type": "text"}, {"city": "plain ü"}),
        ({"method": "POST", "url": "/a", "body": "{\"c\": {{ city | tojson }}}"}, {"city": "<&>"}),
        ({"method": "POST", "url": "/a/{{ city }}", "parameters": CITY}, {"city": "x", "n": 1, "more": [1, {"a": None}]}),
        ({"method": "DELETE", "url": "/a", "query": {"z": "1"}, "parameters": CITY}, {"city": "x", "n": 1}),
        ({"method": "PATCH", "url": "/a", "body": "{{ arguments }}", "parameters": CITY}, {"city": "x", "items": 1}),
    ],
)  # fmt: skip
def test_a_request_is_the_one_that_the_engine_would_send(
    site: Site, params: dict[str, Any], arguments: dict[str, Any]
) -> None:
    params = {**params, "url": f"{site.base_url}{params['url']}"}
    before = len(site.seen)
    called(made_tool(type="http", params=params), **arguments)
    assert len(site.seen) == before + 1
    values = {**arguments, "arguments": arguments}
    same(site.last, http.build(http.with_unused(params, arguments), values))


def test_answers_are_read_and_what_goes_wrong_is_told_to_the_model(site: Site) -> None:
    site.answers("/json", {"data": [{"name": "Oslo"}]})
    site.answers("/text", "just words")
    site.answers("/bytes", b"\x00\xff", content_type="application/octet-stream")
    site.answers("/no", "not today", status=503)

    def asked(path: str, **params: Any) -> Any:
        return called(made_tool(type="http", params={"url": f"{site.base_url}{path}", **params}))

    assert json.loads(asked("/json")) == {"data": [{"name": "Oslo"}]}
    assert asked("/json", response_path="data[0].name") == "Oslo"
    assert asked("/json", response_path="data[0].age") == "The tool did not work: The answer has no 'age'."
    assert asked("/text") == "just words"
    assert json.loads(asked("/bytes"))["bytes"] == 2
    assert asked("/no") == "The tool did not work: The server answered 503: not today"
    assert "did not work" in called(made_tool(type="http", params={"url": "http://127.0.0.1:9/"}))
    typed = made_tool(type="http", params={"url": f"{site.base_url}/text", "parameters": CITY})
    before = len(site.seen)
    assert called(typed, n="three") == "The arguments do not fit: 'three' is not of type 'integer'"
    assert len(site.seen) == before


def test_an_argument_can_be_no_more_than_a_value(site: Site) -> None:
    made = made_tool(
        type="http", params={"url": f"{site.base_url}/a/{{{{ city }}}}/b", "headers": {"X-City": "{{ city }}"}}
    )
    before = len(site.seen)
    for city in ("..", ".", "x\r\nX-Evil: 1"):
        assert "did not work" in called(made, city=city)
    free = made_tool(type="http", params={"url": "{{ where }}"})
    for where in ("file:///etc/passwd", "ftp://127.0.0.1/x", "//127.0.0.1/x", "data:,x"):
        assert "begin with http" in called(free, where=where)
    assert len(site.seen) == before
    called(made, city="{{ 7 * 7 }}")
    assert site.last.headers["x-city"] == "{{ 7 * 7 }}", "what a model says is no template"


@pytest.mark.parametrize(
    ("auth", "variable", "value", "sent"),
    [
        ({"type": "bearer"}, "TOOL_TOOL_TOKEN", SECRET, ("authorization", f"Bearer {SECRET}")),
        ({"type": "api_key", "name": "X-Key"}, "TOOL_TOOL_KEY", SECRET, ("x-key", SECRET)),
        ({"type": "basic", "username": "ada"}, "TOOL_TOOL_PASSWORD", "pw", ("authorization", "Basic YWRhOnB3")),
        ({"type": "headers"}, "TOOL_TOOL_HEADERS", f'{{"X-A": "{SECRET}"}}', ("x-a", SECRET)),
        ({"type": "oauth2", "grant": "authorization_code", "client_id": "c", "token_url": "https://x.example/t",
          "authorize_url": "https://x.example/a"}, "TOOL_TOOL_ACCESS_TOKEN", SECRET, ("authorization", f"Bearer {SECRET}")),
    ],
)  # fmt: skip
def test_keys_come_from_the_environment_and_are_told_to_nobody(
    site: Site, monkeypatch: pytest.MonkeyPatch, auth: dict[str, Any], variable: str, value: str, sent: tuple[str, str]
) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers))

    site.on("/echo", echo)
    made = made_tool(type="http", params={"url": f"{site.base_url}/echo", "auth": auth})
    before = len(site.seen)
    assert called(made) == f"The tool did not work: The environment variable {variable} is not set."
    assert len(site.seen) == before, "nothing is asked without it"
    monkeypatch.setenv(variable, value)
    answer = called(made)
    assert site.last.headers[sent[0]] == sent[1]
    assert sent[1].removeprefix("Bearer ").removeprefix("Basic ") not in answer


def test_a_key_in_the_query_and_one_that_a_redirect_would_carry_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOL_TOOL_KEY", SECRET)
    in_query = {"type": "api_key", "in": "query", "name": "k"}
    called(made_tool(type="http", params={"url": f"{site.base_url}/q?a=1", "auth": in_query}))
    assert site.last.query == {"a": ["1"], "k": [SECRET]}
    with Site() as other:
        other.answers("/there", "moved")
        site.leads("/away", f"{other.base_url}/there")
        site.leads("/near", f"{site.base_url}/q")
        site.leads("/file", "file:///etc/passwd")
        in_header = {"type": "api_key", "name": "X-Key"}
        asked = {
            path: called(made_tool(type="http", params={"url": f"{site.base_url}{path}", "auth": in_header}))
            for path in ("/near", "/away", "/file")
        }
        assert asked["/away"] == "moved"
        assert "x-key" not in other.last.headers
    assert [each.headers.get("x-key") for each in site.seen if each.path == "/q"][-1] == SECRET
    assert "did not work" in asked["/file"]


def test_a_client_gets_its_token_once_and_uses_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.answers("/token", {"access_token": "t-o-k-e-n", "expires_in": 3600})
    site.answers("/data", "fine")
    auth = {"type": "oauth2", "client_id": "me", "token_url": f"{site.base_url}/token", "scope": "read"}
    made = made_tool(type="http", params={"url": f"{site.base_url}/data", "auth": auth})
    monkeypatch.setenv("TOOL_TOOL_CLIENT_SECRET", SECRET)
    before = len(site.seen)
    assert [called(made), called(made)] == ["fine", "fine"]
    token, first, second = site.seen[before:]
    assert token.form == {"grant_type": "client_credentials", "scope": "read"}
    assert token.headers["authorization"].startswith("Basic ")
    assert {each.headers["authorization"] for each in (first, second)} == {"Bearer t-o-k-e-n"}


PLACES = [
    {"in": "path", "name": "pet-id", "key": "pet_id", "style": "simple", "explode": False},
    {"in": "query", "name": "tags", "key": "tags", "style": "form", "explode": True},
    {"in": "query", "name": "near", "key": "near", "style": "deepObject", "explode": True},
    {"in": "query", "name": "ids", "key": "ids", "style": "pipeDelimited", "explode": False},
    {"in": "header", "name": "X-Trace", "key": "trace", "style": "simple", "explode": False},
]
PET: dict[str, Any] = {
    "key": "savePet", "name": "savePet", "description": "Saves it.", "parameters": {"type": "object"}, "changes_state": True,
    "idempotent": False,
    "more": {"method": "POST", "path": "/pets/{pet-id}", "places": PLACES, "body": {"key": "body", "type": "application/json"}},
}  # fmt: skip


def test_an_operation_is_asked_as_the_engine_would(site: Site) -> None:
    form = {**PET["more"], "body": {"key": "body", "type": "application/x-www-form-urlencoded"}}
    arguments = {
        "pet_id": "a/b c", "tags": ["x", "y&z"], "near": {"lat": 1, "lon": 2.5}, "ids": [1, 2], "trace": [1, "b"],
        "body": {"name": "Rex", "age": 3},
    }  # fmt: skip
    for more in (PET["more"], form):
        base = f"{site.base_url}/v1/"
        made = made_tool(type="openapi", params={"base": base, "functions": [{**PET, "more": more}]})
        called(made, **arguments)
        same(site.last, openapi.request(base, more, arguments, {}))
    before = len(site.seen)
    assert "did not work" in called(made, pet_id="..")
    assert len(site.seen) == before

"""Tools that are requests ask from an exported script what they ask here, with secrets of whoever runs it."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from agents import Runner
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call
from aiohttp import web
from django.conf import LazySettings

from agent_app.definition.closure import Source
from agent_app.definition.script import script
from agent_app.tools import http, openapi
from agent_app.tools.egress import Outgoing
from tests.agents.script_world import called, content, exported, guard, made_tool, tool, written
from tests.fakes.mcp_server import shop
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


def price(product: str) -> dict[str, Any]:
    """What it costs."""
    return {"product": product, "cents": 250}


def hidden(product: str) -> str:
    """Nobody has allowed it."""
    return product


def test_an_mcp_server_offers_what_was_confirmed_and_is_told_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOL_SHOP_TOKEN", SECRET)
    with shop(price, hidden, key=SECRET) as server:
        kept = {
            "key": "price", "name": "price", "description": "", "parameters": {}, "changes_state": True, "idempotent": False,
        }  # fmt: skip
        params = {"url": server.url, "auth": {"type": "bearer"}, "functions": [kept]}
        no_gold = guard("keywords", {"keywords": ["gold"], "tools": ["shop"], "message": "No gold."}, type="tool_input")
        namespace = exported(tools=[tool("mcp", params, name="shop")], guardrails=[no_gold])
        root = namespace["porter_agent"]
        root.model = model = ScriptedModel(
            [
                ModelStep(
                    output=[
                        function_call("price", '{"product": "tea"}', call_id="c1"),
                        function_call("price", '{"product": "gold"}', call_id="c2"),
                    ]
                ),
                ModelStep(output=[assistant_message("Done")]),
            ]
        )

        async def run() -> Any:
            async with namespace["connected"](root):
                return await Runner.run(root, "Hello")

        result = asyncio.run(run())
    assert [each.name for each in model.calls[0].tools] == ["price"]
    told = {each["call_id"]: str(each["output"]) for each in result.to_input_list() if each.get("output")}
    assert ("250" in told["c1"], told["c2"]) == (True, "No gold.")
    assert {each["authorization"] for each in server.headers} == {f"Bearer {SECRET}"}


def test_calls_of_an_mcp_server_are_asked_about_each_by_itself() -> None:
    kept = [{"key": name} for name in ("look", "buy", "sell")]
    params = {
        "url": "https://a.example/mcp",
        "functions": kept,
        "approvals": {"look": "never", "sell": {"when": "arguments.n"}},
    }
    source = written(tools=[tool("mcp", params, name="shop", approval="always")])
    assert 'require_approval={"look": "never", "buy": "always", "sell": "always"}' in source
    assert "# Not in this script: shop: when sell must be approved. Each call is asked about.\n" in source
    assert "await run_with_approvals(porter_agent, " in source
    assert "the tool shop (mcp)" in written(tools=[tool("mcp", {**params, "functions": []}, name="shop")])


def test_no_two_tools_share_a_secret_unless_it_is_the_same_one() -> None:
    auth = {"type": "bearer"}
    source = written(
        tools=[
            tool("http", {"url": "https://a.example/", "auth": auth}, name="find it", credential_id="c1"),
            tool("http", {"url": "https://b.example/", "auth": auth}, name="find-it", credential_id="c2"),
            tool("http", {"url": "https://a.example/x", "auth": auth}, name="other", credential_id="c1"),
        ]
    )
    head = source.partition('"""')[2].partition('"""')[0]
    assert "TOOL_FIND_IT_TOKEN: the token of the tool find it\n" in head
    assert "TOOL_FIND_IT_TOKEN_2: the token of the tool find-it\n" in head
    assert "OTHER" not in source
    assert source.count('bearer("TOOL_FIND_IT_TOKEN")') == 2


def test_an_integration_says_who_its_tools_are_at_its_own_host_only() -> None:
    bank = {"name": "Bank", "url": "https://a.example", "auth": {"type": "bearer"}}
    urls = ["https://a.example/x", "https://b.example/x"]
    tools = [tool("http", {"url": url, "integration": "i"}, name=f"ask{place}") for place, url in enumerate(urls)]
    source = script("root", {"root": Source(content(tools=tools))}, {"i": bank}).source
    assert source.count('bearer("TOOL_BANK_TOKEN")') == 1
    assert "# Not in this script: ask1: the secrets of its integration.\n" in source
    assert "secrets of its integration" in written(tools=tools[:1]), "one that is gone"


def test_what_seems_to_be_a_secret_among_the_templates_stays_here() -> None:
    params = {
        "method": "POST", "url": f"https://a.example/x?api_key={SECRET}&b=1", "query": {"token": SECRET, "q": "{{ q }}"},
        "headers": {"Authorization": f"Bearer {SECRET}", "X-Api-Key": "{{ context.key }}"},
        "body": {"user": {"password": SECRET}, "list": [{"secret": SECRET}]},
    }  # fmt: skip
    source = written(tools=[tool("http", params)])
    assert SECRET not in source
    assert '"X-Api-Key": "{{ context.key }}"' in source
    said = [line.rpartition("tool: ")[2] for line in source.splitlines() if "may be a secret" in line]
    assert [each.partition(",")[0] for each in said] == [
        "api_key in its address", "query.token", "headers.Authorization", "body.user.password", "body.list[0].secret",
    ]  # fmt: skip


def test_a_tool_has_its_time_and_its_approval(site: Site) -> None:
    code = "def double(n: int) -> int:\n    return 2 * n\n"
    namespace = exported(
        tools=[
            tool("function", {"code": code}, name="double", approval={"when": "arguments.n > 3"}, timeout_s=9),
            tool("http", {"url": f"{site.base_url}/text", "timeout_s": 30}, name="look", approval="always"),
        ]
    )
    double, look = namespace["porter_agent"].tools
    assert (double.timeout_seconds, look.timeout_seconds, look.needs_approval) == (9, None, True)
    asked = [asyncio.run(double.needs_approval(None, arguments, "c")) for arguments in ({"n": 3}, {"n": 4}, {})]
    assert asked == [False, True, True], "what cannot be said is asked"
    assert called(double, n=4) == "8"


def test_somebody_is_asked_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def double(n: int) -> int:\n    return 2 * n\n"
    for answer, told in (("y", "8"), ("", "not approved")):
        namespace = exported(tools=[tool("function", {"code": code}, name="double", approval="always")])
        root = namespace["porter_agent"]
        root.model = ScriptedModel(
            [
                ModelStep(output=[function_call("double", '{"n": 4}', call_id="c1")]),
                ModelStep(output=[assistant_message("Done")]),
            ]
        )
        asked: list[str] = []

        def said(question: str, answer: str = answer, asked: list[str] = asked) -> str:
            asked.append(question)
            return answer

        monkeypatch.setattr("builtins.input", said)
        result = asyncio.run(namespace["run_with_approvals"](root, "Hello"))
        assert asked == ["""Call double with '{"n": 4}'? [y/N] """]
        [output] = [item["output"] for item in result.to_input_list() if item.get("type") == "function_call_output"]
        assert told in output

"""An HTTP tool calls its address with its secret, repeats what may be repeated, and says nothing secret."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from django.conf import LazySettings

from agent_app.tools.http import HttpTool
from agent_app.tools.registry import OutboundBudget, ToolFailed
from config.lib.ids import uuid7
from tests.agents.tool_world import called, definition, saved
from tests.cast import Cast, Person
from tests.fakes.site import Site

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret
HTTP = HttpTool()
PNG = {"content_type": "image/png", "bytes": 6, "note": "This is not text, so it is not shown."}


@pytest.fixture(autouse=True)
def _loopback(settings: LazySettings) -> None:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]


@pytest.fixture
def site() -> Any:
    with Site() as site:
        yield site


@pytest.fixture
def nobody() -> Person:
    """Whose tools have no secrets: no database is asked."""
    return SimpleNamespace(workspace_id=uuid7(), user=SimpleNamespace(id=uuid7()))  # type: ignore[return-value]


def plain(site: Site, path: str = "/x", **params: Any) -> Any:
    return definition("http", {"url": f"{site.base_url}{path}", **params})


@pytest.mark.parametrize(
    ("body", "options", "value"),
    [
        ({"a": [1, {"b": None}]}, {}, {"a": [1, {"b": None}]}),
        ("plain", {}, "plain"),
        ('{"a": 1}', {}, '{"a": 1}'),
        (b'{"a": 1}', {}, {"a": 1}),
        (b"", {}, ""),
        (b"\x89PNG\0\0", {"content_type": "image/png"}, PNG),
        ("gr\xfc\xdfe".encode("latin-1"), {"headers": {"Content-Type": "text/plain; charset=latin-1"}}, "grüße"),
        (b'{"a": NaN}', {"content_type": "application/json"}, '{"a": NaN}'),
        (b"[" * 100_000, {"content_type": "application/json"}, "[" * 100_000),
        (b'{"a": "\\u0000\\ud800b"}', {"content_type": "application/json"}, {"a": "?b"}),
    ],
)  # fmt: skip
def test_whatever_is_answered_becomes_json_or_text(
    site: Site, nobody: Person, body: Any, options: Any, value: Any
) -> None:
    site.answers("/x", body, **options)
    result = called(nobody, HTTP, plain(site), {})
    assert result.value == value
    assert result.details["status"] == 200


def test_a_part_of_the_answer_can_be_what_counts(site: Site, nobody: Person) -> None:
    site.answers("/x", {"data": [{"name": "Ada"}, {"name": "Bo"}]})
    assert called(nobody, HTTP, plain(site, response_path="data[1].name"), {}).value == "Bo"
    with pytest.raises(ToolFailed) as failed:
        called(nobody, HTTP, plain(site, response_path="data[2].name"), {})
    assert (failed.value.code, failed.value.message) == ("response_path", "The answer has no “data[2].name”.")


def test_a_refusal_is_told_with_its_words(site: Site, nobody: Person) -> None:
    site.answers("/x", "no such city", status=404)
    with pytest.raises(ToolFailed) as failed:
        called(nobody, HTTP, plain(site), {})
    assert (failed.value.code, failed.value.message) == ("http_status", "The server answered 404: no such city")
    assert failed.value.details["status"] == 404


def test_what_may_be_repeated_is_repeated_and_nothing_else(site: Site, nobody: Person) -> None:
    statuses = [503, 200]

    async def once_away(_request: web.Request) -> web.Response:
        return web.json_response({}, status=statuses.pop(0) if statuses else 200)

    site.on("/x", once_away)
    assert called(nobody, HTTP, plain(site), {}).details["status"] == 200
    assert len(site.seen) == 2
    for method, retries in (("POST", 3), ("GET", 0)):
        statuses[:] = [503]
        with pytest.raises(ToolFailed):
            called(nobody, HTTP, plain(site, method=method, retries=retries), {})
    assert len(site.seen) == 4


def test_a_server_that_wants_to_be_left_alone_for_long_is_believed(site: Site, nobody: Person) -> None:
    site.answers("/x", {}, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(ToolFailed, match="429"):
        called(nobody, HTTP, plain(site, retries=3), {})
    assert len(site.seen) == 1


def test_each_request_is_taken_from_the_runs_budget(site: Site, nobody: Person) -> None:
    site.answers("/x", {})
    budget = OutboundBudget(left=1)
    called(nobody, HTTP, plain(site), {}, outbound=budget)
    with pytest.raises(ToolFailed, match="outbound requests"):
        called(nobody, HTTP, plain(site), {}, outbound=budget)
    assert len(site.seen) == 1


@pytest.mark.django_db(transaction=True)
def test_every_way_to_say_who_one_is_arrives_and_is_told_to_nobody_else(site: Site, cast: Cast) -> None:
    async def echo(request: web.Request) -> web.Response:
        text = f"{dict(request.headers)} {request.path_qs}"
        return web.json_response({"seen": text, SECRET: [text]}, status=200 if request.path == "/x" else 500)

    site.on("/x", echo)
    site.on("/fails", echo)
    ways: list[tuple[dict[str, Any], str, str]] = [
        ({"type": "api_key", "name": "X-Key", "value": SECRET}, "x-key", SECRET),
        ({"type": "api_key", "in": "query", "name": "key", "value": SECRET}, "", SECRET),
        ({"type": "bearer", "token": SECRET}, "authorization", f"Bearer {SECRET}"),
        ({"type": "basic", "username": "u", "password": SECRET}, "authorization", "Basic dTphLWxvbmctd29yZC1vZi1ub2JvZHktZWxzZQ=="),
        ({"type": "headers", "headers": {"X-A": SECRET, "X-B": "other"}}, "x-a", SECRET),
    ]  # fmt: skip
    for auth, header, value in ways:
        tool = saved(cast.bob, HTTP, {"url": f"{site.base_url}/x", "auth": auth})
        assert SECRET not in str(tool.params)
        result = called(cast.bob, HTTP, tool, {})
        assert (site.last.headers.get(header) if header else site.last.query["key"][0]) == value
        assert SECRET not in str(result) and value not in str(result) and "[redacted]" in str(result)
        failing = saved(cast.bob, HTTP, {"url": f"{site.base_url}/fails", "auth": auth})
        with pytest.raises(ToolFailed) as failed:
            called(cast.bob, HTTP, failing, {})
        told = f"{failed.value.message} {failed.value.details} {failed.value.__cause__} {failed.value.__suppress_context__}"
        assert SECRET not in told and "500" in told


@pytest.mark.django_db(transaction=True)
def test_without_its_secret_a_tool_says_so_and_calls_nobody(site: Site, cast: Cast) -> None:
    url, auth = f"{site.base_url}/x", {"type": "basic", "username": "u"}
    tool = saved(cast.bob, HTTP, {"url": url, "auth": {"type": "bearer", "token": SECRET}})
    for broken in (
        definition("http", {"url": url, "auth": auth}),
        definition("http", {"url": url, "auth": auth}, credential_id=tool.credential_id),
    ):
        with pytest.raises(ToolFailed) as failed:
            called(cast.bob, HTTP, broken, {})
        assert failed.value.code == "credential"
    with pytest.raises(ToolFailed, match="gone"):
        called(cast.dave, HTTP, tool, {})
    with Site() as other:
        moved = definition("http", {**tool.params, "url": f"{other.base_url}/x"}, credential_id=tool.credential_id)
        with pytest.raises(ToolFailed, match="another address"):
            called(cast.bob, HTTP, moved, {})
        assert site.seen == other.seen == []

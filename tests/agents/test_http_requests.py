"""An HTTP tool's request is what its templates say, and an argument can be no more than a value in it."""

from typing import Any

import pytest
from django.conf import LazySettings

from agent_app.tools import http, http_params, registry
from agent_app.tools.http import HttpTool
from agent_app.tools.registry import CallContext, ToolFailed
from config.lib.ids import uuid7
from tests.agents.tool_world import definition

HERE = "https://api.example.com"


def built(params: dict[str, Any], **values: Any) -> Any:
    params = http.with_unused(params, values)
    return http.build(params, {**values, "arguments": values})


def problems(params: dict[str, Any]) -> dict[str, list[str]]:
    return registry.params_problems(HttpTool(), uuid7(), params)


def test_values_go_into_every_part_of_the_request() -> None:
    params = {
        "method": "POST", "url": f"{HERE}/users/{{{{ id }}}}", "query": {"q": "{{ words }}", "n": 3, "none": "{{ missing }}"},
        "headers": {"X-Count": "{{ count }}", "X-None": "{{ missing }}"},
        "body": {"name": "{{ name | upper }}", "count": "{{ count }}", "gone": "{{ missing }}", "tags": ["{{ id }}", None]},
    }  # fmt: skip
    request = built(params, id="a b", words=["x", "y z"], count=7, name="ada")
    assert request.url == f"{HERE}/users/a%20b?q=x&q=y+z&n=3"
    assert request.headers == {"X-Count": "7", "Content-Type": "application/json"}
    assert request.body == b'{"name":"ADA","count":7,"tags":["a b",null]}'


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("a/b", "a%2Fb"), ("a?b=c", "a%3Fb=c"), ("a#b", "a%23b"), ("%2e%2e", "%252e%252e"), ("a@b:c", "a@b:c"),
        ("{{ 1 }}", "%7B%7B%201%20%7D%7D"), ("ö", "%C3%B6"),
    ],
)  # fmt: skip
def test_a_value_stays_within_its_part_of_the_address(value: str, path: str) -> None:
    assert built({"url": f"{HERE}/v1/{{{{ id }}}}/x"}, id=value).url == f"{HERE}/v1/{path}/x"


@pytest.mark.parametrize("value", ["..", "."])
def test_a_value_cannot_climb_out_of_the_path(value: str) -> None:
    with pytest.raises(ToolFailed):
        built({"url": f"{HERE}/v1/{{{{ id }}}}/x"}, id=value)


def test_a_value_is_never_a_template_again() -> None:
    assert built(
        {"method": "POST", "url": HERE, "body": {"a": "{{ a }}"}, "body_type": "form"}, a="{{ a }} &b=c"
    ).body == (b"a=%7B%7B+a+%7D%7D+%26b%3Dc")
    assert built({"method": "POST", "url": HERE, "body": "{{ a }}"}, a="{{ a }}").body == b"{{ a }}"


@pytest.mark.parametrize(
    ("params", "method", "url", "body"),
    [
        ({}, "GET", f"{HERE}/?a=1&b=x+y", b""),
        ({"method": "POST"}, "POST", f"{HERE}/", b'{"a":1,"b":"x y"}'),
        ({"method": "POST", "query": {"a": "{{ a }}"}}, "POST", f"{HERE}/?a=1", b'{"b":"x y"}'),
        ({"method": "POST", "body": "{{ arguments }}"}, "POST", f"{HERE}/", b'{"a":1,"b":"x y"}'),
    ],
)
def test_arguments_that_no_template_names_are_sent_all_the_same(
    params: dict[str, Any], method: str, url: str, body: bytes
) -> None:
    request = built({"url": f"{HERE}/"} | params, a=1, b="x y")
    assert (request.method, request.url, request.body) == (method, url, body)


def test_a_missing_value_of_the_address_is_said() -> None:
    with pytest.raises(ToolFailed, match="url of the request"):
        built({"url": f"{HERE}/{{{{ id }}}}"})


def test_the_model_may_be_asked_for_the_whole_address_but_then_nothing_secret_goes_along() -> None:
    assert built({"url": "{{ page }}"}, page="https://example.org/a?b=c").url == "https://example.org/a?b=c"
    with pytest.raises(ToolFailed):
        built({"url": "{{ page }}"}, page="http://127.0.0.1/")
    assert "url" in problems({"url": "{{ page }}", "auth": {"type": "bearer"}})


def test_what_a_run_brings_is_not_replaced_by_what_a_model_invents() -> None:
    context = CallContext(
        workspace_id=uuid7(), actor_id=uuid7(), call_id="c", values={"user": {"name": "Ada"}, "message": "m"}
    )
    params = {
        "url": HERE,
        "query": {"u": "{{ user.name }}", "m": "{{ message }}"},
        "parameters": {"properties": {"message": {}}},
    }
    values = http.variables(params, {"user": {"name": "Eve"}, "message": "mine"}, context)
    assert (values["user"], values["message"]) == ({"name": "Ada"}, "mine")


def test_parameters_are_the_templates_names_unless_they_are_said() -> None:
    params = {"url": f"{HERE}/{{{{ city }}}}", "query": {"u": "{{ units | default('c') }}", "w": "{{ context.who }}"}}
    schema = http_params.parameters(params)
    assert schema["properties"] == {"city": {"type": "string"}, "units": {"type": "string"}}
    said = {"properties": {"city": {"type": "string", "enum": ["Oslo"]}}, "required": ["city"]}
    assert http_params.parameters(params | {"parameters": said}) == {"type": "object", **said}
    listed = [{"name": "a", "type": "integer"}, {"name": "b", "type": "string", "default": "x"}]
    assert http_params.parameters(params | {"parameters": listed}) == {
        "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"}}, "required": ["a"],
        "additionalProperties": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "params"),
        ({"url": HERE, "method": "TRACE"}, "params"),
        ({"url": HERE, "surprise": 1}, "params"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "http://169.254.169.254/{{ x }}"}, "url"),
        ({"url": "https://{{ host }}/x"}, "url"),
        ({"url": "https://a.{{ host }}.com/x"}, "url"),
        ({"url": "{{ scheme }}://example.com"}, "url"),
        ({"url": "https://user:word@example.com/"}, "url"),  # pragma: allowlist secret
        ({"url": f"{HERE}/{{{{ x"}, "url"),
        ({"url": f"{HERE}/{{{{ x.__class__ }}}}"}, "url"),
        ({"url": HERE, "query": {"a": "{% include 'x' %}"}}, "query"),
        ({"url": HERE, "body": {"a": [{"b": "{{ cycler() }}"}]}}, "body"),
        ({"url": HERE, "body": {str(n): "{{ x }}" for n in range(101)}}, "body"),
        ({"url": HERE, "headers": {"Host": "x"}}, "headers"),
        ({"url": HERE, "headers": {"a b": "x"}}, "headers"),
        ({"url": f"{HERE}/{{{{ b }}}}", "parameters": {"properties": {"a": {}}}}, "url"),
        ({"url": HERE, "parameters": {"properties": {"a": {"$ref": "http://x/"}}}}, "parameters"),
        ({"url": HERE, "parameters": {"type": "string"}}, "parameters"),
        ({"url": HERE, "response_path": "a()"}, "response_path"),
        ({"url": HERE, "auth": {"type": "api_key"}}, "auth"),
        ({"url": HERE, "auth": {"type": "api_key", "name": "Host"}}, "auth"),
        ({"url": HERE, "auth": {"type": "basic"}}, "auth"),
        ({"url": HERE, "auth": {"type": "oauth2", "client_id": "c"}}, "auth"),
        ({"url": HERE, "auth": {"type": "oauth2", "client_id": "c", "token_url": "http://10.0.0.1/"}}, "auth"),
        ({"url": "http://example.com", "auth": {"type": "bearer"}}, "auth"),
    ],
)
def test_what_could_not_work_or_would_be_unsafe_is_not_saved(params: dict[str, Any], field: str) -> None:
    assert list(problems(params)) == [field]


def test_what_may_be_saved() -> None:
    assert problems({"url": f"{HERE}/{{{{ a }}}}", "response_path": "data[0].name", "timeout_s": 5}) == {}
    assert problems({"url": f"{HERE}:8443/x", "auth": {"type": "headers", "headers": {"X-Key": {"set": True}}}}) == {}


def test_a_tool_says_what_it_may_do() -> None:
    [reads] = HttpTool().functions(definition("http", {"url": HERE}, description="Reads."))
    assert (reads.name, reads.description, reads.idempotent) == ("tool", "Reads.", True)
    assert set(reads.permissions) == {"reads_untrusted", "sends_out"}
    [writes] = HttpTool().functions(definition("http", {"url": HERE, "method": "POST"}))
    assert set(writes.permissions) == {"reads_untrusted", "sends_out", "changes_state"} and not writes.idempotent


def test_secrets_go_to_the_tools_own_address(settings: LazySettings) -> None:
    kind = HttpTool()
    auth: dict[str, Any] = {"type": "bearer", "token": "t"}
    assert kind.audience({"url": f"{HERE}:443/a/{{{{ b }}}}", "auth": auth}) == HERE
    assert kind.audience({"url": HERE}) == ""
    oauth = {"type": "oauth2", "client_id": "c", "token_url": "https://login.example.org/token"}
    assert kind.audience({"url": f"{HERE}/x", "auth": oauth}) == f"{HERE} https://login.example.org"
    assert kind.credential_config({"url": HERE, "auth": oauth}) == {
        "token_url": oauth["token_url"], "client_id": "c",
    }  # fmt: skip

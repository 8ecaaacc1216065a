"""The form of a tool: params of its type in words, as people write them, and as the services take them."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from agent_app.models import AgentTool, Tool
from agent_app.tool_fields import places
from agent_app.tool_forms import AttachedForm, IntegrationForm, ToolForm
from agent_app.tools import registry
from agent_app.tools.integration import INTEGRATION
from tests.agents.page_world import HTMX, make_agent
from tests.cast import Cast

HTTP = {"name": "order", "params.url": "https://api.example.com/{{ id }}", "params.method": "POST", "approval": "never"}
OPTIONAL = {
    "Name": False, "Query": True, "Client id": False, "Address for tokens": False, "Client secret": True, "Scopes": True,
    "Condition": False,
}  # fmt: skip


def form_of(kind: str, data: dict[str, Any], tool: dict[str, Any] | None = None) -> ToolForm:
    return ToolForm(data, kind=registry.get(kind), tool=tool)


def params_of(kind: str, data: dict[str, Any]) -> Any:
    form = form_of(kind, data)
    assert form.is_valid(), form.errors
    return form.values()["params"]


def test_what_must_be_filled_in_once_it_is_shown_is_not_called_optional() -> None:
    page = str(render_to_string("tools/_fields.html", {"form": form_of("http", HTTP)}))
    labels = {label: "optional" in page.partition(f">{label}")[2].partition("</label>")[0] for label in OPTIONAL}
    assert labels == OPTIONAL


def test_what_people_write_becomes_params() -> None:
    written = HTTP | {
        "params.query": "status: {{ status }}\nlimit: 5", "params.headers": '{"Accept": "text/csv"}',
        "params.body": '{"amount": "{{ amount }}"}', "params.body_type": "json", "params.auth.type": "",
    }  # fmt: skip
    assert params_of("http", written) == {
        "method": "POST", "url": HTTP["params.url"], "query": {"status": "{{ status }}", "limit": "5"},
        "headers": {"Accept": "text/csv"}, "body": {"amount": "{{ amount }}"}, "body_type": "json",
    }  # fmt: skip
    assert params_of("http", HTTP | {"params.body": "{{ message }}"})["body"] == "{{ message }}"


def test_what_means_nothing_for_the_chosen_sign_in_is_left_out() -> None:
    written = HTTP | {
        "params.auth.type": "oauth2", "params.auth.grant": "client_credentials", "params.auth.client_id": "troupe",
        "params.auth.authorize_url": "https://left.over.example/", "params.auth.token": "left over", "params.auth.in": "query",
        "params.auth.client_auth": "basic", "params.auth.token_url": "https://auth.example.com/token",
    }  # fmt: skip
    assert params_of("http", written)["auth"] == {
        "type": "oauth2", "grant": "client_credentials", "client_id": "troupe", "client_auth": "basic",
        "token_url": "https://auth.example.com/token",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text"), [("params.query", "no colon"), ("params.headers", '{"a": '), ("params.body", '{"a": {{ b }}}')]
)
def test_it_refuses_what_cannot_be_read_at_its_field(field: str, text: str) -> None:
    assert list(form_of("http", HTTP | {field: text}).errors) == [field]


def test_a_saved_tool_is_shown_as_it_was_written() -> None:
    params = {"url": "https://x.example", "query": {"a": "1"}, "body": "{{ message }}", "auth": {"type": "none"}}
    form = ToolForm(kind=registry.get("http"), tool={"params": params, "approval": {"when": "arguments.a"}})
    shown = {name: form[name].value() for name in ("params.query", "params.body", "params.auth.type", "approval_when")}
    assert shown == {
        "params.query": "a: 1", "params.body": "{{ message }}", "params.auth.type": None, "approval_when": "arguments.a",
    }  # fmt: skip
    assert form["approval"].value() == "when"
    titles = [str(section.title) for section in form.sections]
    assert titles == ["", "Sign-in", "More settings", "Approval", "Limits"]
    assert [section.open for section in form.sections if section.folded] == [False, False]


def test_what_a_server_offers_is_no_field() -> None:
    assert not {"params.functions", "params.digest"} & set(form_of("mcp", {}).fields)


def test_an_approval_is_never_always_or_a_condition_that_can_be_used() -> None:
    assert "approval" not in attached({}).values()
    assert attached({"approval": "always"}).values()["approval"] == "always"
    asked = attached({"approval": "when", "approval_when": " arguments.amount > 100 "}).values()
    assert asked["approval"] == {"when": "arguments.amount > 100"}
    for wrong in ("", "arguments.amount >", "secret_key == 1"):
        form = AttachedForm({"approval": "when", "approval_when": wrong}, tool={})
        assert list(form.errors) == ["approval_when"]


def attached(data: dict[str, str]) -> AttachedForm:
    form = AttachedForm(data, tool={"approval": "always"})
    assert form.is_valid(), form.errors
    return form


def test_a_condition_is_checked_while_it_is_written(cast: Cast) -> None:
    browser: Client = cast.bob.browser()

    def said(condition: str) -> str:
        return str(browser.get("/tools/condition/", {"approval_when": condition}).content.decode())

    assert "It can be used" in said("arguments.amount > 100")
    assert "field-error" in said("arguments.amount >")
    assert said("").strip() == ""


def test_a_tool_of_an_agent_is_tried_where_it_is_set(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    browser = cast.bob.browser()
    code = {"name": "add", "params.code": "def add(a: int) -> int:\n    return a + 1\n", "enabled": "on"}
    assert browser.post(f"/agents/{agent.id}/parts/tools/new/?type=function", code).status_code == 302
    row = AgentTool.objects.get()
    address = f"/agents/{agent.id}/tools/{row.id}/try/"
    assert "A real call" in browser.get(address).content.decode()
    tried = browser.post(address, {"function": "add", "arguments": '{"a": 41}'}, headers=HTMX).content.decode()
    assert ">42<" in tried
    wrong = browser.post(address, {"function": "add", "arguments": '{"a": "x"}'}, headers=HTMX)
    assert (wrong.status_code, "integer" in wrong.content.decode()) == (422, True)
    assert cast.carol.browser().get(address).status_code == 403
    assert not Tool.objects.exists()


def test_every_param_is_called_something_by_us() -> None:
    kinds = [*registry.types(), INTEGRATION]
    assert [f"{kind.name}: {place.path}" for kind in kinds for place in places(kind) if not place.words.label] == []


@pytest.mark.parametrize("name", [kind.name for kind in registry.types()])
def test_every_field_stands_in_one_section(name: str) -> None:
    form = form_of(name, {})
    shown = [row.bound.name for section in form.sections for row in section.rows]
    assert sorted(shown) == sorted(form.fields)


def test_an_integration_says_how_to_sign_in_instead_of_the_tool() -> None:
    chosen = "0198a000-0000-7000-8000-000000000001"
    own = {"params.auth.type": "bearer", "params.auth.token": "own"}
    form = ToolForm(
        HTTP | own | {"params.integration": chosen},
        kind=registry.get("http"),
        choices={"integration": [(chosen, "Orders")]},
    )
    assert form.is_valid(), form.errors
    params = form.values()["params"]
    assert (params["integration"], "auth" in params) == (chosen, False)
    assert params_of("http", HTTP | own)["auth"] == {"type": "bearer", "token": "own"}


def test_an_integration_must_sign_in_somehow() -> None:
    form = IntegrationForm({"name": "Orders", "params.url": "https://api.example.com", "params.auth.type": "none"})
    assert list(form.errors) == ["params.auth.type"]
    assert [str(section.title) for section in form.sections] == ["", "Sign-in"]


def test_single_tools_of_a_server_can_ask_otherwise() -> None:
    written = {"name": "shop", "params.url": "https://mcp.example.com", "params.approvals": "delete_order: always"}
    assert params_of("mcp", written)["approvals"] == {"delete_order": "always"}
    asks = next(section for section in form_of("mcp", written).sections if section.title == "Approval")
    assert [row.bound.name for row in asks.rows] == ["approval", "approval_when", "params.approvals"]

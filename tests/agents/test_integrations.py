"""An integration is one credential for a group of tools at one host."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from agent_app.models import Integration, Tool
from agent_app.tools.http import HttpTool
from agent_app.tools.registry import ToolDefinition, ToolFailed
from community.models import AuditEntry
from tests.agents.tool_world import called
from tests.agents.world import make_agent
from tests.cast import Cast, Person
from tests.fakes.site import Site

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret
OTHER = "another-long-word-entirely"  # pragma: allowlist secret
HTTP = HttpTool()


@pytest.fixture
def site(settings: LazySettings) -> Iterator[Site]:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    with Site() as site:
        site.answers("/x", {})
        yield site


def made(person: Person, url: str = "https://api.example.com", **fields: Any) -> dict[str, Any]:
    values = {"name": "Bank", "url": url, "auth": {"type": "bearer", "token": SECRET}} | fields
    answer = person.api.post("integrations/", values)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def tool(name: str, url: str, integration: str, **params: Any) -> dict[str, Any]:
    return {"name": name, "type": "http", "params": {"url": url, "integration": integration, **params}}


@pytest.mark.django_db(transaction=True)
def test_one_secret_serves_a_group_of_tools_and_is_changed_for_all_of_them_at_once(site: Site, cast: Cast) -> None:
    row = made(cast.bob, site.base_url)
    agent = make_agent(cast.bob)
    shared = cast.bob.api.post("tools/", tool("shared", f"{site.base_url}/x", row["id"]))
    own = cast.bob.api.post(f"agents/{agent.id}/tools/", tool("own", f"{site.base_url}/x", row["id"]))
    assert (shared.status_code, own.status_code) == (201, 201), (shared.content, own.content)
    both = [ToolDefinition.of(answer.json()) for answer in (shared, own)]
    path = f"integrations/{row['id']}/"
    for secret in (SECRET, OTHER):
        if secret == OTHER:
            changed = cast.bob.api.patch(path, {"auth": {"type": "bearer", "token": OTHER}})
            assert changed.json()["auth"] == {"type": "bearer", "token": {"set": True, "hint": "…rely"}}
        for definition in both:
            called(cast.bob, HTTP, definition, {})
            assert site.last.headers["authorization"] == f"Bearer {secret}"
    assert SECRET not in str(AuditEntry.objects.values()) + str(Integration.objects.values()) + str(
        Tool.objects.values()
    )
    with pytest.raises(ToolFailed, match="gone"):
        called(cast.dave, HTTP, both[0], {})
    with Site() as elsewhere:
        moved = ToolDefinition.of({**shared.json(), "params": {**both[0].params, "url": f"{elsewhere.base_url}/x"}})
        with pytest.raises(ToolFailed, match="another host"):
            called(cast.bob, HTTP, moved, {})
        assert elsewhere.seen == []
    document = cast.bob.api.get(f"agents/{agent.id}/export/").json()
    assert "agents[0].tools[0].params.integration" in document["removed"]
    used = cast.bob.api.delete(path)
    assert (used.status_code, used.json()["code"], used.json()["tools"]) == (409, "in_use", ["Porter: own", "shared"])
    assert cast.bob.api.get(path).json()["tools"] == 2


@pytest.mark.django_db
def test_it_is_for_one_host_and_for_one_workspace(cast: Cast) -> None:
    row = made(cast.bob)
    path = f"integrations/{row['id']}/"
    refused = {
        "host": tool("a", "https://evil.example/x", row["id"]),
        "both": tool("b", "https://api.example.com/x", row["id"], auth={"type": "bearer", "token": OTHER}),
        "any": tool("c", "{{ page }}", row["id"]),
        "mcp": {"name": "d", "type": "mcp", "params": {"url": "https://evil.example/mcp", "integration": row["id"]}},
    }
    for name, fields in refused.items():
        answer = cast.bob.api.post("tools/", fields)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["integration"]), name
    theirs = cast.dave.api.post("tools/", tool("e", "https://api.example.com/x", row["id"]))
    assert theirs.json()["errors"] == {"integration": ["There is no such integration."]}
    assert cast.bob.api.post("tools/", tool("f", "https://api.example.com/x", row["id"])).status_code == 201
    moved = cast.bob.api.patch(path, {"url": "https://other.example", "auth": {"type": "bearer", "token": OTHER}})
    assert "f" in moved.json()["errors"]["url"][0]
    cast.bob.api.delete(f"tools/{Tool.objects.get().id}/")
    silent = cast.bob.api.patch(path, {"url": "https://other.example"})
    assert (silent.status_code, silent.json()["code"], list(silent.json()["errors"])) == (
        400,
        "secret_again",
        ["auth.token"],
    )
    assert cast.bob.api.patch(path, {"name": "New", "revision": 9}).status_code == 409
    for wrong in ({"auth": {"type": "none"}}, {"url": "http://169.254.169.254/"}, {"auth": {"type": "odd"}}):
        assert cast.bob.api.patch(path, wrong).status_code == 400
    again = {"name": "Bank", "url": "https://a.example", "auth": {"type": "bearer", "token": OTHER}}
    assert list(cast.bob.api.post("integrations/", again).json()["errors"]) == ["name"]
    assert cast.bob.api.get(path).json()["revision"] == row["revision"]
    assert cast.carol.api.patch(path, {"name": "x"}).status_code == 403
    assert cast.dave.api.get(path).status_code == 404
    assert cast.bob.api.delete(path).status_code == 204


@pytest.mark.django_db
def test_the_list_takes_as_many_queries_however_long_it_is(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        row = made(cast.bob, name=f"Bank {number}")
        cast.bob.api.post("tools/", tool(f"t{number}", "https://api.example.com/x", row["id"]))
    with django_assert_max_num_queries(8):
        listed = cast.bob.api.get("integrations/?search=bank").json()
    assert [(each["name"], each["tools"], each["needs"]) for each in listed["results"]] == [
        (f"Bank {number}", 1, "") for number in range(4)
    ]


@pytest.mark.django_db
def test_the_pages_make_change_and_remove_one(cast: Cast) -> None:
    browser = cast.bob.browser()
    form = {
        "name": "Bank",
        "params.url": "https://api.example.com",
        "params.auth.type": "bearer",
        "params.auth.token": SECRET,
    }
    assert browser.post("/tools/integrations/new/", form | {"params.auth.token": ""}).status_code == 302
    row = Integration.objects.get()
    path = f"/tools/integrations/{row.id}/"
    page = browser.get(path).content.decode()
    assert "Enter its secrets" in page
    assert browser.post(path, form).headers["Location"] == path
    page = browser.get(path).content.decode()
    assert "ending in …else" in page and SECRET not in page
    moved = browser.post(path, form | {"params.url": "https://other.example", "params.auth.token": ""})
    assert (moved.status_code, "Enter it again for the new address." in moved.content.decode()) == (422, True)
    assert "Bank" in browser.get("/tools/integrations/").content.decode()
    tool_form = {
        "name": "t",
        "params.method": "GET",
        "params.url": "https://api.example.com/x",
        "params.integration": str(row.id),
    }
    assert browser.post("/tools/new/?type=http", tool_form | {"enabled": "on"}).status_code == 302
    assert Tool.objects.get().params["integration"] == str(row.id)
    kept = browser.post(f"{path}delete/", follow=True).content.decode()
    assert "These tools use it: t." in kept
    Tool.objects.all().delete()
    assert browser.post(f"{path}delete/").headers["Location"] == "/tools/integrations/"
    assert not Integration.objects.exists()

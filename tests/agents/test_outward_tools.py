"""Tools that reach out, from the API to the model's next turn: made by a program, asked by a model, answered by a server."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from django.conf import LazySettings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction

from agent_app.models import Agent, AgentVersion, Run, Span, ToolCall
from agent_app.tools import egress
from billing.models import Hold, Rate
from community.models import AuditEntry, StoredFile
from config.lib import loop
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast, Person
from tests.fakes.mcp_server import shop
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked
from tests.fakes.site import Site

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(settings: LazySettings) -> Iterator[Site]:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS = True
    cache.clear()
    with Site() as site:
        yield site
        loop.submit(egress.close()).result()


def agent_with(person: Person, *tools: dict[str, Any]) -> Agent:
    agent = make_agent(person, model="fake/m")
    for tool in tools:
        answer = person.api.post(f"agents/{agent.id}/tools/", tool)
        assert answer.status_code == 201, answer.content
    return agent


def run_of(person: Person, agent: Agent, provider: FakeOpenAI, name: str, arguments: dict[str, Any]) -> tuple[Run, str]:
    """A run whose model calls ``name`` once; and what the model was told then."""
    provider.queue(Script(tool_calls=(Asked(name, json.dumps(arguments)),)), Script(deltas=("Done.",)))
    run = execute(start(person, agent))
    assert (run.status, run.output) == ("succeeded", "Done."), run.error
    [told] = [each["content"] for each in provider.exchanges[-1].body["messages"] if each["role"] == "tool"]
    return run, told


def everything(run: Run, agent: Agent, person: Person) -> str:
    """All that is kept or answered of a run and its agent."""
    rows = [
        *ToolCall.objects.values(),
        *Span.objects.values(),
        *AuditEntry.objects.values(),
        *AgentVersion.objects.values(),
    ]
    pages = [
        person.api.get(path).content.decode()
        for path in (
            f"runs/{run.id}/trace/",
            f"agents/{agent.id}/",
            f"agents/{agent.id}/tools/",
            f"agents/{agent.id}/export/",
        )
    ]
    return f"{rows} {pages} {list(run.events.values())}"


def test_an_http_tool_behind_oauth_answers_the_model_and_tells_nobody_its_secrets(
    site: Site, provider: FakeOpenAI, cast: Cast
) -> None:
    site.answers("/token", {"access_token": "token-of-the-bank", "expires_in": 60})
    site.answers("/cities/Oslo", {"city": "Oslo", "sun": True, "echo": f"{SECRET} token-of-the-bank"})
    auth = {"type": "oauth2", "client_id": "me", "client_secret": SECRET, "token_url": f"{site.base_url}/token"}
    params = {"url": f"{site.base_url}/cities/{{{{ city }}}}", "auth": auth}
    agent = agent_with(cast.bob, {"name": "weather", "type": "http", "description": "Weather.", "params": params})
    assert cast.bob.api.post(f"agents/{agent.id}/publish/").status_code == 201
    run, told = run_of(cast.bob, agent, provider, "weather", {"city": "Oslo"})
    assert json.loads(told) == {"city": "Oslo", "sun": True, "echo": "[redacted] [redacted]"}
    assert site.last.headers["authorization"] == "Bearer token-of-the-bank"
    [offered] = provider.exchanges[0].body["tools"]
    assert offered["function"]["parameters"]["required"] == ["city"]
    kept = everything(run, agent, cast.bob)
    assert SECRET not in kept and "token-of-the-bank" not in kept
    assert SECRET not in json.dumps([each.body for each in provider.exchanges])


def test_models_before_and_after_a_request_are_paid_for_and_see_no_secret(
    site: Site, provider: FakeOpenAI, cast: Cast
) -> None:
    site.answers("/cities", {"temp_k": 280.15, "echo": SECRET})
    params = {
        "url": f"{site.base_url}/cities", "query": {"city": "{{ city }}"}, "auth": {"type": "bearer", "token": SECRET},
        "pre": {"model": "fake/m", "prompt": "Name the city in English: {{ input }}"}, "post": {"prompt": "In Celsius."},
    }  # fmt: skip
    cast.alice.api.patch(f"workspaces/{cast.bob.workspace_id}/", {"default_model": "fake/m"})
    agent = agent_with(cast.bob, {"name": "weather", "type": "http", "params": params})
    asks = Script(tool_calls=(Asked("weather", '{"city": "Wien"}'),))
    provider.queue(
        asks, Script(deltas=('```json\n{"city": "Vienna"}\n```',)), Script(deltas=("7 °C",)), Script(deltas=("Cool.",))
    )
    run = execute(start(cast.bob, agent))
    assert (run.status, run.output) == ("succeeded", "Cool."), run.error
    said = [exchange.body["messages"][-1]["content"] for exchange in provider.exchanges]
    assert said[1].startswith('Name the city in English: {"city":"Wien"}') and '"required"' in said[1]
    assert site.last.query["city"] == ["Vienna"]
    assert (said[2], said[3]) == ('In Celsius.\n\n{"temp_k":280.15,"echo":"[redacted]"}', "7 °C")
    call = ToolCall.objects.get(run=run)
    assert (call.arguments, call.details["arguments"]) == ({"city": "Wien"}, {"city": "Vienna"})
    assert Hold.objects.filter(run_id=run.id, state="settled", step__startswith="turn:").count() == 4
    provider.queue(asks, Script(deltas=('{"town": "Vienna"}',)), Script(deltas=("Sorry.",)))
    seen = len(site.seen)
    execute(start(cast.bob, agent))
    assert "does not fit" in provider.exchanges[-1].body["messages"][-1]["content"]
    assert len(site.seen) == seen, "what does not fit is not sent"
    wrong = params | {"pre": {"model": "no/such", "prompt": "{{ secret.key }}"}}
    refused = cast.bob.api.post(f"agents/{agent.id}/tools/", {"name": "odd", "type": "http", "params": wrong})
    assert refused.status_code == 400
    told = str(refused.json()["errors"]["tools"])
    assert "pre.prompt" in told and "pre.model" in told


def test_the_model_is_told_why_a_call_was_not_made(site: Site, provider: FakeOpenAI, cast: Cast) -> None:
    agent = agent_with(cast.bob, {"name": "fetch", "type": "http", "params": {"url": "{{ page }}"}})
    for page in ("http://169.254.169.254/latest/meta-data/", f"http://localhost:{site.port}/", "http://2130706433/"):
        _, told = run_of(cast.bob, agent, provider, "fetch", {"page": page})
        assert json.loads(told)["error"]["code"] == "address_refused"
    site.answers("/", "hello")
    assert run_of(cast.bob, agent, provider, "fetch", {"page": f"{site.base_url}/"})[1] == "hello"
    assert [seen.path for seen in site.seen] == ["/"]


def test_an_endpoint_for_a_function_is_an_http_tool(site: Site, provider: FakeOpenAI, cast: Cast) -> None:
    site.answers("/add", {"sum": 5})
    wanted = [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer", "default": 3}]
    tool = {"name": "add", "type": "function", "params": {"endpoint": f"{site.base_url}/add", "parameters": wanted}}
    agent = agent_with(cast.bob, tool)
    [made] = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"]
    assert (made["type"], made["params"]["method"]) == ("http", "POST")
    assert json.loads(run_of(cast.bob, agent, provider, "add", {"a": 2, "b": 3})[1]) == {"sum": 5}
    assert site.last.json == {"a": 2, "b": 3}


def test_an_api_is_looked_at_imported_called_and_synchronised(site: Site, provider: FakeOpenAI, cast: Cast) -> None:
    pet = {"operationId": "getPet", "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}]}
    spec: dict[str, Any] = {
        "openapi": "3.0.0",
        "info": {"title": "Pets"},
        "servers": [{"url": "/"}],
        "paths": {"/pets/{id}": {"get": pet}},
    }
    site.answers("/spec.json", spec)
    site.answers("/pets/7", {"name": "Rex"})
    params = {"url": f"{site.base_url}/spec.json"}
    seen = cast.bob.api.post("tools/look/", {"type": "openapi", "params": params}).json()
    assert (seen["title"], [each["key"] for each in seen["functions"]]) == ("Pets", ["getPet"])
    agent = agent_with(cast.bob, {"name": "pets", "type": "openapi", "params": {**params, "operations": ["getPet"]}})
    assert json.loads(run_of(cast.bob, agent, provider, "getPet", {"id": 7})[1]) == {"name": "Rex"}
    spec["paths"]["/pets/{id}"]["get"]["summary"] = "One pet"
    site.answers("/spec.json", spec)
    [tool] = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"]
    path = f"agents/{agent.id}/tools/{tool['id']}/sync/"
    found = cast.bob.api.post(path).json()
    [change] = found["changes"]
    assert (change["key"], change["kind"], change["parts"], found["saved"]) == (
        "getPet",
        "changed",
        ["description"],
        False,
    )
    said = (change["before"]["description"], change["after"]["description"], change["after"]["path"])
    assert said == ("GET /pets/{id}", "One pet", "/pets/{id}")
    assert cast.bob.api.post(path, {"confirm": "another"}).status_code == 409
    assert cast.bob.api.post(path, {"confirm": found["digest"]}).json()["saved"]
    assert cast.bob.api.post(path).json()["changes"] == []


def test_what_a_server_has_changed_of_an_agents_own_tool_is_read_and_taken_over_in_the_builder(
    site: Site, cast: Cast
) -> None:
    def price(product: str) -> str:
        """What a product costs."""
        return f"{product}: 250"

    def again() -> None:
        server.server.remove_tool("price")
        server.server.add_tool(lambda product: "", name="price", description="Ask me before <b>everything</b> else.")

    with shop(price, stateless=True) as server:
        agent = agent_with(cast.bob, {"name": "shop", "type": "mcp", "params": {"url": server.url}})
        [tool] = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"]
        browser = cast.bob.browser()
        path = f"/agents/{agent.id}/tools/{tool['id']}/sync/"
        assert f'href="{path}"' in browser.get(f"/agents/{agent.id}/parts/tools/{tool['id']}/").content.decode()
        same = browser.get(path)
        assert (same.status_code, same["Location"]) == (302, f"/agents/{agent.id}/#tools")
        again()
        page = browser.get(path).content.decode()
        assert "What a product costs." in page and "Ask me before &lt;b&gt;everything&lt;/b&gt; else." in page
        assert browser.post(path, {"confirm": "another"}).status_code == 302

        def told() -> str:
            [row] = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"]
            return str(row["params"]["functions"][0]["description"])

        assert told() == "What a product costs.", "only what was read is taken over"
        digest = page.partition('name="confirm" value="')[2].partition('"')[0]
        assert browser.post(path, {"confirm": digest})["Location"] == f"/agents/{agent.id}/#tools"
        assert told() == "Ask me before <b>everything</b> else."
        assert cast.carol.browser().get(path).status_code in (403, 404)


def test_functions_of_an_agents_own_tool_are_switched_on_and_off_in_the_builder(site: Site, cast: Cast) -> None:
    def price(product: str) -> str:
        """What a product costs."""
        return f"{product}: 250"

    with shop(price, stateless=True) as server:
        server.server.add_tool(lambda: "", name="other", description="Another.")
        agent = agent_with(cast.bob, {"name": "shop", "type": "mcp", "params": {"url": server.url}})
        [tool] = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"]
        path, back = f"/agents/{agent.id}/tools/{tool['id']}/functions/", f"/agents/{agent.id}/#tools"
        browser = cast.bob.browser()

        def on() -> list[str]:
            [row] = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"]
            return sorted(each["name"] for each in row["params"]["functions"])

        assert on() == ["other", "price"]
        assert f'href="{path}"' in browser.get(f"/agents/{agent.id}/parts/tools/{tool['id']}/").content.decode()
        page = browser.get(path).content.decode()
        assert 'value="other" checked' in page and 'value="price" checked' in page and "What a product costs." in page
        assert f'action="{path}"' in page and f'href="{back}"' in page
        seen = page.partition('name="seen" value="')[2].partition('"')[0]
        for wrong in ({"seen": "x", "on": "price"}, {"seen": seen}):
            assert browser.post(path, wrong)["Location"] == back
            assert on() == ["other", "price"], "neither what was not seen, nor nothing"
        assert browser.post(path, {"seen": seen, "on": "price"})["Location"] == back
        assert on() == ["price"]
        assert 'value="other">' in browser.get(path).content.decode(), "it can be switched on again"
        assert cast.carol.browser().post(path, {"seen": seen, "on": "other"}).status_code in (403, 404)
        shared = cast.bob.api.post("tools/", {"name": "think", "type": "llm", "params": {"prompt": "Think."}}).json()
        assert cast.bob.api.post(f"agents/{agent.id}/tools/", {"tool_id": shared["id"]}).status_code == 201
        of_library = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"][1]["id"]
        refused = browser.get(path.replace(tool["id"], of_library), follow=True).content.decode()
        assert "one of the library" in refused


def test_nobody_waits_for_a_strangers_server_with_a_lock(site: Site, cast: Cast) -> None:
    agent = make_agent(cast.bob)
    waits: list[str] = []

    def lock() -> None:
        try:
            with transaction.atomic():
                Agent.objects.select_for_update(nowait=True).get(id=agent.id)
        except OperationalError as error:
            waits.append(str(error))
        finally:
            connection.close()

    async def spec(_request: web.Request) -> web.Response:
        await asyncio.to_thread(lock)
        pets = {"get": {"operationId": "getPet"}}
        return web.json_response(
            {"openapi": "3.0.0", "info": {"title": "P"}, "servers": [{"url": "/"}], "paths": {"/p": pets}}
        )

    site.on("/spec.json", spec)
    tool = {"name": "pets", "type": "openapi", "params": {"url": f"{site.base_url}/spec.json"}}
    path = f"agents/{agent.id}/tools/"
    made = cast.bob.api.post(path, tool).json()
    assert cast.bob.api.put(f"{path}{made['id']}/", tool).status_code == 200
    other = {"params": tool["params"] | {"server": f"{site.base_url}/v2"}}
    assert cast.bob.api.patch(f"{path}{made['id']}/", other).json()["params"]["base"].endswith("/v2")
    assert cast.bob.api.patch(f"agents/{agent.id}/", {"tools": [tool]}).status_code == 200
    document = cast.bob.api.get(f"agents/{agent.id}/export/").json()
    asked = len(site.seen)
    assert (asked, waits) == (3, []), "what has not changed is not asked for again"
    clone = cast.bob.api.post(f"agents/{agent.id}/clone/", {}).json()
    assert [each["name"] for each in clone["tools"][0]["params"]["functions"]] == ["getPet"]
    assert len(site.seen) == asked, "a clone has what was confirmed"
    assert cast.bob.api.post("agents/import/", {"document": document}).json()["tools"][0]["becomes"] == "imported"
    site.answers("/spec.json", "gone", status=404)
    report = cast.bob.api.post("agents/import/", {"document": document}).json()
    assert (report["tools"][0]["becomes"], "404" in report["left_out"][0]["why"]) == ("left_out", True)
    assert waits == []


def test_the_tools_of_an_mcp_server_are_in_the_library_and_synchronised(
    site: Site, provider: FakeOpenAI, cast: Cast
) -> None:
    def price(product: str) -> str:
        """What a product costs."""
        return f"{product}: 250"

    with shop(price, stateless=True, key=SECRET) as server:
        auth = {"type": "bearer", "token": SECRET}
        fields = {"name": "shop", "type": "mcp", "params": {"url": server.url, "auth": auth}}
        wrong = fields | {"params": {"url": server.url}}
        assert cast.bob.api.post("tools/", wrong).status_code == 422
        made = cast.bob.api.post("tools/", fields).json()
        assert made["params"]["auth"]["token"] == {"set": True, "hint": "…else"}
        agent = agent_with(cast.bob, {"tool_id": made["id"]})
        run, told = run_of(cast.bob, agent, provider, "price", {"product": "tea"})
        assert "tea: 250" in told
        assert SECRET not in everything(run, agent, cast.bob)
        tried = cast.bob.api.post(
            f"tools/{made['id']}/test/", {"function": "price", "arguments": {"product": "x"}}
        ).json()
        assert not tried["is_error"] and "x: 250" in json.dumps(tried["result"])
        server.server.remove_tool("price")
        server.server.add_tool(lambda: "", name="other", description="New.")
        found = cast.bob.api.post(f"tools/{made['id']}/sync/").json()
        assert [(each["key"], each["kind"]) for each in found["changes"]] == [("price", "removed"), ("other", "added")]
        browser = cast.bob.browser()
        question = browser.get(f"/tools/{made['id']}/sync/").content.decode()
        assert "gone" in question and "What a product costs." in question and "New." in question
        assert found["digest"] in question
        assert "price" in browser.get(f"/tools/{made['id']}/").content.decode()
        browser.post(f"/tools/{made['id']}/sync/", {"confirm": found["digest"]})
        now = cast.bob.api.get(f"tools/{made['id']}/").json()
        assert [each["name"] for each in now["params"]["functions"]] == ["other"]
        server.server.add_tool(price)
        path = f"/tools/{made['id']}/functions/"
        page = browser.get(path).content.decode()
        seen = page.partition('name="seen" value="')[2].partition('"')[0]
        assert 'value="other" checked' in page and 'value="price">' in page
        browser.post(path, {"seen": seen, "on": "price"})
        now = cast.bob.api.get(f"tools/{made['id']}/").json()
        assert ([each["name"] for each in now["params"]["functions"]], now["needs"]) == (["price"], "")
        stale = browser.post(path, {"seen": "x", "on": "other"}, follow=True).content.decode()
        assert "changed again" in stale


def test_a_description_of_an_api_is_uploaded_with_the_form(site: Site, cast: Cast) -> None:
    spec = {
        "openapi": "3.0.0",
        "info": {"title": "P"},
        "servers": [{"url": site.base_url}],
        "paths": {"/p": {"get": {"operationId": "getPet"}}},
    }
    form = {"name": "pets", "enabled": "on", "params.url": "", "params.auth.type": ""}
    upload = SimpleUploadedFile("pets.json", json.dumps(spec).encode(), "application/json")
    browser = cast.bob.browser()
    assert 'enctype="multipart/form-data"' in browser.get("/tools/new/?type=openapi").content.decode()
    answer = browser.post("/tools/new/?type=openapi", form | {"file": upload})
    assert answer.status_code == 302, answer.content.decode()
    [tool] = cast.bob.api.get("tools/").json()["results"]
    assert tool["params"]["file_id"] == str(StoredFile.objects.get().id)
    assert [each["name"] for each in tool["params"]["functions"]] == ["getPet"]
    assert site.seen == []
    search = cast.bob.api.post("tools/", {"name": "s", "type": "file_search", "params": {"knowledge_base_ids": []}})
    assert (search.status_code, list(search.json()["errors"])) == (400, ["type"])
    assert "file_search" in search.json()["errors"]["type"][0]


def test_a_search_and_a_picture(site: Site, provider: FakeOpenAI, cast: Cast, settings: LazySettings) -> None:
    settings.PROVIDER_BASE_URLS = {"searxng": f"{site.base_url}/searx"}
    site.answers("/searx/search", {"results": [{"title": "Tea", "url": f"{site.base_url}/page", "content": "Drink"}]})
    site.answers(
        "/page", "<html><body><article><p>Tea is a drink.</p></article></body></html>", content_type="text/html"
    )
    agent = agent_with(cast.bob, {"name": "search", "type": "web_search", "params": {"max_search_results": 3}})
    _, told = run_of(cast.bob, agent, provider, "search", {"query": "tea"})
    assert json.loads(told)["results"][0]["title"] == "Tea"
    Rate.objects.update_or_create(reference="tool/image", defaults={"per_call": 2})
    with FakeOpenAI() as studio:
        make_provider(cast.alice, studio.base_url, name="studio", model_ids=["painter"])
        agent = agent_with(cast.bob, {"name": "paint", "type": "image", "params": {"model": "studio/painter"}})
        run, told = run_of(cast.bob, agent, provider, "paint", {"prompt": "a cat"})
    assert ToolCall.objects.get(run=run).credits == 2
    assert StoredFile.objects.get(id=json.loads(told)["file_id"]).mime == "image/png"


def test_nobody_chooses_whose_secret_a_tool_uses(site: Site, cast: Cast) -> None:
    auth = {"type": "bearer", "token": SECRET}
    mine = {"name": "mine", "type": "http", "params": {"url": f"{site.base_url}/x", "auth": auth}}
    agent = agent_with(cast.bob, mine)
    [made] = cast.bob.api.get(f"agents/{agent.id}/tools/").json()["results"]
    forged = {"name": "forged", "type": "http", "params": {"url": f"{site.base_url}/y", "auth": {"type": "bearer"}}}
    answer = cast.bob.api.post(f"agents/{agent.id}/tools/", forged | {"credential_id": made["credential_id"]})
    assert (answer.status_code, answer.json()["credential_id"]) == (201, None)

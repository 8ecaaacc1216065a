"""An agent that was made over the API runs as a script by itself: its model, its tools and its keys are whoever's runs it."""

import sys
from typing import Any

import pytest
from django.conf import LazySettings

from tests.agents.script_world import loaded
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked
from tests.fakes.site import Site

SECRETS = [
    "a-long-word-of-nobody-else",
    "another-long-word-entirely",
    "third-word-for-a-header",
]  # pragma: allowlist secret


def agent_of(cast: Cast, site: Site) -> dict[str, Any]:
    """A shop that asks a site with a key of its own, and with one of an integration."""
    token, shared, header = SECRETS
    bank = cast.alice.api.post(
        "integrations/", {"name": "Bank", "url": site.base_url, "auth": {"type": "bearer", "token": shared}}
    )
    assert bank.status_code == 201, bank.content
    tools = [
        {"name": "stock", "type": "http", "description": "What is there.", "params": {
            "url": f"{site.base_url}/stock/{{{{ product }}}}", "headers": {"X-Auth-Token": header},
            "auth": {"type": "api_key", "name": "X-Key", "value": token}, "response_path": "left"}},
        {"name": "pay", "type": "http", "params": {
            "method": "POST", "url": f"{site.base_url}/pay", "body": {"cents": "{{ cents }}"}, "integration": bank.json()["id"],
            "parameters": {"type": "object", "properties": {"cents": {"type": "integer"}}, "required": ["cents"]}}},
    ]  # fmt: skip
    guardrail = {"name": "No curses", "type": "input", "implementation": "keywords", "config": {"keywords": ["darn"]}}
    made = cast.alice.api.post(
        "agents/",
        {"name": "Shop", "instructions": "Sell.", "model": "fake/m", "tools": tools, "guardrails": [guardrail]},
    )
    assert made.status_code == 201, made.content
    return dict(made.json())


def test_a_script_answers_with_its_tools_as_the_agent_would(
    cast: Cast,
    provider: FakeOpenAI,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    with Site() as site:
        site.answers("/stock/black tea", {"left": 7})
        site.answers("/pay", "paid")
        agent = agent_of(cast, site)
        source = cast.carol.api.get(f"agents/{agent['id']}/export/", {"format": "python"}).content.decode()
        for each in SECRETS:
            assert each not in source
        head = source.split('"""')[1]
        assert "  TOOL_STOCK_KEY: the key of the tool stock\n" in head
        assert "  TOOL_BANK_TOKEN: the token of the integration Bank\n" in head
        variables = ("FAKE_API_KEY", "FAKE_BASE_URL", "TOOL_STOCK_KEY", "TOOL_BANK_TOKEN")
        for name, value in zip(variables, ("mine", provider.base_url, "key-of-mine", "token-of-mine"), strict=True):
            assert name in head
            monkeypatch.setenv(name, value)
        calls = (Asked("stock", '{"product": "black tea"}', "c1"), Asked("pay", '{"cents": 250}', "c2"))
        provider.queue(Script(tool_calls=calls), Script(deltas=("Seven left.",)))
        namespace = loaded(source)
        monkeypatch.setattr(sys, "argv", ["shop_agent.py", "How", "much?"])
        namespace["asyncio"].run(namespace["main"]())
    assert capsys.readouterr().out == "Seven left.\n"
    stock, pay = sorted(site.seen, key=lambda seen: seen.method)
    assert (stock.headers["x-key"], pay.headers["authorization"]) == ("key-of-mine", "Bearer token-of-mine")
    assert ("x-auth-token" in stock.headers, pay.json) == (False, {"cents": 250})
    assert [exchange.key for exchange in provider.exchanges] == ["mine", "mine"]
    told = [each["content"] for each in provider.exchanges[1].body["messages"] if each["role"] == "tool"]
    assert told == ["7", "paid"]

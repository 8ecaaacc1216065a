"""MCP servers, secrets and approvals of an exported script."""

import asyncio
from typing import Any

import pytest
from agents import Runner
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call

from agent_app.definition.closure import Source
from agent_app.definition.script import script
from tests.agents.script_world import called, content, exported, guard, tool, written
from tests.fakes.mcp_server import shop

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret


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


def test_a_tool_has_its_time_and_its_approval() -> None:
    code = "def double(n: int) -> int:\n    return 2 * n\n"
    namespace = exported(
        tools=[
            tool("function", {"code": code}, name="double", approval={"when": "arguments.n > 3"}, timeout_s=9),
            tool("http", {"url": "https://a.example/", "timeout_s": 30}, name="look", approval="always"),
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

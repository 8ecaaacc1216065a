"""Whatever people write stays text in an exported script, and a script has what it uses and nothing else."""

import ast
import asyncio
import builtins
from pathlib import Path
from typing import Any

import pytest
from agents import Runner

from agent_app.definition.script import linking
from agent_app.definition.script.source import call, finished, indented, one_line, python_of, text_of
from agent_app.engine.hosted import sdk_tool
from agent_app.tools.registry import ToolDefinition
from tests.agents.script_world import content, exported, guard, loaded, tool, written
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

PAYLOADS = [
    '"""\nimport builtins; builtins.PWNED = 1\n"""',
    "'''\nimport builtins; builtins.PWNED = 1\n'''",
    '")\nimport builtins; builtins.PWNED = 1\n(("',
    "')\nimport builtins; builtins.PWNED = 1\n(('",
    "x\rimport builtins; builtins.PWNED = 1\r",
    "x\x0cimport builtins; builtins.PWNED = 1\x85\u2028import builtins; builtins.PWNED = 1\u2029",
    '\\"""\nimport builtins; builtins.PWNED = 1\n\\',
    "{__import__('builtins').__dict__.update(PWNED=1)} {0} %s %(x)s ${x}",
    "a\u202eb\u200b\ud7ff\U0001f600\t\\N{BULLET}\\x41",
    '"' * 7 + "'" * 7 + "\\" * 3,
]  # fmt: skip


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_text_stays_the_text_it_is(text: str) -> None:
    for made in (
        text_of(text),
        python_of(text),
        indented(text_of(text)),
        text_of(f"a\n{text}"),
        text_of(f"a\n{text}\n"),
    ):
        assert ast.literal_eval(finished(f"({made}\n)")).strip("\na") == text.strip("\na")
    value = {text: [text, {"a": text, "b": [None, True, 1.5, {}]}]}
    assert ast.literal_eval(python_of(value)) == value
    assert ast.literal_eval(finished(call("", value, text_of(text), room=0))) == (value, text)
    assert len(one_line(text).splitlines()) <= 1
    assert not set('"\\') & set(one_line(text))


def test_what_is_nested_deeper_than_python_reads_is_read_all_the_same() -> None:
    deep: Any = "the bottom"
    for _level in range(300):
        deep = [deep]
    context = {"id": "c", "name": "c", "content": {"deep": deep}, "is_default": True}
    assert exported(contexts=[context])["CONTEXT"] == {"deep": deep}


@pytest.mark.parametrize("text", PAYLOADS)
def test_nothing_that_people_write_is_run(text: str) -> None:
    schema = {"type": "object", "properties": {text: {"type": "string", "description": text, "enum": [text]}}}
    quoted = text.replace("{", "(")  # where a template is rendered when the script is loaded
    remote = {
        "key": text,
        "name": text,
        "description": text,
        "parameters": schema,
        "changes_state": True,
        "idempotent": False,
    }
    places = [{"in": "query", "name": text, "key": text, "style": text, "explode": True}]
    request = {
        "method": "POST", "url": f"https://a.example/{text}", "query": {text: text}, "headers": {text: text},
        "body": {text: [text]}, "auth": {"type": "basic", "username": text}, "parameters": schema, "pre": {"prompt": text},
    }  # fmt: skip
    oauth = {"type": "oauth2", "token_url": text, "client_id": text, "scope": text, "audience": text}
    said: dict[str, Any] = {"description": text, "name": text, "credential_id": text}
    tools = [
        tool("http", request, **said, approval={"when": text}, max_calls=1),
        tool("http", {"url": text, "auth": oauth, "integration": ""}, **said),
        tool("openapi", {"base": text, "auth": {"type": "api_key", "name": text}, "functions": [
            {**remote, "more": {"method": "GET", "path": text, "places": places, "body": {"key": text, "type": text}}}]}, **said),
        tool("mcp", {"url": text, "functions": [remote], "approvals": {text: {"when": text}}}, **said),
        tool("llm", {"prompt": text, "model": f"{text}/{text}"}, **said),
        tool("image", {}, **said),
        tool("agent", {"agent_id": "other"}, **said),
    ]  # fmt: skip
    guardrails = [
        guard(kind, config, name=f"{number}{text}", type=stage, action="replace")
        for number, (kind, config) in enumerate([
            ("keywords", {"keywords": [text], "message": text, "replacement": text, "tools": [text]}),
            ("url", {"allow": [text], "deny": [text]}), ("schema", {"schema": schema}), ("regex", {"pattern": text}),
            ("agent", {"agent_id": "other"}), ("moderation", {}),
        ])
        for stage in ("input", "output", "tool_output")
    ]  # fmt: skip
    handoffs = [{
        "target_agent_id": "other", "tool_name": "x", "tool_description": text, "input_filter": "summary",
        "payload_schema": schema, "enabled_when": text,
    }]  # fmt: skip
    namespace = loaded(
        written(
            {"other": content(name=text)}, name=text, instructions=quoted, model=f"{text}/{text}", handoff_description=text,
            fallback_models=[text], history={"policy": "last_n", "n": text}, model_settings={text: 1, "tool_choice": text},
            output_type={"type_name": "json_schema", "schema": schema}, tools=tools, guardrails=guardrails, handoffs=handoffs,
            contexts=[{"id": "c", "name": text, "content": {text: text, "token": text}, "is_default": True}],
        )
    )  # fmt: skip
    assert not hasattr(builtins, "PWNED")
    root = next(each for name, each in namespace.items() if name.endswith("agent") and getattr(each, "tools", None))
    assert (root.name, root.handoff_description) == (text, text)
    assert root.instructions == quoted.replace("\r", "\n")
    assert namespace["CONTEXT"] == {text: text, "token": ""}
    assert [each.name for each in root.tools] == [text] * len(root.tools)
    assert root.tools[0].params_json_schema["properties"] == schema["properties"]
    assert root.mcp_servers[0].name == text


def test_an_agent_with_little_needs_little() -> None:
    source = written(model="openai/gpt-4o")
    assert len(source.splitlines()) < 80
    for name in ("jsonschema", "class Guard", "http_tool", "urllib", "MCP", "approvals", "Luhn"):
        assert name not in source
    assert 'pip install "openai-agents>=0.24" jinja2\n' in source
    assert "OPENAI_API_KEY: the key for models of OpenAI\n" in source


def test_everything_that_scripts_are_made_of_goes_together() -> None:
    parts = Path(linking.__file__).parents[2] / "engine" / "exported"
    trees = [ast.parse(path.read_text()) for path in parts.glob("*.py")]
    defined = {
        node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }  # fmt: skip
    assert len(defined) > 50
    linked = linking.linked("\n".join(sorted(defined)), {})
    namespace: dict[str, Any] = {"__name__": "parts"}
    exec(compile(f"{linked.imports}\n{linked.definitions}", "parts.py", "exec"), namespace)  # noqa: S102
    assert defined <= namespace.keys()
    assert "agent_app" not in linked.imports + linked.definitions
    assert "noqa" not in linked.definitions
    assert linked.packages == {"agents", "jinja2", "jsonschema", "openai"}


def test_templates_mean_what_they_mean_here() -> None:
    namespace = exported(
        instructions="{# kept #} {{ context.items }} {{ context['a b'] | tojson }} {{ context.values.get }}",
        contexts=[
            {"id": "c", "name": "c", "content": {"items": 3, "a b": "<é>", "values": {"get": 4}}, "is_default": True}
        ],
    )
    assert namespace["porter_agent"].instructions == '{# kept #} 3 "<é>" 4'
    compute = namespace["TEMPLATES"].from_string
    with pytest.raises(Exception, match="keys"):
        compute("{{ a.keys }}").render(a={})
    with pytest.raises(Exception, match="unsafe"):
        compute("{{ a.__class__.__mro__ }}").render(a="")


def test_no_agent_takes_the_name_of_something_else() -> None:
    others = {
        name: content(name=name) for name in ("run", "Agent", "porter", "asyncio", "1", "import", "ÄÖ", "call agent")
    }
    handoffs = [
        {"target_agent_id": key, "tool_name": "", "tool_description": "", "input_filter": "all", "payload_schema": None,
         "enabled_when": ""} for key in others
    ]  # fmt: skip
    namespace = loaded(written(others, handoffs=handoffs))
    names = [each.agent_name for each in namespace["porter_agent"].handoffs]
    assert names == list(others)


def test_another_model_answers_where_one_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeOpenAI() as broken, FakeOpenAI() as working:
        broken.queue(Script(status=401))
        working.queue(Script(deltas=("Here.",)))
        for name, server in (("BROKEN", broken), ("WORKING", working)):
            monkeypatch.setenv(f"{name}_BASE_URL", server.base_url)
            monkeypatch.setenv(f"{name}_API_KEY", "mine")
        root = exported(model="broken/m", fallback_models=["working/m"])["porter_agent"]
        assert asyncio.run(Runner.run(root, "Hello")).final_output == "Here."
        assert (len(broken.exchanges), len(working.exchanges)) == (1, 1)


def test_what_openai_runs_itself_is_there_only_where_all_models_are_its_own() -> None:
    web = tool("web_search", {}, name="web")
    for model, others, there in (("openai/a", ["b"], True), ("openai/a", ["other/b"], False), ("auto", [], True)):
        source = written(model=model, fallback_models=others, tools=[web])
        assert ("WebSearchTool()" in source, "the tool web (web_search)" in source) == (there, not there)
    kept = guard("keywords", {"keywords": ["x"]}, type="tool_input")
    for fields in ({"tools": [{**web, "approval": "always"}]}, {"tools": [web], "guardrails": [kept]}):
        assert "WebSearchTool" not in written(model="openai/a", **fields), "OpenAI asks nobody, and checks nothing"


def test_what_openai_runs_is_set_as_the_engine_sets_it() -> None:
    found = [
        tool("web_search", {"domains": ["*.example.com"], "region": "de", "max_search_results": 2}),
        tool("web_search", {}), tool("code_interpreter", {}),
        tool("file_search", {"vector_store_ids": ["vs_1"], "max_num_results": 4, "score_threshold": 0.5, "hosted": "always"}),
    ]  # fmt: skip
    made = exported(model="openai/a", tools=found)["porter_agent"].tools
    wanted = [sdk_tool(ToolDefinition.of(each)) for each in found]
    assert made[:3] == wanted[:3]
    assert (made[3].vector_store_ids, made[3].max_num_results, made[3].ranking_options) == (
        ["vs_1"],
        4,
        {"score_threshold": 0.5},
    )

"""Guardrails trip in an exported script where they trip here, and stop what the SDK can stop."""

import asyncio
import json
import sys
from typing import Any
from uuid import UUID

import pytest
from agents import InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered, Runner
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call

from agent_app.guardrails import registry
from tests.agents.script_world import content, exported, guard, loaded, tool, written

TEXTS = [
    "", "Hello", "darn it", "d\u200barn", "ＤＡＲＮ!", "darned", "mail ada@example.com", "call +49 30 901820",
    "card 4111 1111 1111 1111", "card 4111 1111 1111 1112", "DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01",
    "key sk-abcdefghijklmnop1234", "password: hunter2hunter", "see https://good.example/x", "see http://evil.example/x",
    "www.sub.good.example", "ftp://good.example/", "javascript:alert(1)", "one two three four five six seven", "x" * 60,
    '{"a": 1}', '{"a": "x"}', "[1]", "AB-12", "ab-12", "Ünïcode ß \U0001f600",
]  # fmt: skip
CONFIGS: list[tuple[str, dict[str, Any]]] = [
    ("regex", {"pattern": r"\bAB-\d+"}),
    ("regex", {"patterns": ["darn", r"^\["], "ignore_case": True}),
    ("regex", {"pattern": r"^[A-Z]", "must_match": True}),
    ("keywords", {"keywords": ["darn", "one  two", "straße"]}),
    ("keywords", {"keywords": ["arn", "ONE"], "whole_words": False, "case_sensitive": True}),
    ("pii", {}),
    ("pii", {"kinds": ["email", "iban"]}),
    ("secrets", {}),
    ("url", {}),
    ("url", {"allow": ["*.good.example", "good.example"]}),
    ("url", {"deny": ["evil.example"], "schemes": ["http", "ftp"]}),
    ("length", {"max_characters": 20, "min_characters": 2}),
    ("length", {"max_words": 3}),
    ("length", {"max_tokens": 6}),
    ("schema", {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}),
]


@pytest.mark.parametrize(("kind", "config"), CONFIGS)
def test_what_trips_here_trips_there(kind: str, config: dict[str, Any]) -> None:
    [made] = exported(guardrails=[guard(kind, config)])["porter_agent"].input_guardrails
    engine = registry.get(kind)
    expected = [registry.checked(engine, text, config).tripped for text in TEXTS]

    async def found() -> list[bool]:
        return [(await made.guardrail_function(None, None, text)).tripwire_triggered for text in TEXTS]

    assert asyncio.run(found()) == expected
    assert len(set(expected)) == 2, "some pass, some do not"


@pytest.mark.parametrize(
    "pattern", ["[[:alpha:]]+", r"[a&&b]", r"\p{L}", r"(?<name>a)", r"\b{start}a", r"\<a", "(?U)a+"]
)
def test_a_pattern_that_means_something_else_in_python_is_left_out_and_said(pattern: str) -> None:
    assert registry.get("regex").problems(UUID(int=0), {"pattern": pattern}) == {}, "it can be used here"
    source = written(guardrails=[guard("regex", {"pattern": pattern}, name="Form")])
    assert "# Not in this script: the guardrail Form (regex).\n" in source
    assert "input_guardrails" not in source


def answers(*steps: str) -> ScriptedModel:
    return ScriptedModel([ModelStep(output=[assistant_message(each)]) for each in steps])


def test_what_is_asked_and_what_is_answered_is_stopped() -> None:
    root = exported(
        guardrails=[
            guard("keywords", {"keywords": ["darn"], "message": "Not here."}, name="No curses"),
            guard("keywords", {"keywords": ["heck"]}, action="warn", name="Mild"),
            guard("length", {"max_words": 5}, mode="parallel"),
            guard("pii", {"replacement": "[hidden]"}, type="output", action="replace"),
            guard("pii", {}, type="output", action="redact", name="Private"),
        ]
    )["porter_agent"]
    assert [each.run_in_parallel for each in root.input_guardrails] == [False, False, True]
    root.model = answers("Fine", "Write to ada@example.com")
    assert asyncio.run(Runner.run(root, "heck")).final_output == "Fine", "one that warns lets it pass"
    with pytest.raises(InputGuardrailTripwireTriggered) as stopped:
        asyncio.run(Runner.run(root, "Oh darn"))
    assert stopped.value.guardrail_result.output.output_info == "Not here."
    with pytest.raises(OutputGuardrailTripwireTriggered) as changed:
        asyncio.run(Runner.run(root, [{"role": "user", "content": "darn"}, {"role": "user", "content": "Who?"}]))
    assert changed.value.guardrail_result.output.output_info in ("[hidden]", "The text has personal data in it: email.")


def test_what_a_script_cannot_do_as_it_is_done_here_is_said() -> None:
    source = written(
        guardrails=[
            guard("pii", {}, action="redact", name="Private"),
            guard("keywords", {"keywords": ["a"], "replacement": "b"}, action="replace", name="Swap"),
            guard("moderation", {}, name="Kind"),
            guard("endpoint", {"endpoint": "https://x.example/"}, name="Hook"),
            guard("regex", {"pattern": "off"}, name="Off", enabled=False),
        ]
    )
    assert [line for line in source.splitlines() if "Not in this script" in line] == [
        "# Not in this script: the action redact of the guardrail Private. It stops the whole text.",
        "# Not in this script: the action replace of the guardrail Swap. It stops the whole text.",
        "# Not in this script: the guardrail Kind (moderation).",
        "# Not in this script: the guardrail Hook (endpoint).",
    ]
    assert "Off" not in source


ECHO = 'def echo(text: str) -> str:\n    return "heard " + text\n'


def test_what_tools_are_called_with_and_answer_is_told_to_the_model_instead() -> None:
    root = exported(
        tools=[tool("function", {"code": ECHO}, name="echo"), tool("function", {"code": ECHO}, name="other")],
        guardrails=[
            guard("keywords", {"keywords": ["darn"], "tools": ["echo"], "message": "No."}, type="tool_input"),
            guard("pii", {"replacement": "[hidden]"}, type="tool_output", action="replace"),
        ],
    )["porter_agent"]
    said = [("echo", "darn"), ("other", "darn"), ("echo", "ada@example.com"), ("echo", "hi")]
    calls = [
        function_call(name, json.dumps({"text": text}), call_id=f"c{place}") for place, (name, text) in enumerate(said)
    ]
    root.model = ScriptedModel([ModelStep(output=calls), ModelStep(output=[assistant_message("Done")])])
    result = asyncio.run(Runner.run(root, "Hello"))
    told = {
        each["call_id"]: each["output"] for each in result.to_input_list() if each.get("type") == "function_call_output"
    }
    assert told == {"c0": "No.", "c1": "heard darn", "c2": "[hidden]", "c3": "heard hi"}


def test_your_own_code_and_another_agent_judge() -> None:
    code = 'def look(text: str) -> dict:\n    return {"tripwire_triggered": context["word"] in text, "override_message": "Mine"}\n'
    broken = "def look(text: str) -> bool:\n    return 1 / 0\n"
    judge = content(name="Judge", instructions="Judge it.", tools=[tool("function", {"code": ECHO}, name="echo")])
    namespace = loaded(
        written(
            {"judge": judge},
            contexts=[{"id": "c", "name": "c", "content": {"word": "darn"}, "is_default": True}],
            guardrails=[
                guard("function", {"code": code}, name="Code"),
                guard("function", {"code": broken, "on_error": "pass"}, name="Open"),
                guard("agent", {"agent_id": "judge"}, name="Judged"),
                guard("function", {"code": broken}, type="output", name="Closed"),
            ],
        )
    )
    root = namespace["porter_agent"]
    verdicts = [json.dumps({"tripwire_triggered": verdict, "reason": "so"}) for verdict in (False, True)]
    namespace["judge_agent"].model = judging = answers(*verdicts)
    checks = [each.guardrail_function for each in root.input_guardrails]

    async def said(text: str) -> list[str | None]:
        return [(await check(None, None, text)).output_info for check in checks]

    assert asyncio.run(said("fine")) == [None, None, None]
    assert asyncio.run(said("darn")) == ["Mine", None, "The guardrail “Judged” stopped this."]
    assert judging.calls[0].tools == [], "a judge can do nothing but answer"
    assert "an instruction to you" in str(judging.calls[0].input)
    closed = asyncio.run(root.output_guardrails[0].guardrail_function(None, None, "x"))
    assert (closed.tripwire_triggered, "division" in closed.output_info) == (True, True)


def test_whoever_runs_it_reads_why_it_was_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace = exported(guardrails=[guard("keywords", {"keywords": ["darn"], "message": "Not here."})])
    namespace["porter_agent"].model = answers("Fine")
    for message, told in (("Oh darn", "Not here.\n"), ("Hello", "Fine\n")):
        monkeypatch.setattr(sys, "argv", ["porter_agent.py", message])
        asyncio.run(namespace["main"]())
        assert capsys.readouterr().out == told

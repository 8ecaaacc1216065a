"""Tools of types ``computer`` and ``code_interpreter``: what is refused when they are saved, and what the model is offered."""

from typing import Any
from uuid import UUID

import pytest

from agent_app.tools import registry
from agent_app.tools.code_interpreter import CodeInterpreterTool, installed
from agent_app.tools.computer import ComputerTool
from agent_app.tools.registry import Permission
from agent_app.tools.sandbox import queue, seccomp
from config.lib import redis
from tests.agents.call_world import tool_of
from tests.agents.world import make_agent
from tests.cast import Cast

COMPUTER = ComputerTool()
INTERPRETER = CodeInterpreterTool()
NOBODY = UUID(int=0)


def test_the_example_of_the_contract_is_saved() -> None:
    params = {
        "allowed_commands": ["ls", "cat", "find"], "blocked_paths": ["/etc", "/usr", "/home"], "read_only": True,
        "max_execution_time": 5, "allowed_hosts": [],
    }  # fmt: skip
    assert registry.params_problems(COMPUTER, NOBODY, params) == {}
    assert registry.params_problems(COMPUTER, NOBODY, {}) == {}


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"allowed_hosts": ["example.com/?q=1"]}, "allowed_hosts", "is no place"),
        ({"allowed_hosts": ["*"]}, "allowed_hosts", "is no place"),
        ({"allowed_commands": ["/bin/ls"]}, "allowed_commands", "without path"),
        ({"allowed_commands": ["ls -l"]}, "allowed_commands", "without path"),
        ({"allowed_commands": ["../ls"]}, "allowed_commands", "without path"),
        ({"allowed_commands": ["--bind"]}, "allowed_commands", "without path"),
        ({"blocked_paths": ["etc"]}, "blocked_paths", "from the root"),
        ({"blocked_paths": ["/etc/../lib"]}, "blocked_paths", "from the root"),
        ({"blocked_paths": ["/lib"]}, "blocked_paths", "nothing would run"),
        ({"blocked_paths": ["/"]}, "blocked_paths", "nothing would run"),
        ({"blocked_paths": ["/workspace/a"]}, "blocked_paths", "nothing would run"),
        ({"max_execution_time": 0}, "params", "max_execution_time"),
        ({"max_execution_time": 600}, "params", "max_execution_time"),
        ({"unknown": 1}, "params", "unknown"),
    ],
)
def test_what_could_not_be_enforced_is_refused(
    params: dict[str, Any], field: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_known", (float("inf"), "", ""))  # there is a worker
    found = registry.params_problems(COMPUTER, NOBODY, params)
    assert list(found) == [field]
    assert words in found[field][0]


def test_writing_is_offered_only_where_it_is_possible() -> None:
    reading = COMPUTER.functions(tool_of(COMPUTER))
    assert [function.name for function in reading] == ["run_command", "read_file", "list_files"]
    assert all(Permission.CHANGES_STATE not in function.permissions for function in reading)
    writing = COMPUTER.functions(tool_of(COMPUTER, read_only=False))
    assert [function.name for function in writing] == ["run_command", "read_file", "list_files", "write_file"]
    assert {function.name for function in writing if Permission.CHANGES_STATE in function.permissions} == {
        "run_command",
        "write_file",
    }
    assert not writing[0].idempotent


def test_packages_must_be_installed() -> None:
    found = registry.params_problems(INTERPRETER, NOBODY, {"packages": ["no-such-package-of-anybody"]})
    assert found == {"packages": ["Not installed here: no-such-package-of-anybody."]}
    if installed():
        assert registry.params_problems(INTERPRETER, NOBODY, {"packages": ["Jinja2", "orjson"]}) == {}


def test_prices_have_the_names_of_the_list() -> None:
    assert (COMPUTER.rate, INTERPRETER.rate) == ("tool/computer", "tool/code_interpreter")


def test_processors_without_a_filter_have_no_sandbox() -> None:
    assert seccomp.program("riscv64") is None
    for name in ("x86_64", "aarch64"):
        made = seccomp.program(name)
        assert made is not None
        assert len(made) % 8 == 0


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["computer", "code_interpreter"])
def test_where_no_sandbox_can_be_made_it_is_refused_with_the_reason(cast: Cast, kind: str) -> None:
    redis.client().delete("sandbox:announced")
    queue.forget_known()
    tool = {"name": "box", "type": kind, "params": {}}
    agent = make_agent(cast.alice)
    for refused in (
        cast.alice.api.post("tools/", tool),
        cast.alice.api.patch(f"agents/{agent.id}/", {"tools": [tool]}),
    ):
        assert refused.status_code == 400, refused.content
        assert "No sandbox worker is running." in str(refused.json()["errors"])
    try:
        queue.announce("", "Chromium is not there.")
        queue.forget_known()
        assert cast.alice.api.post("tools/", tool).status_code == 201
        browsing = {"name": "web", "type": "computer", "params": {"allowed_hosts": ["example.com"]}}
        if kind == "computer":
            refused = cast.alice.api.post("tools/", browsing)
            assert refused.status_code == 400
            assert "No browser can be had here: Chromium is not there." in str(refused.json()["errors"])
        queue.announce("")
        queue.forget_known()
        assert cast.alice.api.post("tools/", browsing).status_code == 201
    finally:
        redis.client().delete("sandbox:announced")
        queue.forget_known()

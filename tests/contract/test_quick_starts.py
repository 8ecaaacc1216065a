"""The quick starts of docs/api.md run as they are written there, against a real web process and a real worker."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_app.model_references import LOCAL_MODEL
from deploy.frontend import ROOT, node_environment
from tests.benchmarks.stack import PASSWORD, Person, Stack
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

BLOCK = re.compile(r"```(bash|python|js)\n(.*?)```", re.DOTALL)
ANSWER = ("An agent ", "answers.")


@pytest.fixture(scope="module", autouse=True)
def worker(stack: Stack, model: FakeOpenAI) -> Iterator[None]:
    model.model(LOCAL_MODEL, Script(deltas=ANSWER))
    stack.start("worker-runs")
    yield
    stack.children["worker-runs"].stop()


def blocks() -> dict[str, str]:
    found = BLOCK.findall((ROOT / "docs" / "api.md").read_text())
    assert [language for language, _code in found] == ["bash", "python", "js"]
    return dict(found)


def test_the_page_has_a_quick_start_in_each_language() -> None:
    assert set(blocks()) == {"bash", "python", "js"}


@pytest.mark.parametrize("language", ["bash", "python", "js"])
def test_it_runs_as_it_is_written(language: str, stack: Stack, alice: Person, tmp_path: Path) -> None:
    name, command = {
        "bash": ("start.sh", ["bash", "-euo", "pipefail"]),
        "python": ("start.py", [sys.executable]),
        "js": ("start.mjs", [shutil.which("node", path=node_environment().get("PATH")) or "node"]),
    }[language]
    script = tmp_path / name
    script.write_text(blocks()[language])
    environment = {**os.environ, "API": f"{stack.base_url}/api/v1", "EMAIL": alice.email, "PASSWORD": PASSWORD}
    done = subprocess.run(
        [*command, str(script)], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, _newline, rest = done.stdout.partition("\n")
    assert first == "".join(ANSWER)
    assert "answers." in rest
    if language == "bash":
        assert rest.count("event: content_delta") >= 1
        assert "event: run_finished" in rest

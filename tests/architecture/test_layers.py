"""Who may import whom (the contract stands in pyproject.toml), and the seams that import-linter cannot express."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT, modules, where


def test_the_layers_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'agents'}"}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:]


def imported(node: ast.stmt | ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module or ""]
    return []


def test_only_the_engine_imports_the_agents_sdk() -> None:
    found = [
        where(module, node)
        for module in modules()
        if not module.path.startswith("agents/agent_app/engine/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(name.split(".")[0] == "agents" for name in imported(node))
    ]
    assert found == []


def test_the_channel_layer_is_used_in_one_file() -> None:
    assert [module.path for module in modules() if "group_send" in module.text] == ["config/lib/realtime.py"]


def test_signals_are_received_in_receivers_only_and_briefly() -> None:
    users = [module for module in modules() if "django.dispatch" in module.text or "@receiver" in module.text]
    assert [module.path for module in users if not module.path.endswith("/receivers.py")] == []
    assert [module.path for module in users if len(module.text.splitlines()) > 80] == []


def test_imports_stand_at_the_top() -> None:
    """Only ``AppConfig.ready()`` may import later; anything else hides a circle."""
    found = [
        where(module, node)
        for module in modules()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name != "ready"
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "helpers", "common", "misc", "util", "helper"}
    assert [module.path for module in modules() if Path(module.path).stem in drawers] == []

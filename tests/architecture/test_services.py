"""Writes go through services: plain functions with named, annotated arguments. Interfaces only translate."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, modules, where

WRITES = {
    "save",
    "delete",
    "create",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "select_for_update",
}
# The door is access.py: what interfaces fetch by id comes through it.
DOORS_AROUND = {"get_object_or_404", "get_list_or_404"}


def public_functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


@pytest.mark.parametrize("module", [found for found in modules() if found.service], ids=lambda found: found.path)
def test_services_take_named_and_annotated_arguments(module: Module) -> None:
    problems = []
    for function in public_functions(module):
        arguments = function.args
        if arguments.posonlyargs or arguments.args or arguments.vararg or arguments.kwarg:
            problems.append(f"{where(module, function)} {function.name}: keyword-only arguments, please")
        if function.returns is None or any(argument.annotation is None for argument in arguments.kwonlyargs):
            problems.append(f"{where(module, function)} {function.name}: annotate everything, please")
    assert problems == []


@pytest.mark.parametrize("module", [found for found in modules() if found.interface], ids=lambda found: found.path)
def test_interfaces_write_nothing_themselves(module: Module) -> None:
    found = [
        f"{where(module, call)} .{call.func.attr}()"
        for call in module.calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr in WRITES
    ]
    around = [
        f"{where(module, call)} {call.func.id}()"
        for call in module.calls()
        if isinstance(call.func, ast.Name) and call.func.id in DOORS_AROUND
    ]
    assert found + around == []


# Sends by name from inside ``transaction.on_commit``, and must survive a broker that is away; or where no transaction is, for
# an answer that is waited for.
SENDERS = {
    "config/lib/jobs.py": {"send_task"},
    "agents/agent_app/runs/queue.py": {"send_task"},
    "agents/agent_app/tools/sandbox/queue.py": {"send_task"},
}


def test_tasks_are_sent_after_commit() -> None:
    found = [
        where(module, call)
        for module in modules()
        for call in module.calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in {"delay", "apply_async", "send_task"} - SENDERS.get(module.path, set())
    ]
    assert found == []

"""Takes from modules what a script uses, with what that uses in turn, and nothing else. Pure: nothing is imported, only read."""

import ast
import re
import symtable
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_PARTS = "agent_app.engine.exported"
# In the order in which they are copied: what is needed at once stands before what needs it.
_MODULES = (
    *(f"{_PARTS}.{name}" for name in ("values", "templates", "agents", "web", "tools", "auth", "requests", "mcp", "approvals")),
    "agent_app.guardrails.verdict", "agent_app.guardrails.keys", "agent_app.guardrails.keywords",
    "agent_app.guardrails.personal", "agent_app.guardrails.links", "agent_app.engine.judge",
    f"{_PARTS}.guards", f"{_PARTS}.checks",
)  # fmt: skip
_FOR_LINTERS = re.compile(r"  # (?:noqa|type: ignore|pragma)\b.*")
_WIDTH = 120


@dataclass(frozen=True)
class Definition:
    """A function, a class or a value of a module."""

    name: str
    source: str
    uses: frozenset[str]
    is_value: bool


@dataclass(frozen=True)
class Module:
    definitions: dict[str, Definition] = field(default_factory=dict)  # in order
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)  # which name of which module


@dataclass(frozen=True)
class Linked:
    """``imports`` and ``definitions`` as source; ``packages``: which of them must be installed."""

    imports: str
    definitions: str
    packages: frozenset[str]


def linked(body: str, given: dict[str, str]) -> Linked:
    """What ``body`` needs to stand before it; ``given`` is the source of values that are otherwise here."""
    found: dict[str, set[str]] = defaultdict(set)
    imports: set[tuple[str, str]] = set()
    waiting = [(module, name) for name in _used(body) if (module := _catalogue().get(name))]
    while waiting:
        module, name = waiting.pop()
        if name in found[module]:
            continue
        if definition := _module(module).definitions.get(name):
            found[module].add(name)
            waiting += [(module, used) for used in definition.uses]
        elif imported := _module(module).imports.get(name):
            if imported[0] in _MODULES:
                waiting.append(imported)
            else:
                imports.add(imported)
    chosen = [
        each for module in _MODULES for each in _module(module).definitions.values() if each.name in found[module]
    ]
    if len({each.name for each in chosen}) < len(chosen):
        raise ValueError("two modules call something by the same name")
    packages = frozenset(module.partition(".")[0] for module, _name in imports) - sys.stdlib_module_names
    return Linked(_import_lines(imports), _together(chosen, given), packages)


@cache
def names() -> frozenset[str]:
    """Every name that stands for something already."""
    return frozenset(name for module in _MODULES for name in (*_module(module).definitions, *_module(module).imports))


@cache
def _catalogue() -> dict[str, str]:
    """Where a name that a script uses comes from."""
    parts = [module for module in reversed(_MODULES) if module.startswith(_PARTS)]
    imported = {name: module for module in parts for name in _module(module).imports}
    return imported | {name: module for module in parts for name in _module(module).definitions}


@cache
def _module(name: str) -> Module:
    text = (_ROOT / f"{name.replace('.', '/')}.py").read_text()
    lines = text.splitlines()
    module, before = Module(), 0
    for node in ast.parse(text).body:
        end = node.end_lineno or node.lineno
        if isinstance(node, ast.Import):
            module.imports.update({alias.name.partition(".")[0]: (alias.name, "") for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            module.imports.update({alias.asname or alias.name: (node.module or "", alias.name) for alias in node.names})
        elif defined := _name_of(node):
            source = _FOR_LINTERS.sub("", "\n".join(lines[before:end]).strip("\n"))
            is_value = isinstance(node, ast.Assign | ast.AnnAssign)
            module.definitions[defined] = Definition(defined, source, frozenset(_used(source)), is_value)
        before = end
    return module


def _name_of(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    target = (
        node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
    )
    return target.id if isinstance(target, ast.Name) else ""


def _used(source: str) -> set[str]:
    """The names that a source takes from around it."""
    waiting, found = [symtable.symtable(source, "<script>", "exec")], set()
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        outermost = table.get_type() == "module"
        found |= {
            each.get_name() for each in table.get_symbols() if each.is_referenced() and (outermost or each.is_global())
        }
    return found


def _together(chosen: Iterable[Definition], given: dict[str, str]) -> str:
    text, after_value = "", True
    for each in chosen:
        apart = "" if not text else "\n" if after_value and each.is_value else "\n\n\n"
        text += f"{apart}{given.get(each.name, each.source)}"
        after_value = each.is_value
    return text.replace("\n\n\n\n", "\n\n\n")


def _import_lines(imports: Iterable[tuple[str, str]]) -> str:
    """The standard library's first."""
    by_module: dict[str, set[str]] = defaultdict(set)
    for module, name in imports:
        by_module[module].add(name)
    groups: tuple[list[str], list[str]] = ([], [])
    for module in sorted(by_module, key=lambda each: ("" not in by_module[each], each.lower())):
        wanted = sorted(
            by_module[module] - {""}, key=lambda name: (not name.isupper(), not name[0].isupper(), name.lower())
        )
        line = f"from {module} import {', '.join(wanted)}" if wanted else f"import {module}"
        if len(line) > _WIDTH:
            line = f"from {module} import (\n    " + ",\n    ".join(wanted) + ",\n)"
        groups[module.partition(".")[0] not in sys.stdlib_module_names].append(line)
    return "\n\n".join("\n".join(group) for group in groups if group)

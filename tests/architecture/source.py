"""The project's own source, parsed once for the tests that read it."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "community", "billing", "knowledge", "agents/agent_app", "workflows")
INTERFACES = ("/views/", "/api/", "/consumers.py", "/tasks.py", "/views.py")


@dataclass(frozen=True)
class Module:
    path: str
    text: str
    tree: ast.Module

    @property
    def interface(self) -> bool:
        """Whether it translates between the world and the services."""
        return any(part in f"/{self.path}" for part in INTERFACES)

    @property
    def service(self) -> bool:
        return "/services/" in self.path

    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]


@cache
def modules() -> tuple[Module, ...]:
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple(
        Module(str(path.relative_to(ROOT)), path.read_text(), ast.parse(path.read_text()))
        for path in files
        if "/migrations/" not in str(path)
    )


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html")) + sorted(
        path for package in PACKAGES for path in (ROOT / package).rglob("templates/**/*.html")
    )


def where(module: Module, node: ast.expr | ast.stmt) -> str:
    return f"{module.path}:{node.lineno}"

"""``make check``: every linter, side by side, and the output of those that fail.

``python -m deploy.check types lint`` runs only these two.
"""

import base64
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy import audit
from deploy.frontend import ROOT, node_environment

BIN = Path(sys.executable).parent
SCHEMA = ROOT / "docs" / "openapi.yaml"
NOT_SCANNED = ("uv.lock", "package-lock.json", ".secrets.baseline")


@dataclass(frozen=True)
class Outcome:
    name: str
    seconds: float
    problem: str = ""
    skipped: str = ""


class Skip(Exception):
    """The check has nothing to look at on this machine; the text says why."""


def production() -> dict[str, str]:
    """An environment in which production's settings load; no check opens the database."""
    return {
        "ENVIRONMENT": "production",
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DATABASE_URL": "postgresql:///troupe?host=/nonexistent",
        "PYTHONWARNINGS": "ignore:Got an error checking a consistent migration history:RuntimeWarning",
    }


def run(*command: str, environment: dict[str, str] | None = None) -> None:
    """Raises ``CalledProcessError`` with the output."""
    # agents/ is an import root of its own (agents/README.md).
    path = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'agents'}"}
    subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **path, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )


def tool(name: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
    run(str(BIN / name), *arguments, environment=environment)


def manage(*arguments: str) -> None:
    run(sys.executable, "manage.py", *arguments, environment=production())


def check_secrets() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    files = [name for name in listed.stdout.splitlines() if name not in NOT_SCANNED and (ROOT / name).is_file()]
    if not files:
        raise Skip("no git checkout")
    tool("detect-secrets-hook", "--baseline", ".secrets.baseline", *files)


def check_scripts() -> None:
    if not (ROOT / "package.json").exists():
        raise Skip("no package.json")
    run("npm", "run", "--silent", "check", environment=node_environment())
    run("npm", "run", "--silent", "test", environment=node_environment())


def check_compose() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode != 0:
        raise Skip("this machine has no `docker compose`; tests/stack reads the file instead")
    run(docker, "compose", "--env-file", ".env.example", "config", "--quiet")


def check_audit() -> None:
    if reason := audit.unavailable():
        raise Skip(reason)
    audit.run(run)


def write_schema(path: Path = SCHEMA) -> None:
    manage("spectacular", "--validate", "--fail-on-warn", "--file", str(path))


def check_schema() -> None:
    """Clients read ``docs/openapi.yaml``, so a change of the API shows in the change itself."""
    with tempfile.TemporaryDirectory() as directory:
        fresh = Path(directory) / SCHEMA.name
        write_schema(fresh)
        if not SCHEMA.is_file() or fresh.read_bytes() != SCHEMA.read_bytes():
            raise OSError("docs/openapi.yaml is not what the code describes: `make schema` writes it.\n")


CHECKS: dict[str, Callable[[], None]] = {
    "types": lambda: tool("mypy", environment=production()),  # its Django plugin loads the settings
    "format": lambda: tool("ruff", "format", "--check", "--quiet", "."),
    "lint": lambda: tool("ruff", "check", "--quiet", "."),
    "layers": lambda: tool("lint-imports"),
    "migrations": lambda: manage("makemigrations", "--check", "--dry-run"),
    "deploy": lambda: manage("check", "--deploy", "--fail-level", "WARNING"),
    "openapi": check_schema,
    "templates": lambda: tool("djlint", "--lint", "--quiet", "templates"),
    "messages": lambda: run(sys.executable, "-m", "deploy.messages", "check"),
    "scripts": check_scripts,
    "secrets": check_secrets,
    "compose": check_compose,
    "audit": check_audit,
}
EXTRA: dict[str, Callable[[], None]] = {"schema": write_schema}  # no check: `make schema`


def attempt(name: str) -> Outcome:
    started = time.monotonic()
    try:
        ({**CHECKS, **EXTRA})[name]()
    except Skip as reason:
        return Outcome(name, time.monotonic() - started, skipped=str(reason))
    except subprocess.CalledProcessError as error:
        return Outcome(name, time.monotonic() - started, problem=error.stdout or f"exit code {error.returncode}")
    except OSError as error:
        return Outcome(name, time.monotonic() - started, problem=str(error))
    return Outcome(name, time.monotonic() - started)


def main(names: Sequence[str]) -> int:
    chosen = names or list(CHECKS)
    if unknown := set(chosen) - set(CHECKS) - set(EXTRA):
        sys.exit(f"check: there is no {', '.join(sorted(unknown))}; choose from {', '.join(CHECKS)}")
    failed = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for outcome in pool.map(attempt, chosen):
            state = "FAILED" if outcome.problem else f"skipped: {outcome.skipped}" if outcome.skipped else "ok"
            sys.stdout.write(f"{outcome.name:<12}{outcome.seconds:6.1f} s  {state}\n{outcome.problem}")
            sys.stdout.flush()
            failed += bool(outcome.problem)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

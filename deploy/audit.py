"""Known vulnerabilities of the locked packages: asked once for each lock file, and only where PyPI answers."""

import hashlib
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

from config.env import Env
from deploy.frontend import ROOT

QUESTION = "https://pypi.org/pypi/pip-audit/json"


def _stamp() -> Path:
    digest = hashlib.sha256((ROOT / "uv.lock").read_bytes()).hexdigest()[:16]
    return Env().VAR_DIR / "cache" / f"audited-{digest}"


def unavailable() -> str:
    """Why no audit is made; empty when one can be."""
    if _stamp().exists():
        return "this lock file was audited before"
    try:
        with urllib.request.urlopen(QUESTION, timeout=3) as answer:
            known = b'"vulnerabilities"' in answer.read()
    except (OSError, ValueError):
        return "pypi.org does not answer from here"
    return "" if known else "this registry knows no vulnerabilities"


def run(execute: Callable[..., None]) -> None:
    """Audit what production installs. ``execute`` runs a command and raises when it fails."""
    tools = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as directory:
        requirements = Path(directory) / "requirements.txt"
        execute(str(tools / "uv"), "export", "--frozen", "--quiet", "--no-dev", "--output-file", str(requirements))
        execute(
            str(tools / "pip-audit"),
            "--requirement",
            str(requirements),
            "--disable-pip",
            "--require-hashes",
            "--progress-spinner",
            "off",
        )
    _stamp().parent.mkdir(parents=True, exist_ok=True)
    _stamp().touch()

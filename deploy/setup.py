"""``make setup``: a virtual environment with the locked dependencies. It runs before anything is installed.

A stamp keyed on the lock file makes the second call take no time.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from typing import List, NoReturn  # noqa: UP035  (must also load on the old Python that it complains about)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, ".synced")
OLDEST, NEWEST = (3, 11), (3, 13)


def stop(message: str) -> NoReturn:
    sys.exit(f"setup: {message}")


def find_python() -> str:
    """This interpreter, or another supported one on the path."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    stop(
        f"Troupe needs Python 3.11, 3.12 or 3.13; `python3` is {sys.version_info[0]}.{sys.version_info[1]}. "
        "Install one, or name it: `make PYTHON=/path/to/python3.11 run`."
    )


def run(command: List[str], failure: str) -> None:  # noqa: UP006
    environment = dict(os.environ, UV_PROJECT_ENVIRONMENT=VENV, UV_PYTHON_DOWNLOADS="never")
    environment.pop("VIRTUAL_ENV", None)
    if subprocess.call(command, cwd=ROOT, env=environment) != 0:
        stop(failure)


def works(python: str) -> bool:
    return os.path.exists(python) and subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL) == 0


def create() -> str:
    """The environment with uv in it, whose path is returned; an unfinished one is made again."""
    uv = os.path.join(VENV, "bin", "uv")
    if works(PYTHON) and os.path.exists(uv):
        return uv
    sys.stdout.write("Setting up .venv; the first time takes a minute or two.\n")
    sys.stdout.flush()
    run(
        [find_python(), "-m", "venv", "--clear", VENV],
        "Python could not make .venv. On Debian and Ubuntu: `apt-get install python3-venv`; on a full disk: make room.",
    )
    run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.9"],
        "uv could not be installed from PyPI: is the network up?",
    )
    return uv


def locked() -> str:
    """The digest of what the environment is made from."""
    digest = hashlib.sha256()
    for name in ("uv.lock", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def synced() -> str:
    if not os.path.exists(PYTHON) or not os.path.exists(STAMP):
        return ""
    with open(STAMP) as stream:
        return stream.read()


def main() -> None:
    digest = locked()
    if synced() == digest:
        return
    run(
        [create(), "sync", "--frozen", "--quiet", "--inexact", "--extra", "local", "--group", "dev"],
        "The dependencies could not be installed: read uv's message above (network, disk space), then try again.",
    )
    with open(STAMP, "w") as stream:
        stream.write(digest)


if __name__ == "__main__":
    main()

"""Seconds from ``make run`` to the first page and to the local model's first answer, cold and warm; idle memory.

``python -m tests.benchmarks.startup``

Cold means an empty data directory, with dependencies and front end already installed and built, and the system's file
cache as it is; warm is the second start on the same data.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import requests

from config.env import BASE_DIR
from tests.benchmarks import report
from tests.benchmarks.stack import PASSWORD, POLL, Person

LIMIT = 180.0
SETTLE = 10.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def make_run(data: Path, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "VAR_DIR": str(data), "PORT": str(port)}
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=BASE_DIR, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def wait_page(process: subprocess.Popen[bytes], base: str, log: Path) -> None:
    limit = time.monotonic() + LIMIT
    while time.monotonic() < limit:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{base}/health/ready", timeout=5).status_code == 200:
                return
        if process.poll() is not None:
            break
        time.sleep(POLL)
    raise RuntimeError(f"it did not start:\n{log.read_text()[-2000:]}")


def first_answer(base: str) -> str:
    """Ask the local model, through the API, as a newcomer would: answers the text."""
    email = f"start-{time.time_ns()}@example.com"
    body = {"email": email, "password": PASSWORD, "name": "Start"}
    answer = requests.post(f"{base}/api/v1/auth/register", json=body, timeout=30)
    answer.raise_for_status()
    person = Person(base, email, answer.json()["access"])
    agent: dict[str, Any] = person.create(
        "/agents/", {"name": "First", "instructions": "Be brief.", "model_settings": {"max_tokens": 16}}
    )
    with person.request(
        "POST", f"/agents/{agent['id']}/run/", {"message": "Hello", "stream": True}, stream=True
    ) as events:
        for line in events.iter_lines():
            if line == b"event: content_delta":
                return str(agent["id"])
    raise RuntimeError("the local model did not answer")


def memory(pid: int) -> list[tuple[str, float]]:
    """``(process, PSS in MB)`` of everything below ``pid``, largest first; forks of one program together."""
    sizes: dict[str, float] = {}
    for process in report.family(pid):
        with contextlib.suppress(psutil.Error, OSError):
            name = label(process)
            sizes[name] = sizes.get(name, 0.0) + report.pss(process.pid)
    return sorted(sizes.items(), key=lambda item: -item[1])


def label(process: psutil.Process) -> str:
    command = process.cmdline()
    text = " ".join(command)
    for sign, name in (
        ("deploy.stack.web", "web"), ("worker -n runs@", "worker runs"), ("worker -n cpu@", "worker cpu"),
        (" beat ", "beat"), ("model_server", "model server"), ("deploy.stack run", "supervisor"), ("valkey", "valkey"),
        ("postgres", "postgres"),
    ):  # fmt: skip
        if sign in text:
            return name
    return Path(command[0]).name if command else process.name()


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    report.say(report.machine())
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="troupe-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o711)
        for kind in ("cold", "warm"):
            port, log = free_port(), directory / f"{kind}.log"
            base, start = f"http://127.0.0.1:{port}", time.monotonic()
            with make_run(directory / "var", port, log) as process:
                wait_page(process, base, log)
                page = time.monotonic() - start
                first_answer(base)
                rows.append([kind, page, time.monotonic() - start])
                if kind == "warm":
                    time.sleep(SETTLE)
                    idle = memory(process.pid)
    report.table("Seconds from `make run`", ["start", "ready", "first token of the local model"], rows)
    total = sum(size for _, size in idle)
    report.table(
        f"Memory of the idle stack {SETTLE:.0f} s after its first answer, MB (PSS)",
        ["process", "MB"],
        [*idle, ("all", total)],
    )


if __name__ == "__main__":
    main()

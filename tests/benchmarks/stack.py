"""The whole of Troupe in real processes, for benchmarks and fault tests: each part can be killed and started.

Nothing is shared with a running ``make run``: own PostgreSQL, own Valkey, free ports, temporary directories.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import requests

from config.env import BASE_DIR, Env
from deploy.stack import embedded, postgres, ready, services, valkey
from deploy.stack.failures import last_lines
from deploy.stack.options import Options
from deploy.stack.process import Service, kill_group

PASSWORD = "correct horse battery staple"  # pragma: allowlist secret
PROVIDER_KEY = "sk-fake-0123456789abcdef"  # pragma: allowlist secret
POLL = 0.02


class Child:
    """One process of the stack. Signals go to the process itself, not to what it has started."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def spawn(self) -> Self:
        self.process = self.service.spawn()
        return self

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        return self.spawn().wait_ready()

    def wait_ready(self) -> Self:
        assert self.process is not None
        limit = time.monotonic() + 4 * self.service.ready_within  # the machine may be busy with other tests
        while not self.service.ready():
            if self.process.poll() is not None or time.monotonic() > limit:
                log = "\n".join(last_lines(self.service.log, 30))
                raise RuntimeError(f"{self.service.name} did not start:\n{log}")
            time.sleep(POLL)
        return self

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to it and to all it has started, and wait until it is gone."""
        assert self.process is not None
        kill_group(self.process)
        self.process.wait()

    def stop(self, number: signal.Signals | None = None) -> None:
        """Ask it to stop, wait, and kill what is left."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(number or self.service.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.service.stop_within)
        self.kill()


@dataclass
class Person:
    """Someone signed in, through the API."""

    base_url: str
    email: str
    access: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}

    def request(
        self, method: str, path: str, body: Any = None, expect: int | None = None, **more: Any
    ) -> requests.Response:
        headers = self.headers | more.pop("headers", {})
        url = f"{self.base_url}/api/v1{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=more.pop("timeout", 60), **more)
        if expect is not None and answer.status_code != expect:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}, not {expect}: {answer.text[:600]}")
        return answer

    def create(self, path: str, body: Any) -> dict[str, Any]:
        created: dict[str, Any] = self.request("POST", path, body, expect=201).json()
        return created

    def provider(self, base_url: str, models: list[str], name: str = "fake") -> dict[str, Any]:
        body = {"type": "custom", "name": name, "base_url": base_url, "api_key": PROVIDER_KEY}
        return self.create("/providers/", {**body, "models": models, "default_model": models[0]})

    def agent(self, model: str, name: str = "Bench") -> str:
        """A new agent's id. ``model`` as in ``fake/fake-200``."""
        return str(self.create("/agents/", {"name": name, "instructions": "You answer.", "model": model})["id"])


@dataclass
class Stack:
    """``with Stack() as stack:`` starts the stores, their database migrated; web, workers and beat are started by name.

    ``environment`` overrides what every process gets. ``durable`` keeps Valkey's data over a restart.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    durable: bool = False
    postgres_options: Mapping[str, str] = field(default_factory=dict)
    web_processes: int = 1

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as cleanup:
            self._enter(cleanup)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _enter(self, cleanup: contextlib.ExitStack) -> None:
        self.directory = Path(
            cleanup.enter_context(tempfile.TemporaryDirectory(prefix="troupe-", ignore_cleanup_errors=True))
        )
        self.directory.chmod(0o711)
        self.children: dict[str, Child] = {}
        self._listener = cleanup.enter_context(services.listen(0))
        self.port: int = self._listener.getsockname()[1]
        self.postgres, database_url = self._postgres()
        self.valkey, redis_url = self._valkey()
        for store in (self.postgres, self.valkey):
            cleanup.callback(store.stop)
            store.start()
        env = Env(VAR_DIR=self.directory / "var", PORT=self.port, WEB_PROCESSES=self.web_processes)
        self.options = Options(env=env, given=frozenset())
        for directory in (self.options.runtime, self.options.var / "log"):
            directory.mkdir(parents=True)
        self.urls = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        self.variables = {
            **self.options.child_environment(), **self.urls,
            "ENVIRONMENT": "development", "SECURE_SSL": "false", "EMAIL_VERIFICATION": "none", "LOG_LEVEL": "WARNING",
            "THROTTLE_API": "0", "THROTTLE_ANONYMOUS": "0", "THROTTLE_LOGIN": "0", "THROTTLE_REGISTER": "0",
            "THROTTLE_INVITATION": "0", "THROTTLE_RUNS": "0", "LIMIT_CONCURRENT_RUNS": "0", "OUTBOUND_ALLOW_LOOPBACK_PROVIDERS": "true",
            "DJANGO_SETTINGS_MODULE": "config.settings", "BASE_URL": self.base_url,
            **self.environment,
        }  # fmt: skip
        cleanup.callback(self.stop_all)

    def _postgres(self) -> tuple[Child, str]:
        data = self.directory / "postgres"
        embedded.copy_migrated(data)
        # Without flushing to disk, yet whole after a crash of the server alone, which is what the fault tests do to it.
        options = {"fsync": "off", "full_page_writes": "on", "max_connections": "200", **self.postgres_options}
        service, url = postgres.service(
            data=data, sockets=self.directory / "s", log=self.directory / "postgres.log", options=options
        )
        return Child(service), url

    def _valkey(self) -> tuple[Child, str]:
        directory = self.directory / "valkey"
        service, url = valkey.service(
            data=directory,
            configuration=self.directory / "valkey.conf",
            log=self.directory / "valkey.log",
            durable=self.durable,
        )
        return Child(service), url

    # Processes

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR, env={**os.environ, **self.variables}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"manage.py {arguments[0]} failed:\n{done.stderr[-3000:]}")
        return done.stdout

    def child(self, kind: str, name: str | None = None) -> Child:
        """A child that is not started: a service's name as in ``make run``, under a ``name`` of its own."""
        name = name or kind
        service = services.application(self.options, self.variables, self._listener)[kind]
        marker = self.options.marker(name)
        node = kind.removeprefix("worker-")
        child = Child(
            replace(
                service,
                name=name,
                log=self.options.log(name),
                command=[f"{name}@%h" if part == f"{node}@%h" else part for part in service.command],
                environment={**service.environment, **ready.environment(marker)},
                before=ready.forget(marker),
                ready=marker.exists,
            )
        )
        self.children[name] = child
        return child

    def start(self, *kinds: str) -> Self:
        """Start these side by side and wait until all are ready; ``web`` means all web processes."""
        webs = [f"web-{number}" for number in range(1, self.web_processes + 1)] if self.web_processes > 1 else ["web"]
        names = [name for kind in kinds for name in (webs if kind == "web" else [kind])]
        started = [self.child(name).spawn() for name in names]
        for child in started:
            child.wait_ready()
        return self

    def stop_all(self) -> None:
        for child in self.children.values():
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGCONT)
                child.process.send_signal(child.service.stop_signal)
        for child in self.children.values():
            child.stop()
        self.children.clear()

    def log(self, name: str, count: int = 40) -> str:
        return "\n".join(last_lines(self.options.log(name), count))

    # The API

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def register(self, name: str = "Alice") -> Person:
        email = f"{name.lower()}@example.com"
        body = {"email": email, "password": PASSWORD, "name": name}
        answer = requests.post(f"{self.base_url}/api/v1/auth/register", json=body, timeout=60)
        if answer.status_code != 201:
            raise RuntimeError(f"register answered {answer.status_code}: {answer.text[:600]}")
        return Person(self.base_url, email, answer.json()["access"])


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 on which nothing listens and nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]

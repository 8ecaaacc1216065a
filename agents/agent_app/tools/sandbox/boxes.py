"""Calls of the kind ``box``: a command in a machine of its own, with a workspace that a run keeps from call to call.

The workspace lies in the file storage as an archive, under a key of its own; one call at a time has it.
"""

import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from redis.exceptions import LockError

from agent_app.tools.sandbox import bubblewrap, machine
from agent_app.tools.sandbox.bubblewrap import Box, Limits
from agent_app.tools.sandbox.queue import SandboxFailed
from community.files import names, storage
from config.lib import redis
from config.lib.errors import NotFound

MOST_FILES = 20  # that a call may answer
KEPT_FOR = 4 * 24 * 3600  # seconds that a workspace is known after its last use; longer than an approval may take
_LOCKED_FOR = 300
_LEFT_AFTER = 3600

Wanted = Callable[[], bool]


def workspace_key(name: str) -> str:
    return f"{storage.SANDBOX}/{name}"


def kept_key(name: str) -> str:
    """Where Valkey says that there is a workspace."""
    return f"sandbox:workspace:{name}"


def run(payload: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    """Do what ``payload`` says: ``command``, ``box``, ``limits``, ``workspace`` (its name; none: nothing is kept), ``inputs``
    (name and key of files), ``answers_files``. Raises SandboxFailed, NoSandbox."""
    limits = Limits(**payload["limits"])
    workspace = payload.get("workspace") or ""
    with _scratch() as scratch, _alone(workspace, wanted):
        box = _box(payload, scratch, workspace)
        ended = machine.run(_command(payload), box, limits, wanted=wanted)
        if ended.how == machine.CANCELLED:
            raise SandboxFailed("Nobody waits any more.", code="cancelled")
        files = _new_files(box, limits) if ended.kept and payload.get("answers_files") else []
        if ended.kept and workspace and box.keep is not None:
            _keep(workspace, box.keep)
    return {
        "how": ended.how, "exit_code": ended.exit_code, "stdout": _text(ended.stdout), "stderr": _text(ended.stderr),
        "duration_ms": round(ended.seconds * 1000), "kept": ended.kept, "files": files,
    }  # fmt: skip


def _command(payload: dict[str, Any]) -> list[str]:
    if payload["box"].get("code") is None:
        return list(payload["command"])
    return [bubblewrap.interpreter()[0], "-I" if not payload["box"].get("packages") else "-P", bubblewrap.CODE]


def _box(payload: dict[str, Any], scratch: Path, workspace: str) -> Box:
    asked = payload["box"]
    code = asked.get("code")
    return Box(
        programs=tuple(asked.get("programs", ())),
        hidden=tuple(asked.get("hidden", ())),
        read_only=bool(asked.get("read_only")),
        stdin=asked.get("stdin", "").encode(errors="replace"),
        code=None if code is None else code.encode(errors="replace"),
        packages=bool(asked.get("packages")),
        inputs=tuple(_inputs(payload.get("inputs", ()), scratch)),
        held=_held(workspace, scratch),
        keep=None if asked.get("read_only") else scratch / "keep",
    )


def _inputs(wanted: Any, scratch: Path) -> Iterator[tuple[str, Path]]:
    taken: set[str] = set()
    for number, (name, key) in enumerate(wanted):
        tidy = names.clean(name)
        tidy = tidy if tidy not in taken else f"{number}-{tidy}"
        taken.add(tidy)
        path = scratch / f"input-{number}"
        _fetch(key, path)
        yield tidy, path


def _held(workspace: str, scratch: Path) -> Path | None:
    if not workspace:
        return None
    try:
        return _fetch(workspace_key(workspace), scratch / "held")
    except NotFound:
        return None


def _fetch(key: str, path: Path) -> Path:
    with storage.read(key) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path


def _keep(workspace: str, archive: Path) -> None:
    key = workspace_key(workspace)
    storage.remove(key)
    storage.put(key, archive, "application/x-tar")
    redis.client().set(kept_key(workspace), b"1", ex=KEPT_FOR)


def forget(workspace: str) -> None:
    """Remove a run's workspace, if it has one."""
    if redis.client().delete(kept_key(workspace)):
        storage.remove(workspace_key(workspace))


@contextmanager
def _scratch() -> Iterator[Path]:
    directory = settings.VAR_DIR / "sandbox"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in directory.iterdir():  # by a process that was killed
        with suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - _LEFT_AFTER:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=directory) as path:
        yield Path(path)


@contextmanager
def _alone(workspace: str, wanted: Wanted) -> Iterator[None]:
    """Two calls of a run must not write one workspace: the second waits for the first."""
    if not workspace:
        yield
        return
    lock = redis.client().lock(f"sandbox:lock:{workspace}", timeout=_LOCKED_FOR, sleep=0.05)
    while not lock.acquire(blocking_timeout=0.5):
        if not wanted():
            raise SandboxFailed("Nobody waits any more.", code="cancelled")
    try:
        yield
    finally:
        with suppress(LockError):  # it had expired
            lock.release()


def _new_files(box: Box, limits: Limits) -> list[dict[str, Any]]:
    """What the call has written or changed, put into the storage under keys that whoever asked takes them from."""
    before = {member.name: (member.size, member.mtime) for member in _members(box.held)}
    found: list[dict[str, Any]] = []
    for member in _members(box.keep):
        if before.get(member.name) == (member.size, member.mtime) or not 0 < member.size <= settings.FILE_MAX_BYTES:
            continue
        if len(found) == MOST_FILES:
            break
        found.append(_answered(box.keep, member))
    return found


def _members(archive: Path | None) -> list[tarfile.TarInfo]:
    """The ordinary files of an archive that somebody else's code has had a hand in: read, never unpacked."""
    if archive is None:
        return []
    try:
        with tarfile.open(archive, "r:") as opened:
            members = [member for member in opened if member.isreg() and not member.issparse()]
    except tarfile.TarError as error:
        raise SandboxFailed("The workspace cannot be read.", code="workspace") from error
    size = archive.stat().st_size
    return [member for member in members if member.offset_data + member.size <= size]


def _answered(archive: Path | None, member: tarfile.TarInfo) -> dict[str, Any]:
    assert archive is not None  # noqa: S101  # its member was found
    path = archive.with_name(f"out-{uuid4().hex}")
    with archive.open("rb") as source, path.open("wb") as target:
        source.seek(member.offset_data)
        target.write(source.read(member.size))
    key = f"{storage.SANDBOX}/{path.name}"
    storage.put(key, path, "application/octet-stream")
    return {"name": names.clean(member.name), "size": member.size, "key": key}


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace").replace("\0", "�")

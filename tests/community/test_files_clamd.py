"""Against the real ClamAV daemon, where this machine has it (Debian: clamav-daemon); elsewhere the wire is a fake's."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from community.models import FileStatus
from community.services import files
from tests.cast import Cast
from tests.community.files_world import file_room, kept
from tests.fakes.clamd import EICAR, fake_clamd

__all__ = ["file_room"]

CLAMD = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
READY_WITHIN = 30.0


def daemon(room: Path) -> Iterator[str]:
    """A real clamd that knows EICAR's signature and nothing else."""
    assert CLAMD is not None
    database, address = room / "db", room / "clamd.sock"
    database.mkdir()
    (database / "eicar.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
    configuration = room / "clamd.conf"
    configuration.write_text(
        f"Foreground yes\nLocalSocket {address}\nDatabaseDirectory {database}\nStreamMaxLength 25M\nTemporaryDirectory {room}\n"
        f"LogFile {room / 'clamd.log'}\n"
    )
    with subprocess.Popen([CLAMD, "--config-file", str(configuration)], stdout=subprocess.DEVNULL) as process:
        try:
            limit = time.monotonic() + READY_WITHIN
            while not answers(address):
                assert process.poll() is None and time.monotonic() < limit, (room / "clamd.log").read_text()
                time.sleep(0.05)
            yield f"unix://{address}"
        finally:
            process.kill()


def answers(address: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(address))
            line.sendall(b"zPING\0")
            return line.recv(16) == b"PONG\0"
    except OSError:
        return False


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if CLAMD:
        yield from daemon(tmp_path_factory.mktemp("clamd"))
    else:
        with fake_clamd() as fake:
            yield fake.url


def test_the_daemon_tells_clean_from_infected(cast: Cast, url: str, settings: Any) -> None:
    settings.CLAMD_URL = url
    clean, infected = kept(cast.alice, "a.txt", b"x" * 1_000_000), kept(cast.alice, "b.txt", b"Hello " + EICAR)
    assert files.file_scan(file_id=clean.id) == FileStatus.CLEAN
    assert files.file_scan(file_id=infected.id) == FileStatus.INFECTED
    infected.refresh_from_db()
    assert "Eicar-Test-Signature" in infected.verdict

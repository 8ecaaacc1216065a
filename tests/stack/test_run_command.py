"""``make run`` with its embedded parts: what goes wrong is said in one line; data survives."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from config.env import BASE_DIR
from deploy.stack.options import KEYS

Troupe = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def troupe(tmp_path: Path) -> Iterator[Troupe]:
    """Runs ``python -m deploy.stack …`` on a ``var/`` of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.stack", *arguments],
            cwd=BASE_DIR,
            env={**inherited, "VAR_DIR": str(tmp_path / "var"), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def said_until_ready(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C stops everything" in line:
            return said
    raise AssertionError(said + process.communicate()[1])


def failure(process: "subprocess.Popen[str]") -> str:
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert errors.count("\n") == 1, errors
    return errors.removeprefix("troupe: ").strip()


def test_a_port_in_use_is_named_with_the_way_out(troupe: Troupe) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        message = failure(troupe("run", "--only", "web", PORT=str(port)))
    assert message.startswith(f"Port {port} cannot be used (")
    assert message.endswith(f"Choose another: `PORT={port + 1} make run`.")


def test_a_second_start_says_where_the_first_runs(troupe: Troupe) -> None:
    first = troupe("run", "--only", "valkey", PORT="8123")
    said_until_ready(first)
    message = failure(troupe("run", "--only", "valkey"))
    assert message.startswith(f"Troupe already runs on http://localhost:8123 (process {first.pid}, since ")
    assert failure(troupe("clean")).startswith("Troupe already runs on http://localhost:8123")


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"base/1": ""}, "is only half written"),
        ({"PG_VERSION": "16\n"}, "was made by PostgreSQL 16, this is 18"),
        ({"PG_VERSION": "18\n", "base/1": "", "global/pg_control": ""}, "is damaged"),
    ],
)
def test_a_broken_data_directory_is_refused_and_left_alone(
    troupe: Troupe, tmp_path: Path, files: dict[str, str], complaint: str
) -> None:
    for name, text in files.items():
        path = tmp_path / "var" / "postgres" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    message = failure(troupe("run", "--only", "postgres"))
    assert complaint in message
    assert "`make clean-data`" in message
    assert all((tmp_path / "var" / "postgres" / name).read_text() == text for name, text in files.items())


def test_an_unwritable_place_is_named(troupe: Troupe, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = failure(troupe("run", "--only", "valkey", VAR_DIR=str(tmp_path / "file" / "var")))
    assert message == f"{tmp_path / 'file' / 'var'} cannot be made: Not a directory."


def test_an_unknown_service_is_refused(troupe: Troupe) -> None:
    assert failure(troupe("run", "--only", "mongodb")).startswith("There is no service mongodb: choose from beat, ")


def test_what_is_given_is_not_started(troupe: Troupe, tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql://db.example/troupe", "REDIS_URL": "redis://valkey.example:6379/0"}
    said = said_until_ready(troupe("run", "--only", "postgres,valkey", **given))
    assert "_URL=" not in said
    assert not (tmp_path / "var" / "postgres").exists()


def test_data_survives_a_killed_supervisor_and_clean_data_keeps_only_the_keys(troupe: Troupe, tmp_path: Path) -> None:
    first = troupe("run", "--only", "postgres")
    url = database_url(said_until_ready(first))
    with psycopg.connect(url) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE TABLE kept AS SELECT '[1,2]'::vector AS value")
    keys = {name: (tmp_path / "var" / name).read_text() for name in KEYS}
    os.kill(first.pid, signal.SIGKILL)
    first.wait()

    second = troupe("run", "--only", "postgres")
    with psycopg.connect(database_url(said_until_ready(second))) as connection:
        assert connection.execute("SELECT value::text FROM kept").fetchall() == [("[1,2]",)]
    second.send_signal(signal.SIGINT)
    assert second.wait(timeout=60) == 0

    assert troupe("clean").wait(timeout=60) == 0
    assert sorted(path.name for path in (tmp_path / "var").iterdir()) == sorted([*KEYS, "stack.lock"])
    assert {name: (tmp_path / "var" / name).read_text() for name in KEYS} == keys
    assert {(tmp_path / "var" / name).stat().st_mode & 0o777 for name in KEYS} == {0o600}


def database_url(said: str) -> str:
    found = re.search(r"DATABASE_URL=(\S+)", said)
    assert found
    return found[1]

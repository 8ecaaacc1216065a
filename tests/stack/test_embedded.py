"""The services that tests start for themselves."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis

from deploy.stack import embedded
from deploy.stack.failures import StackError
from deploy.stack.process import Service


def test_postgres_is_fresh_has_pgvector_and_leaves_nothing() -> None:
    with embedded.postgres_server() as first, embedded.postgres_server() as second:
        assert first != second
        with psycopg.connect(first) as connection:
            connection.execute("CREATE EXTENSION vector")
        with psycopg.connect(second) as connection:
            row = connection.execute(
                "SELECT count(*), current_setting('server_version_num') FROM pg_extension"
            ).fetchone()
    assert row is not None
    assert row[0] == 1
    assert int(row[1]) >= 180000
    assert not Path(parse_qs(urlsplit(first).query)["host"][0]).parent.exists()


def test_each_test_worker_has_a_numbered_valkey_database() -> None:
    with embedded.valkey_server() as url:
        for worker, database in (("master", 0), ("gw0", 1), ("gw7", 8)):
            own = redis.Redis.from_url(embedded.redis_database(url, worker))
            own.set("worker", worker)
            assert own.get("worker") == worker.encode()
            assert own.get_connection_kwargs()["db"] == database
            own.close()
        stranger = redis.Redis.from_url(url.replace(url.partition("@")[0], "redis://:wrong"))
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_a_service_that_does_not_start_says_why(tmp_path: Path) -> None:
    service = Service(
        name="broken",
        command=["sh", "-c", "echo no such option >&2; exit 2"],
        directory=tmp_path,
        log=tmp_path / "log",
        ready=lambda: False,
    )
    with pytest.raises(StackError, match="broken did not start") as caught, embedded.running(service):
        pass
    assert caught.value.log == ["no such option"]

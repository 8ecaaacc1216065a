"""What every test shares. The services are started by ``tests/services.py``."""

import threading
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections

from config import celery  # noqa: F401  (makes it the current Celery application, as every entry point does)
from config.lib import db
from tests.cast import anyone, cast

__all__ = ["anyone", "cast"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """As pytest-django's; at the end the threads of ``in_db`` let go of the database, which else cannot be dropped."""
    yield
    pool, count = db._pool(), settings.DATABASE_THREADS
    together = threading.Barrier(count)

    def let_go() -> None:
        together.wait(10)  # so that each thread takes exactly one
        connections.close_all()

    for closed in [pool.submit(let_go) for _ in range(count)]:
        closed.result()

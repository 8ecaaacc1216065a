"""What every test shares. The services are started by ``tests/services.py``."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.utils import translation
from xdist.scheduler import LoadScopeScheduling

from config import celery  # noqa: F401  (makes it the current Celery application, as every entry point does)
from config.lib import db
from tests import seeds
from tests.api import operations
from tests.cast import anyone, cast

__all__ = ["anyone", "cast", "seeds"]


def pytest_configure(config: pytest.Config) -> None:
    settings.PROVIDER_RETRY_DELAY = 0.01
    config.pluginmanager.register(operations, "operations")


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


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """A request leaves its language behind in the thread that served it, which here is the test's own."""
    yield
    translation.deactivate()


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """The browser tests share one stack and one browser, so all of them go to one worker of xdist."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return Scheduler(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests have measured (``record_property``)."""
    measured = [
        f"{name}: {value}"
        for report in terminalreporter.getreports("passed")
        if report.when == "call"
        for name, value in report.user_properties
    ]
    if measured:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(measured))

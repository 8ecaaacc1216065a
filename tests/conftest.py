"""What every test shares. The services are started by ``tests/services.py``."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connections
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling

from config import celery  # noqa: F401  (makes it the current Celery application, as every entry point does)
from config.lib import db
from tests import database
from tests.api import operations
from tests.cast import anyone, cast, lasting_cast
from tests.clock import one_window
from tests.mails import mailoutbox

__all__ = ["anyone", "cast", "lasting_cast", "mailoutbox", "one_window"]


# The same examples each time, however long one takes: nobody's luck decides whether the tests pass.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    settings.PROVIDER_RETRY_DELAY = 0.01
    settings.PASSWORD_HASHERS = ["tests.security.hashers.QuickHasher", *settings.PASSWORD_HASHERS[1:]]
    # Far quicker than what Django does after each test that commits.
    database.install()
    config.pluginmanager.register(operations, "operations")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The server's own database has all migrations already: each worker's begins as a copy of it."""
    database = connections["default"].settings_dict
    database["TEST"]["TEMPLATE"] = database["NAME"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """As pytest-django's; at the end the threads of ``in_db`` let go of the database, which else cannot be dropped."""
    with django_db_blocker.unblock():
        database.keep()
    yield
    pool, count = db._pool(), settings.DATABASE_THREADS
    together = threading.Barrier(count)

    def let_go() -> None:
        together.wait(60)  # so that each thread takes exactly one
        connections.close_all()

    for closed in [pool.submit(let_go) for _ in range(count)]:
        closed.result()


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """A request leaves its language behind in the thread that served it, which here is the test's own."""
    yield
    translation.deactivate()


# Each shares a stack of processes (and a browser), so all of its tests go to one worker of xdist. They wait more than they
# compute, so they begin first, beside the others.
TOGETHER = ("tests/e2e", "tests/faults", "tests/contract", "tests/stack")


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """By module, but for those that belong together."""

    def _split_scope(self, nodeid: str) -> str:
        together = next((found for found in TOGETHER if nodeid.startswith(f"{found}/")), None)
        return together or str(super()._split_scope(nodeid))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, then the modules with the most tests: the workers shall end together."""
    sizes = Counter(item.nodeid.partition("::")[0] for item in items)

    def place(item: pytest.Item) -> tuple[int, int]:
        together = [number for number, found in enumerate(TOGETHER) if item.nodeid.startswith(f"{found}/")]
        return (together[0], 0) if together else (len(TOGETHER), -sizes[item.nodeid.partition("::")[0]])

    items.sort(key=place)


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

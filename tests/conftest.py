"""What every test shares: embedded services, started once; nothing outside this machine can be reached."""

import os
from contextlib import ExitStack

import pytest

from deploy.stack import embedded
from tests.cast import anyone, cast

__all__ = ["anyone", "cast"]

_TEST_ENVIRONMENT = {
    "ENVIRONMENT": "test",
    "SECRET_KEY": "only-for-tests-" + "x" * 32,  # pragma: allowlist secret
    "FIELD_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",  # pragma: allowlist secret
    "EMAIL_URL": "memory://",
    "EMAIL_VERIFICATION": "none",
    "OUTBOUND_ALLOW_LOOPBACK_PROVIDERS": "true",
    "THROTTLE_API": "0",
    "THROTTLE_ANONYMOUS": "0",
    "THROTTLE_LOGIN": "0",
    "THROTTLE_REGISTER": "0",
    "DATABASE_POOL_SIZE": "8",
}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL and Valkey before Django reads its settings; the workers of pytest-xdist inherit the environment."""
    os.environ.update(_TEST_ENVIRONMENT)
    worker: dict[str, str] | None = getattr(config, "workerinput", None)
    if worker is None:
        stack = ExitStack()
        os.environ["DATABASE_URL"] = stack.enter_context(embedded.postgres_server())
        os.environ["REDIS_URL"] = stack.enter_context(embedded.valkey_server())
        config.add_cleanup(stack.close)
    else:
        os.environ["REDIS_URL"] = embedded.redis_database(os.environ["REDIS_URL"], worker["workerid"])

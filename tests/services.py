"""A pytest plugin (``-p tests.services``): embedded PostgreSQL and Valkey, started once, before Django reads its settings.

pytest-django loads the settings before any conftest is imported, so this stands beside them. The workers of pytest-xdist
inherit the environment of the process that controls them; each has a database and a Valkey database of its own.
"""

import atexit
import os
from contextlib import ExitStack

ENVIRONMENT = {
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
    "THROTTLE_INVITATION": "0",
    "DATABASE_POOL_SIZE": "8",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    # Whatever keys the developer's shell holds: no test calls a provider with them.
    **{
        f"{name}_API_KEY": ""
        for name in (
            "OPENAI",
            "ANTHROPIC",
            "GOOGLE",
            "HUGGINGFACE",
            "DEEPSEEK",
            "STABILITY",
            "MISTRAL",
            "GROQ",
            "OPENROUTER",
        )
    },
}
os.environ.update(ENVIRONMENT)

# ``config.env`` reads the environment when it is imported.
from deploy.stack import embedded  # noqa: E402


def _start() -> None:
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["REDIS_URL"] = embedded.redis_database(os.environ["REDIS_URL"], worker)
        return
    stack = ExitStack()
    os.environ["DATABASE_URL"] = stack.enter_context(embedded.postgres_server(migrated=True))
    os.environ["REDIS_URL"] = stack.enter_context(embedded.valkey_server())
    atexit.register(stack.close)


_start()

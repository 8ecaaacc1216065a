"""Work that leaves the request: Celery tasks by name, sent after the commit."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def send_on_commit(task: str, **arguments: Any) -> None:
    """Have a worker do ``task`` once the current transaction is committed. Arguments are ids and travel as text.

    A broker that is away is no error of the caller's: whatever must happen is also found by a periodic sweep.
    """
    texts = {name: str(value) for name, value in arguments.items()}
    transaction.on_commit(lambda: _send(task, texts))


def _send(task: str, arguments: dict[str, str]) -> None:
    try:
        current_app.send_task(task, kwargs=arguments, retry=False)
    except (OperationalError, RedisError, OSError):
        logger.warning("not sent: the broker does not answer", extra={"task": task, **arguments})

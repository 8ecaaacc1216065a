"""The after-commit bus: how a fact travels to apps that its own app must not import.

An app defines its events as frozen dataclasses in its ``events.py``, publishes them from services, and others subscribe
in ``AppConfig.ready()``. A crash between commit and delivery loses the event, so whatever must happen is also found by a
periodic sweep.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction

E = TypeVar("E")

logger = logging.getLogger(__name__)
_subscribers: dict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_type: type[E], handler: Callable[[E], None]) -> None:
    """Call ``handler`` with every event of ``event_type``; twice the same handler is once."""
    if handler not in _subscribers[event_type]:
        _subscribers[event_type].append(handler)


def publish(event: object) -> None:
    """Deliver ``event`` after the current transaction commits (at once outside of one). A failing handler is logged, no more."""
    transaction.on_commit(lambda: _deliver(event))


def _deliver(event: object) -> None:
    for handler in _subscribers[type(event)]:
        try:
            handler(event)
        except Exception:
            logger.exception(
                "event handler failed", extra={"event": type(event).__name__, "handler": handler.__qualname__}
            )

"""How a Python child says that it is ready: it touches a file which the supervisor waits for."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

VARIABLE = "TROUPE_READY_FILE"


def environment(marker: Path) -> dict[str, str]:
    return {VARIABLE: str(marker)}


def forget(marker: Path) -> Callable[[], None]:
    """What to do before a start: yesterday's file must not speak for today's process."""
    return partial(marker.unlink, missing_ok=True)


def announce() -> None:
    """Called by the child. Without a supervisor (the variable is missing) it does nothing."""
    if path := os.environ.get(VARIABLE):
        Path(path).touch()

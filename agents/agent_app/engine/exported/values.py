"""What a script knows when it runs. ``CONTEXT`` is written into each script, ``RUN`` is filled in by its ``main``."""

import os
from datetime import UTC, datetime
from typing import Any

CONTEXT: dict[str, Any] = {}
USER = {"name": os.environ.get("USER", "you")}
RUN = {"message": ""}


def values() -> dict[str, Any]:
    """What templates and conditions may name."""
    return {"user": USER, "context": CONTEXT, **RUN, "now": datetime.now(UTC).isoformat(sep=" ", timespec="minutes")}

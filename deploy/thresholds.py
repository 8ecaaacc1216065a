"""How much of the code the tests must run (lines and branches), overall and where a fault costs most."""

import json
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Room:
    """``files`` are patterns of paths from the checkout's root; ``*`` goes over slashes."""

    name: str
    percent: float
    files: tuple[str, ...]


ROOMS = (
    Room("overall", 85, ("*",)),
    Room(
        "auth",
        90,
        (
            "community/api/auth*.py", "community/api/sign_ins.py", "community/adapters.py", "community/attempts.py",
            "community/second_factor.py", "community/tokens.py", "community/services/account_events.py",
            "community/services/api_tokens.py", "community/services/people.py", "community/services/sessions.py",
            "community/services/sign_ins.py",
        ),
    ),
    Room("policies", 90, ("*/policies.py", "*/access.py")),
    Room("ledger", 90, ("billing/*.py",)),
    Room("executor", 90, ("agents/agent_app/runs/*.py", "agents/agent_app/engine/*.py")),
)  # fmt: skip


def measured(files: dict[str, Any], patterns: tuple[str, ...]) -> float:
    """Percent of the lines and branches of the files that match. A room without files is full."""
    chosen = [file["summary"] for path, file in files.items() if any(fnmatch(path, each) for each in patterns)]
    whole = sum(each["num_statements"] + each.get("num_branches", 0) for each in chosen)
    run = sum(each["covered_lines"] + each.get("covered_branches", 0) for each in chosen)
    return 100 * run / whole if whole else 100.0


def check(report: Path) -> list[str]:
    """Say what was measured (``coverage json``); answer the rooms in which it is too little."""
    files = json.loads(report.read_text())["files"]
    failed = []
    for room in ROOMS:
        percent = measured(files, room.files)
        enough = percent >= room.percent
        print(
            f"{room.name:<10}{percent:6.1f} % of lines and branches{'' if enough else f', at least {room.percent} %'}"
        )
        if not enough:
            failed.append(room.name)
    return failed

"""What a check costs: patterns, personal data and secrets on 100 kB of text. Nothing else is needed than this process.

``python -m tests.benchmarks.guardrails [--rounds 20]``
"""

import argparse
import statistics
import time
from typing import Any

from django.conf import settings

import config  # noqa: F401  puts the apps on the import path
from tests.fakes.script import PROSE

SIZE = 100_000
FOUND = "Write to ann.lee@example.org or call +49 30 901820, card 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00. "


def texts() -> dict[str, str]:
    plain = (PROSE + ". ") * (SIZE // len(PROSE) + 1)
    full = (FOUND + PROSE + ". ") * (SIZE // len(FOUND + PROSE) + 1)
    return {"nothing to find": plain[:SIZE], "full of it": full[:SIZE], "not ASCII": plain.replace("o", "ö")[:SIZE]}


def measure(rounds: int) -> list[tuple[str, str, float, float, int]]:
    """Kind, text, median and longest time in ms, and how many places were found."""
    from agent_app.guardrails.keywords import Keywords  # noqa: PLC0415  after ``config``
    from agent_app.guardrails.pattern import Pattern  # noqa: PLC0415
    from agent_app.guardrails.personal import Personal  # noqa: PLC0415
    from agent_app.guardrails.secret_values import Secrets  # noqa: PLC0415

    kinds: list[tuple[str, Any, dict[str, Any]]] = [
        ("regex", Pattern(), {"pattern": r"\b\w+@\w+\.org\b"}),
        ("regex, a bad one", Pattern(), {"pattern": r"(\w+\s?)*!$"}),
        ("pii", Personal(), {}),
        ("secrets", Secrets(), {}),
        ("500 keywords", Keywords(), {"keywords": [f"forbidden{number}" for number in range(500)]}),
    ]
    rows = []
    for name, kind, config_ in kinds:
        for label, text in texts().items():
            times, found = [], 0
            for _round in range(rounds):
                began = time.perf_counter()
                found = len(kind.check(text, config_).matches)
                times.append((time.perf_counter() - began) * 1000)
            rows.append((name, label, statistics.median(times), max(times), found))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    settings.configure(USE_I18N=False)  # the words of verdicts need no more of Django
    print(f"{SIZE // 1000} kB, {rounds} rounds")
    for name, label, median, longest, found in measure(rounds):
        print(f"{name:18} {label:16} median {median:8.2f} ms   longest {longest:8.2f} ms   {found} places")


if __name__ == "__main__":
    main()

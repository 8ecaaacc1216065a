"""The ids of a run's tool calls. Pure."""

import re
from collections.abc import Iterable

_UNFIT = re.compile(r"[^A-Za-z0-9_:-]")


class CallIds:
    """Calls are unique within their run, while providers may use an id again: such a call gets one of its own. Ours
    stand in addresses and in rows: whatever a provider makes up, they have letters and digits only.

    ``within`` is the conversation that a call belongs to (``frames``): they go on side by side.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._given: dict[tuple[str, str], list[str]] = {}  # by the model's id, until the call comes

    def give(self, model_ids: Iterable[str], *, within: str = "") -> list[tuple[str, str]]:
        """Give the calls of one answer their ids, before they come."""
        named = []
        for model_id in model_ids:
            first = name = _UNFIT.sub("_", model_id[:100]) or "call"
            number = 1
            while name in self._taken:
                number += 1
                name = f"{first}~{number}"
            self._taken.add(name)
            self._given.setdefault((within, model_id), []).append(name)
            named.append((model_id, name))
        return named

    def restore(self, taken: Iterable[str]) -> None:
        """Go on after another worker."""
        self._taken.update(taken)

    def renew(self, named: Iterable[tuple[str, str]], *, within: str = "") -> None:
        """The calls of an answer are made now that was given to another worker."""
        for model_id, name in named:
            self._taken.add(name)
            self._given.setdefault((within, model_id), []).append(name)

    def take(self, model_id: str, *, within: str = "") -> str:
        """The id of a call that has come."""
        if not self._given.get((within, model_id)):
            self.give([model_id], within=within)
        return self._given[within, model_id].pop(0)

"""The ids of a run's tool calls. Pure."""

from collections.abc import Iterable


class CallIds:
    """Calls are unique within their run, while providers may use an id again: such a call gets one of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._given: dict[str, list[str]] = {}  # by the model's id, until the call comes

    def give(self, model_ids: Iterable[str]) -> list[tuple[str, str]]:
        """Give the calls of one answer their ids, before they come."""
        named = []
        for model_id in model_ids:
            number, name = 1, model_id[:100] or "call"
            while name in self._taken:
                number += 1
                name = f"{model_id[:100] or 'call'}~{number}"
            self._taken.add(name)
            self._given.setdefault(model_id, []).append(name)
            named.append((model_id, name))
        return named

    def restore(self, taken: Iterable[str], named: Iterable[tuple[str, str]]) -> None:
        """Go on after another worker. ``named`` are those of the answer whose calls are made now."""
        self._taken = set(taken)
        for model_id, name in named:
            self._taken.add(name)
            self._given.setdefault(model_id, []).append(name)

    def take(self, model_id: str) -> str:
        """The id of a call that has come."""
        if not self._given.get(model_id):
            self.give([model_id])
        return self._given[model_id].pop(0)

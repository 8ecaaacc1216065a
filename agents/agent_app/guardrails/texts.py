"""The words in what a model is given: taken out to be checked, and put back as they were left. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

Item = Mapping[str, Any]


class Asked:
    """What is asked in items of a conversation: the last ``count`` of what people said, whatever was answered in between.

    ``parts`` are its texts in order; files that were attached as text are among them. Whoever changes them gets them back
    in ``items``.
    """

    def __init__(self, items: Sequence[Item], count: int = 1) -> None:
        self._items = list(items)
        said = [place for place, item in enumerate(self._items) if item.get("role") == "user"]
        self._places = said[-count:]
        self.parts = [text for place in self._places for text in _texts(self._items[place])]
        self._before = list(self.parts)

    @property
    def changed(self) -> bool:
        return self.parts != self._before

    def items(self) -> list[Any]:
        left = iter(self.parts)
        items = list(self._items)
        for place in self._places if self.changed else ():
            items[place] = _with(items[place], left)
        return items


def _texts(item: Item) -> list[str]:
    content = item.get("content") or ""
    if isinstance(content, str):
        return [content]
    return [str(part["text"]) for part in content if isinstance(part, Mapping) and "text" in part]


def _with(item: Item, texts: Any) -> dict[str, Any]:
    content = item.get("content") or ""
    if isinstance(content, str):
        return {**item, "content": next(texts)}
    return {
        **item,
        "content": [
            {**part, "text": next(texts)} if isinstance(part, Mapping) and "text" in part else part for part in content
        ],
    }

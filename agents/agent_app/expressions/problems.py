"""What can be wrong with an expression, in words for whoever wrote it. Pure: the processes that evaluate know no languages."""

from collections.abc import Callable

translate: Callable[[str], str] = str  # gettext, where somebody reads the words (``agent_app.wiring``)


def mark(text: str) -> str:
    """Have ``text`` found for the catalogues; it is translated when it is read."""
    return text


class ExpressionError(Exception):
    """``code``: syntax, refused (outside the language), undefined, limit (too large or too slow) or failed."""

    def __init__(self, code: str, text: str, **values: str | int) -> None:
        super().__init__(code, text, values)
        self.code = code
        self.text = text
        self.values = values

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        text = translate(self.text)
        return text % self.values if self.values else text

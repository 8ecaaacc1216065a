"""What can be wrong with an expression, in words for whoever wrote it."""


class ExpressionError(Exception):
    """``code``: syntax, refused (outside the language), undefined, limit (too large or too slow) or failed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

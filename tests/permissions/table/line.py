"""One line of the table. ``{workspace}`` in a path is the workspace that alice owns."""

from dataclasses import dataclass
from typing import Any

ROLES = ("owner", "admin", "editor", "viewer", "stranger", "visitor")


@dataclass(frozen=True)
class Line:
    """A line's answers are for owner, admin, editor, viewer, stranger (who has a workspace of their own) and visitor (not signed in).

    A relative path is one of the API, where ``scope`` is what a token needs (``any``: every token may, ``person``: none may). A path
    from ``/`` on is a page: the stranger meets it in their own workspace, and visitors are sent to the sign-in.
    """

    method: str
    path: str
    answers: tuple[int, int, int, int, int, int]
    data: dict[str, Any] | None = None
    scope: str = "admin"

    @property
    def page(self) -> bool:
        return self.path.startswith("/")

    @property
    def address(self) -> str:
        return self.path if self.page else f"/api/v1/{self.path}"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

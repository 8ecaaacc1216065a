"""Who gets what answer: one line for each endpoint and method. ``{workspace}`` is the workspace that alice owns.

A line's answers are for owner, admin, editor, viewer, stranger (who has a workspace of their own) and visitor (not signed in).
"""

from dataclasses import dataclass
from typing import Any

ROLES = ("owner", "admin", "editor", "viewer", "stranger", "visitor")


@dataclass(frozen=True)
class Line:
    method: str
    path: str
    answers: tuple[int, int, int, int, int, int]
    data: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


TABLE = [
    Line("GET", "users/me/", (200, 200, 200, 200, 200, 401)),
    Line("PATCH", "users/me/", (200, 200, 200, 200, 200, 401), {"bio": "Hello"}),
    Line("PUT", "users/me/", (400, 400, 400, 400, 400, 401), {"bio": "Hello"}),
    Line("GET", "workspaces/", (200, 200, 200, 200, 200, 401)),
    Line("POST", "workspaces/", (201, 201, 201, 201, 201, 401), {"name": "Another"}),
    Line("GET", "workspaces/{workspace}/", (200, 200, 200, 200, 404, 401)),
    Line("PATCH", "workspaces/{workspace}/", (200, 200, 403, 403, 404, 401), {"name": "Renamed"}),
]

"""Who gets what answer: one line for each endpoint and method. ``{workspace}`` is the workspace that alice owns.

A line's answers are for owner, admin, editor, viewer, stranger (who has a workspace of their own) and visitor (not signed in).
"""

from dataclasses import dataclass
from typing import Any

from tests.walk import NOBODYS_ID

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
    Line("GET", "notifications/", (200, 200, 200, 200, 404, 401)),
    Line("POST", "notifications/read-all/", (200, 200, 200, 200, 404, 401)),
    Line("GET", "notifications/preferences/", (200, 200, 200, 200, 404, 401)),
    Line("PATCH", "notifications/preferences/", (400, 400, 400, 400, 404, 401)),
    Line("GET", "notifications/{notification}/", (200, 404, 404, 404, 404, 401)),  # alice's own
    Line("PATCH", "notifications/{notification}/", (200, 404, 404, 404, 404, 401), {"read": True}),
    Line("GET", "inbox/", (200, 200, 200, 200, 404, 401)),
    Line("POST", "inbox/dismiss/", (404, 404, 404, 404, 404, 401), {"kind": "approval", "id": NOBODYS_ID}),
    Line("GET", "files/", (200, 200, 200, 200, 404, 401)),
    Line("POST", "files/", (415, 415, 415, 415, 404, 401)),  # JSON; tests/community/test_files_api.py sends forms
    Line("POST", "files/upload/", (415, 415, 415, 415, 404, 401)),
    Line("GET", "files/{file}/", (200, 200, 200, 200, 404, 401)),
    Line("GET", "files/{file}/content/", (403, 403, 403, 403, 404, 401)),  # without a signature
    Line("DELETE", "files/{file}/", (204, 204, 204, 403, 404, 401)),
    Line("GET", "agents/", (200, 200, 200, 200, 404, 401)),
    Line("POST", "agents/", (201, 201, 201, 403, 404, 401), {"name": "Porter"}),
    Line("GET", "agents/{agent}/", (200, 200, 200, 200, 404, 401)),
    Line("PATCH", "agents/{agent}/", (200, 200, 200, 403, 404, 401), {"name": "Porter"}),
    Line("PUT", "agents/{agent}/", (200, 200, 200, 403, 404, 401), {"name": "Porter"}),
    Line("DELETE", "agents/{agent}/", (204, 204, 204, 403, 404, 401)),
    Line("GET", "providers/", (200, 200, 200, 200, 404, 401)),
    Line("POST", "providers/", (201, 201, 403, 403, 404, 401), {"type": "openai", "name": "OpenAI"}),
    Line("GET", "providers/{provider}/", (200, 200, 200, 200, 404, 401)),
    Line("PATCH", "providers/{provider}/", (200, 200, 403, 403, 404, 401), {"name": "Other"}),
    Line("DELETE", "providers/{provider}/", (204, 204, 403, 403, 404, 401)),
    Line("GET", "conversations/", (200, 200, 200, 200, 404, 401)),
    # A conversation is its person's, here the owner's; no role opens another's.
    Line("GET", "conversations/{conversation}/", (200, 404, 404, 404, 404, 401)),
    Line("GET", "conversations/{conversation}/messages/", (200, 404, 404, 404, 404, 401)),
    Line("PATCH", "conversations/{conversation}/", (200, 404, 404, 404, 404, 401), {"title": "New"}),
    Line("DELETE", "conversations/{conversation}/", (204, 404, 404, 404, 404, 401)),
    Line("GET", "runs/", (200, 200, 200, 200, 404, 401)),
    Line("GET", "runs/{run}/", (200, 200, 200, 200, 404, 401)),
    Line("GET", "credits/balance/", (200, 200, 200, 200, 404, 401)),
    Line("GET", "credits/history/", (200, 403, 403, 403, 404, 401)),
    Line(
        "POST",
        "credits/quote/",
        (404, 404, 404, 404, 404, 401),
        {"workflow_id": "01900000-0000-7000-8000-00000000dead"},
    ),
    Line("POST", "runs/{run}/cancel/", (409, 409, 409, 409, 404, 401)),
]

# Plain async views read on other threads, so their rows must be committed. The run has ended: nothing is left to stream.
COMMITTED = [
    Line("POST", "agents/{agent}/run/", (422, 422, 422, 422, 404, 401), {"message": "Hello"}),
    Line("GET", "runs/{run}/events/", (204, 204, 204, 204, 404, 401)),
]

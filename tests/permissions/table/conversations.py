"""Conversations and the playground."""

from tests.permissions.table.line import Line

TABLE = [
    Line("GET", "conversations/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    Line("POST", "conversations/", (201, 201, 201, 201, 404, 401), {"agent_id": "{agent}"}, scope="runs:run"),
    Line("GET", "conversations/{conversation}/", (200, 404, 404, 404, 404, 401), scope="runs:read"),
    Line("GET", "conversations/{conversation}/messages/", (200, 404, 404, 404, 404, 401), scope="runs:read"),
    Line("PATCH", "conversations/{conversation}/", (200, 404, 404, 404, 404, 401), {"title": "New"}, scope="runs:run"),
    Line(
        "PUT",
        "conversations/{conversation}/",
        (200, 404, 404, 404, 404, 401),
        {"title": "New", "pinned": True},
        scope="runs:run",
    ),
    Line("DELETE", "conversations/{conversation}/", (204, 404, 404, 404, 404, 401), scope="runs:run"),
    Line("GET", "conversations/{conversation}/export/", (200, 404, 404, 404, 404, 401), scope="runs:read"),
    Line("GET", "conversations/{shared}/share/", (200, 200, 404, 404, 404, 401), scope="runs:read"),
    # It is empty, so there is nothing to share.
    Line("POST", "conversations/{conversation}/share/", (409, 404, 404, 404, 404, 401), scope="runs:run"),
    Line("DELETE", "conversations/{shared}/share/", (204, 204, 404, 404, 404, 401), scope="runs:run"),
    Line(
        "PUT",
        "conversations/{conversation}/messages/{answer}/feedback/",
        (200, 404, 404, 404, 404, 401),
        {"rating": "up"},
        scope="runs:run",
    ),
    Line(
        "DELETE",
        "conversations/{conversation}/messages/{answer}/feedback/",
        (204, 404, 404, 404, 404, 401),
        scope="runs:run",
    ),
    Line("GET", "agents/{agent}/feedback/", (200, 200, 200, 403, 404, 401), scope="runs:read"),
]

SOCKETS = [
    Line("WS", "playground/{agent}/", (101, 101, 101, 101, 4404, 4401), scope="runs:run"),
]

PAGES = [
    Line("GET", "/agents/{agent}/chat/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/compare/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/chat/{conversation}/", (200, 404, 404, 404, 404, 302)),
    Line("GET", "/conversations/{conversation}/change/", (200, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/change/", (302, 404, 404, 404, 404, 302), {"title": "New"}),
    Line("GET", "/conversations/{conversation}/delete/", (200, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/delete/", (302, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/branch/", (400, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/fork/", (400, 404, 404, 404, 404, 302)),
    Line("GET", "/conversations/{conversation}/share/", (200, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/share/", (409, 404, 404, 404, 404, 302)),
    Line("GET", "/conversations/{conversation}/export/", (200, 404, 404, 404, 404, 302)),
]

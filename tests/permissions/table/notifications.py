"""Notifications, the inbox and the live socket."""

from tests.permissions.table.line import Line
from tests.walk import NOBODYS_ID

TABLE = [
    Line("GET", "notifications/", (200, 200, 200, 200, 404, 401), scope="person"),
    Line("POST", "notifications/read-all/", (200, 200, 200, 200, 404, 401), scope="person"),
    Line("GET", "notifications/preferences/", (200, 200, 200, 200, 404, 401), scope="person"),
    Line("PATCH", "notifications/preferences/", (400, 400, 400, 400, 404, 401), scope="person"),
    # Alice's own.
    Line("GET", "notifications/{notification}/", (200, 404, 404, 404, 404, 401), scope="person"),
    Line("PATCH", "notifications/{notification}/", (200, 404, 404, 404, 404, 401), {"read": True}, scope="person"),
    Line("GET", "inbox/", (200, 200, 200, 200, 404, 401), scope="person"),
    Line(
        "POST",
        "inbox/dismiss/",
        (404, 404, 404, 404, 404, 401),
        {"kind": "approval", "id": NOBODYS_ID},
        scope="person",
    ),
]

SOCKETS = [
    Line("WS", "live/", (101, 101, 101, 101, 101, 4401), scope="person"),
]

PAGES = [
    Line("GET", "/inbox/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/inbox/invitations/{waiting}/accept/", (404, 404, 404, 404, 302, 302)),
    Line("POST", "/inbox/invitations/{waiting}/decline/", (404, 404, 404, 404, 302, 302)),
    Line("POST", "/inbox/dismiss/", (404, 404, 404, 404, 404, 302)),
    Line("GET", "/notifications/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/notifications/{notification}/", (302, 404, 404, 404, 404, 302), {"do": "read"}),
    Line("POST", "/notifications/{notification}/open/", (302, 404, 404, 404, 404, 302)),
    Line("GET", "/notifications/preferences/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/notifications/preferences/", (302, 302, 302, 302, 302, 302)),
    Line("POST", "/notifications/read-all/", (302, 302, 302, 302, 302, 302)),
]

"""Credits."""

from tests.permissions.table.line import Line
from tests.walk import NOBODYS_ID

TABLE = [
    Line("GET", "credits/balance/", (200, 200, 200, 200, 404, 401), scope="billing:read"),
    Line("GET", "credits/history/", (200, 403, 403, 403, 404, 401), scope="billing:read"),
    Line("POST", "credits/quote/", (404, 404, 404, 404, 404, 401), {"workflow_id": NOBODYS_ID}, scope="billing:read"),
]

PAGES = [
    Line("GET", "/billing/", (200, 403, 403, 403, 200, 302)),
    Line("GET", "/billing/balance/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/billing/entries.csv", (200, 403, 403, 403, 200, 302)),
    Line("POST", "/billing/notice/", (302, 403, 403, 403, 302, 302), {"threshold": "1"}),
]

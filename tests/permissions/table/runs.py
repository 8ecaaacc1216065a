"""Runs and traces."""

from tests.permissions.table.line import Line

TABLE = [
    Line("GET", "agents/{agent}/traces/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    Line("GET", "agents/{agent}/stats/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    Line("GET", "runs/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    Line("GET", "runs/{run}/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    Line("GET", "runs/{run}/trace/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    # It was never answered.
    Line("GET", "runs/{run}/answer/", (404, 404, 404, 404, 404, 401), scope="runs:read"),
    Line("GET", "traces/{trace}/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    Line("POST", "runs/{run}/cancel/", (409, 409, 409, 409, 404, 401), scope="runs:run"),
    Line(
        "POST",
        "runs/{waiting_run}/decisions/",
        (200, 200, 200, 403, 404, 401),
        {"call_id": "c0", "decision": "reject"},
        scope="runs:decide",
    ),
]

# The run has ended: nothing is left to stream.
COMMITTED = [
    Line("POST", "agents/{agent}/run/", (422, 422, 422, 422, 404, 401), {"message": "Hello"}, scope="runs:run"),
    Line("GET", "runs/{run}/events/", (204, 204, 204, 204, 404, 401), scope="runs:read"),
]

PAGES = [
    Line("GET", "/runs/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/runs/{run}/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/activity/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/runs/{run}/trace/", (200, 200, 200, 200, 404, 302)),
    # Its answer is text.
    Line("GET", "/runs/{run}/answer/", (204, 204, 204, 204, 404, 302)),
    Line("POST", "/runs/{run}/cancel/", (409, 409, 409, 409, 404, 302)),
    Line("GET", "/runs/{waiting_run}/decisions/{call}/", (302, 302, 302, 302, 404, 302)),
    Line("POST", "/runs/{waiting_run}/decisions/{call}/", (302, 302, 302, 403, 404, 302), {"decision": "reject"}),
]

"""Agents and their versions."""

from tests.permissions.table.line import Line

TABLE = [
    Line("GET", "agents/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "agents/", (201, 201, 201, 403, 404, 401), {"name": "Porter"}, scope="agents:write"),
    Line("GET", "agents/output-types/available/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/output-types/{type_name}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/{agent}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PATCH", "agents/{agent}/", (200, 200, 200, 403, 404, 401), {"name": "Porter"}, scope="agents:write"),
    Line("PUT", "agents/{agent}/", (200, 200, 200, 403, 404, 401), {"name": "Porter"}, scope="agents:write"),
    Line("DELETE", "agents/{agent}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
    Line("POST", "agents/bulk/", (200, 200, 200, 403, 404, 401), {"ids": ["{agent}"]}, scope="agents:write"),
    Line("POST", "agents/import/", (400, 400, 400, 403, 404, 401), {"document": {}}, scope="agents:write"),
    Line("GET", "agents/templates/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "agents/{agent}/clone/", (422, 422, 422, 403, 404, 401), scope="agents:write"),
    Line("GET", "agents/{agent}/export/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/{agent}/preview/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/{agent}/suggestions/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "agents/{agent}/model/", (422, 422, 422, 403, 404, 401), {"model": "nobody/x"}, scope="agents:write"),
    # Its model is nobody's.
    Line("POST", "agents/{agent}/publish/", (422, 422, 422, 403, 404, 401), scope="agents:write"),
    Line("GET", "agents/{agent}/versions/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/{agent}/versions/{version}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "agents/{agent}/versions/{version}/restore/", (200, 200, 200, 403, 404, 401), scope="agents:write"),
    Line(
        "GET", "agents/{agent}/versions/{version}/diff/{version}/", (200, 200, 200, 200, 404, 401), scope="agents:read"
    ),
]

PAGES = [
    Line("GET", "/agents/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/agents/new/", (200, 200, 200, 403, 200, 302)),
    Line("POST", "/agents/new/", (302, 302, 302, 403, 302, 302), {"from": "blank"}),
    Line(
        "POST",
        "/agents/bulk/",
        (302, 302, 302, 403, 302, 302),
        {"ids": ["{agent}"], "action": "archive", "confirmed": "1"},
    ),
    Line("GET", "/agents/{agent}/", (200, 200, 200, 200, 404, 302)),
    Line("POST", "/agents/{agent}/save/", (302, 302, 302, 403, 404, 302), {"name": "Porter"}),
    Line("GET", "/agents/import/", (200, 200, 200, 403, 200, 302)),
    Line("POST", "/agents/import/", (422, 422, 422, 403, 422, 302), {"document": "{{}}"}),
    Line("POST", "/agents/{agent}/clone/", (302, 302, 302, 403, 404, 302)),
    Line("GET", "/agents/{agent}/sent/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/map/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/templates/", (200, 200, 200, 403, 404, 302)),
    Line("POST", "/agents/{agent}/templates/", (302, 302, 302, 403, 404, 302), {"template": "role"}),
    Line("GET", "/agents/{agent}/publish/", (200, 200, 200, 403, 404, 302)),
    # Its model is nobody's.
    Line("POST", "/agents/{agent}/publish/", (422, 422, 422, 403, 404, 302)),
    Line("GET", "/agents/{agent}/versions/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/versions/{version}/", (200, 200, 200, 200, 404, 302)),
    Line("POST", "/agents/{agent}/versions/{version}/restore/", (302, 302, 302, 403, 404, 302)),
]

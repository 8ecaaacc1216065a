"""The workspace's library of tools, integrations, credentials."""

from tests.permissions.table.line import Line

LLM_TOOL = {"name": "think", "type": "llm", "params": {"prompt": "Think."}}
INTEGRATION = {"name": "Shop", "url": "https://api.example.com", "auth": {"type": "bearer"}}

TABLE = [
    Line("GET", "integrations/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "integrations/", (201, 201, 201, 403, 404, 401), INTEGRATION, scope="agents:write"),
    Line("GET", "integrations/{integration}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PATCH", "integrations/{integration}/", (200, 200, 200, 403, 404, 401), {"name": "New"}, scope="agents:write"),
    Line("DELETE", "integrations/{integration}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
    Line("GET", "tools/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "tools/", (201, 201, 201, 403, 404, 401), LLM_TOOL, scope="agents:write"),
    Line("POST", "tools/look/", (400, 400, 400, 403, 404, 401), {"type": "llm", "params": {}}, scope="agents:write"),
    Line("POST", "tools/{tool}/sync/", (400, 400, 400, 403, 404, 401), scope="agents:write"),
    Line("GET", "tools/{tool}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PUT", "tools/{tool}/", (200, 200, 200, 403, 404, 401), LLM_TOOL, scope="agents:write"),
    Line("PATCH", "tools/{tool}/", (200, 200, 200, 403, 404, 401), {"enabled": False}, scope="agents:write"),
    Line("DELETE", "tools/{tool}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
    Line("GET", "credentials/{credential}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "credentials/{credential}/disconnect/", (200, 200, 200, 403, 404, 401), scope="agents:write"),
]

COMMITTED = [
    # What it is to say is missing.
    Line("POST", "tools/{tool}/test/", (400, 400, 400, 403, 404, 401), {"arguments": {}}, scope="runs:run"),
]

PAGES = [
    Line("GET", "/tools/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/tools/condition/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/tools/new/", (200, 200, 200, 403, 200, 302)),
    # No type was chosen.
    Line("POST", "/tools/new/", (200, 200, 200, 403, 200, 302)),
    Line("GET", "/tools/integrations/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/tools/integrations/new/", (200, 200, 200, 403, 200, 302)),
    # Nothing was entered.
    Line("POST", "/tools/integrations/new/", (422, 422, 422, 403, 422, 302)),
    Line("GET", "/tools/integrations/{integration}/", (200, 200, 200, 200, 404, 302)),
    Line("POST", "/tools/integrations/{integration}/", (422, 422, 422, 403, 404, 302)),
    Line("POST", "/tools/integrations/{integration}/delete/", (302, 302, 302, 403, 404, 302)),
    Line("GET", "/tools/{tool}/", (200, 200, 200, 200, 404, 302)),
    Line(
        "POST",
        "/tools/{tool}/",
        (302, 302, 302, 403, 404, 302),
        {"name": "think", "params.prompt": "Think."},
    ),
    # A model's tool has nothing elsewhere to look at: it says so.
    Line("GET", "/tools/{tool}/sync/", (302, 302, 302, 403, 404, 302)),
    Line("POST", "/tools/{tool}/sync/", (302, 302, 302, 403, 404, 302)),
    # A model's tool has nothing elsewhere to look at: it says so.
    Line("GET", "/agents/{agent}/tools/{agent_tool}/sync/", (302, 302, 302, 403, 404, 302)),
    Line("POST", "/agents/{agent}/tools/{agent_tool}/sync/", (302, 302, 302, 403, 404, 302)),
    Line("GET", "/agents/{agent}/tools/{agent_tool}/functions/", (302, 302, 302, 403, 404, 302)),
    Line("POST", "/agents/{agent}/tools/{agent_tool}/functions/", (302, 302, 302, 403, 404, 302)),
    Line("GET", "/tools/{tool}/functions/", (302, 302, 302, 403, 404, 302)),
    Line("POST", "/tools/{tool}/functions/", (302, 302, 302, 403, 404, 302)),
    Line("POST", "/tools/{tool}/delete/", (302, 302, 302, 403, 404, 302)),
    # What it is to say is missing.
    Line("POST", "/tools/{tool}/test/", (200, 200, 200, 403, 404, 302)),
    Line("GET", "/credentials/{credential}/connect/", (302, 302, 302, 403, 404, 302)),
    Line("GET", "/credentials/connected/", (302, 302, 302, 302, 302, 302)),
]

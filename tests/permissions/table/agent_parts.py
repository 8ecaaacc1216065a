"""What an agent is made of: tools, guardrails, handoffs, contexts, files."""

from tests.permissions.table.line import Line
from tests.permissions.table.tools import LLM_TOOL

GUARDRAIL = {"name": "Length", "type": "input", "implementation": "length", "config": {"max_words": 9}}

TABLE = [
    Line("GET", "agents/{agent}/handoffs/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "POST",
        "agents/{agent}/handoffs/",
        (201, 201, 201, 403, 404, 401),
        {"target_agent_id": "{agent}"},
        scope="agents:write",
    ),
    Line("GET", "agents/{agent}/handoffs/map/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/{agent}/handoffs/{handoff}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "PUT",
        "agents/{agent}/handoffs/{handoff}/",
        (200, 200, 200, 403, 404, 401),
        {"target_agent_id": "{agent}"},
        scope="agents:write",
    ),
    Line(
        "PATCH",
        "agents/{agent}/handoffs/{handoff}/",
        (200, 200, 200, 403, 404, 401),
        {"tool_name": "x"},
        scope="agents:write",
    ),
    Line("DELETE", "agents/{agent}/handoffs/{handoff}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
    Line("GET", "agents/guardrails/available/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/{agent}/guardrails/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "agents/{agent}/guardrails/", (201, 201, 201, 403, 404, 401), GUARDRAIL, scope="agents:write"),
    Line(
        "POST", "agents/{agent}/guardrails/test/", (200, 200, 200, 403, 404, 401), {"text": "x"}, scope="agents:write"
    ),
    Line("GET", "agents/{agent}/guardrails/{guardrail}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "PUT", "agents/{agent}/guardrails/{guardrail}/", (200, 200, 200, 403, 404, 401), GUARDRAIL, scope="agents:write"
    ),
    Line(
        "PATCH",
        "agents/{agent}/guardrails/{guardrail}/",
        (200, 200, 200, 403, 404, 401),
        {"enabled": False},
        scope="agents:write",
    ),
    Line("DELETE", "agents/{agent}/guardrails/{guardrail}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
    Line("GET", "agents/tools/available/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/{agent}/tools/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "agents/{agent}/tools/", (201, 201, 201, 403, 404, 401), LLM_TOOL, scope="agents:write"),
    Line("GET", "agents/{agent}/tools/{agent_tool}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PUT", "agents/{agent}/tools/{agent_tool}/", (200, 200, 200, 403, 404, 401), LLM_TOOL, scope="agents:write"),
    Line(
        "PATCH",
        "agents/{agent}/tools/{agent_tool}/",
        (200, 200, 200, 403, 404, 401),
        {"enabled": False},
        scope="agents:write",
    ),
    Line("DELETE", "agents/{agent}/tools/{agent_tool}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
    Line("POST", "agents/{agent}/tools/{agent_tool}/sync/", (400, 400, 400, 403, 404, 401), scope="agents:write"),
    Line("GET", "agents/{agent}/contexts/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "agents/{agent}/contexts/", (201, 201, 201, 403, 404, 401), {"name": "US"}, scope="agents:write"),
    Line("GET", "agents/{agent}/contexts/{context}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "PUT",
        "agents/{agent}/contexts/{context}/",
        (200, 200, 200, 403, 404, 401),
        {"name": "EU"},
        scope="agents:write",
    ),
    Line(
        "PATCH",
        "agents/{agent}/contexts/{context}/",
        (200, 200, 200, 403, 404, 401),
        {"name": "EU"},
        scope="agents:write",
    ),
    Line("DELETE", "agents/{agent}/contexts/{context}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
    # Without a context there is no default one.
    Line("GET", "agents/{agent}/context/", (404, 404, 404, 404, 404, 401), scope="agents:read"),
    Line("PUT", "agents/{agent}/context/", (200, 200, 200, 403, 404, 401), {"content": {}}, scope="agents:write"),
    Line("GET", "agents/{agent}/files/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "POST", "agents/{agent}/files/", (404, 404, 404, 403, 404, 401), {"file_id": "{nobody}"}, scope="agents:write"
    ),
    Line("GET", "agents/{agent}/files/{agent_file}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "PUT",
        "agents/{agent}/files/{agent_file}/",
        (404, 404, 404, 403, 404, 401),
        {"file_id": "{nobody}"},
        scope="agents:write",
    ),
    Line(
        "PATCH",
        "agents/{agent}/files/{agent_file}/",
        (200, 200, 200, 403, 404, 401),
        {"description": "x"},
        scope="agents:write",
    ),
    Line("DELETE", "agents/{agent}/files/{agent_file}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
]

PAGES = [
    Line("GET", "/agents/{agent}/files/", (302, 302, 302, 302, 404, 302)),
    # No file was chosen.
    Line("POST", "/agents/{agent}/files/", (422, 422, 422, 403, 404, 302)),
    Line("POST", "/agents/{agent}/files/{agent_file}/describe/", (302, 302, 302, 403, 404, 302), {"about": "x"}),
    Line("POST", "/agents/{agent}/files/{agent_file}/remove/", (302, 302, 302, 403, 404, 302)),
    Line("GET", "/agents/{agent}/guardrails/kinds/", (200, 200, 200, 403, 404, 302)),
    Line("GET", "/agents/{agent}/guardrails/try/", (200, 200, 200, 403, 404, 302)),
    Line("POST", "/agents/{agent}/guardrails/try/", (200, 200, 200, 403, 404, 302), {"text": "x"}),
    Line("POST", "/agents/{agent}/guardrails/{guardrail}/move/", (302, 302, 302, 403, 404, 302), {"direction": "up"}),
    Line("GET", "/agents/{agent}/parts/{parts}/new/", (200, 200, 200, 403, 404, 302)),
    Line(
        "POST", "/agents/{agent}/parts/{parts}/new/", (302, 302, 302, 403, 404, 302), {"name": "US", "content": "{{}}"}
    ),
    Line("GET", "/agents/{agent}/parts/{parts}/{context}/", (200, 200, 200, 403, 404, 302)),
    Line(
        "POST",
        "/agents/{agent}/parts/{parts}/{context}/",
        (302, 302, 302, 403, 404, 302),
        {"name": "EU", "content": "{{}}"},
    ),
    Line("POST", "/agents/{agent}/parts/{parts}/{context}/remove/", (302, 302, 302, 403, 404, 302)),
    Line("GET", "/agents/{agent}/tools/{agent_tool}/try/", (200, 200, 200, 403, 404, 302)),
    Line("POST", "/agents/{agent}/tools/{agent_tool}/try/", (422, 422, 422, 403, 404, 302)),
]

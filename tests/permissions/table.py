"""Who gets what answer: one line for each endpoint or page and method. ``{workspace}`` is the workspace that alice owns.

A line's answers are for owner, admin, editor, viewer, stranger (who has a workspace of their own) and visitor (not signed in).
A relative path is one of the API, where ``scope`` is what a token needs (``any``: every token may, ``person``: none may). A path
from ``/`` on is a page: the stranger meets it in their own workspace, and visitors are sent to the sign-in.
"""

from dataclasses import dataclass
from typing import Any

from tests.walk import NOBODYS_ID

ROLES = ("owner", "admin", "editor", "viewer", "stranger", "visitor")
GUARDRAIL = {"name": "Length", "type": "input", "implementation": "length", "config": {"max_words": 9}}
LLM_TOOL = {"name": "think", "type": "llm", "params": {"prompt": "Think."}}
INTEGRATION = {"name": "Shop", "url": "https://api.example.com", "auth": {"type": "bearer"}}
NO_KEY = "none"  # stands where a key of a provider would


@dataclass(frozen=True)
class Line:
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


TABLE = [
    Line("GET", "users/me/", (200, 200, 200, 200, 200, 401), scope="any"),
    Line("PATCH", "users/me/", (200, 200, 200, 200, 200, 401), {"bio": "Hello"}, scope="person"),
    Line("PUT", "users/me/", (400, 400, 400, 400, 400, 401), {"bio": "Hello"}, scope="person"),
    Line("DELETE", "users/me/", (409, 204, 204, 204, 204, 401), scope="person"),
    Line("GET", "users/me/password/", (200, 200, 200, 200, 200, 401), scope="person"),
    Line("GET", "users/me/connections/", (200, 200, 200, 200, 200, 401), scope="person"),
    # Alice's own, and her only way in.
    Line("DELETE", "users/me/connections/{connection}/", (409, 404, 404, 404, 404, 401), scope="person"),
    Line("POST", "users/me/password/", (400, 400, 400, 400, 400, 401), {"new": "short"}, scope="person"),
    # JSON; tests/community/test_avatars.py sends forms.
    Line("POST", "users/me/avatar/", (415, 415, 415, 415, 415, 401), scope="person"),
    Line("DELETE", "users/me/avatar/", (204, 204, 204, 204, 204, 401), scope="person"),
    Line("GET", "avatars/{nobody}/", (404, 404, 404, 404, 404, 401), scope="any"),
    # The cast has no password and no second factor: nothing to show again.
    Line("POST", "users/me/confirm/", (204, 204, 204, 204, 204, 401), scope="person"),
    Line("GET", "users/me/second-factor/", (200, 200, 200, 200, 200, 401), scope="person"),
    Line("POST", "users/me/second-factor/totp/", (201, 201, 201, 201, 201, 401), scope="person"),
    Line("DELETE", "users/me/second-factor/totp/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line(
        "POST",
        "users/me/second-factor/totp/confirm/",
        (400, 400, 400, 400, 400, 401),
        {"setup_token": "x", "code": "1"},
        scope="person",
    ),
    Line("POST", "users/me/second-factor/recovery-codes/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line("GET", "users/me/email/", (200, 200, 200, 200, 200, 401), scope="person"),
    Line("POST", "users/me/email/", (400, 400, 400, 400, 400, 401), {"email": "none"}, scope="person"),
    Line("DELETE", "users/me/email/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line("POST", "users/me/email/resend/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line("GET", "users/me/sign-ins/", (200, 200, 200, 200, 200, 401), scope="person"),
    Line("DELETE", "users/me/sign-ins/", (204, 204, 204, 204, 204, 401), scope="person"),
    Line("DELETE", "users/me/sign-ins/{nobody}/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line("GET", "users/me/invitations/", (200, 200, 200, 200, 200, 401), scope="person"),
    # The stranger's own; the others have none.
    Line("POST", "users/me/invitations/{waiting}/accept/", (404, 404, 404, 404, 200, 401), scope="person"),
    Line("POST", "users/me/invitations/{waiting}/decline/", (404, 404, 404, 404, 204, 401), scope="person"),
    Line("GET", "workspaces/", (200, 200, 200, 200, 200, 401), scope="any"),
    Line("POST", "workspaces/", (201, 201, 201, 201, 201, 401), {"name": "Another"}, scope="person"),
    Line("GET", "workspaces/{workspace}/", (200, 200, 200, 200, 404, 401), scope="any"),
    Line("PATCH", "workspaces/{workspace}/", (200, 200, 403, 403, 404, 401), {"name": "Renamed"}, scope="admin"),
    Line("PUT", "workspaces/{workspace}/", (200, 200, 403, 403, 404, 401), {"name": "Renamed"}),
    Line("DELETE", "workspaces/{workspace}/?confirm=Alice", (409, 403, 403, 403, 404, 401), scope="person"),
    Line("POST", "workspaces/{workspace}/leave/", (409, 204, 204, 204, 404, 401), scope="person"),
    Line(
        "POST",
        "workspaces/{workspace}/transfer/",
        (409, 403, 403, 403, 404, 401),
        {"to": "{member}", "confirm": "Alice"},
        scope="person",
    ),
    Line("GET", "workspaces/{workspace}/members/", (200, 200, 200, 200, 404, 401)),
    Line("GET", "workspaces/{workspace}/members/{member}/", (200, 200, 200, 200, 404, 401)),
    Line("PATCH", "workspaces/{workspace}/members/{member}/", (200, 200, 403, 403, 404, 401), {"role": "editor"}),
    Line("DELETE", "workspaces/{workspace}/members/{member}/", (204, 204, 403, 403, 404, 401)),
    Line("GET", "workspaces/{workspace}/invitations/", (200, 200, 403, 403, 404, 401)),
    Line("POST", "workspaces/{workspace}/invitations/", (201, 201, 403, 403, 404, 401), {"email": "new@example.com"}),
    Line("GET", "workspaces/{workspace}/invitations/{invitation}/", (200, 200, 403, 403, 404, 401)),
    Line("DELETE", "workspaces/{workspace}/invitations/{invitation}/", (204, 204, 403, 403, 404, 401)),
    Line("POST", "workspaces/{workspace}/invitations/{invitation}/resend/", (200, 200, 403, 403, 404, 401)),
    Line("POST", "invitations/accept/", (404, 404, 404, 404, 404, 401), {"token": "nobody's"}, scope="person"),
    Line("GET", "tokens/", (200, 200, 403, 403, 404, 401)),
    Line("POST", "tokens/", (201, 201, 403, 403, 404, 401), {"name": "x", "scopes": ["runs:read"]}, scope="person"),
    Line("GET", "tokens/{token}/", (200, 200, 403, 403, 404, 401)),
    Line("DELETE", "tokens/{token}/", (204, 204, 403, 403, 404, 401), scope="person"),
    Line("GET", "audit/", (200, 200, 403, 403, 404, 401)),
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
    Line("GET", "files/", (200, 200, 200, 200, 404, 401), scope="files:read"),
    # JSON; tests/community/test_files_api.py sends forms.
    Line("POST", "files/", (415, 415, 415, 415, 404, 401), scope="files:write"),
    Line("POST", "files/upload/", (415, 415, 415, 415, 404, 401), scope="files:write"),
    Line("GET", "files/{file}/", (200, 200, 200, 200, 404, 401), scope="files:read"),
    # Without a signature.
    Line("GET", "files/{file}/content/", (403, 403, 403, 403, 404, 401), scope="files:read"),
    Line("DELETE", "files/{file}/", (204, 204, 204, 403, 404, 401), scope="files:write"),
    Line("GET", "credits/balance/", (200, 200, 200, 200, 404, 401), scope="billing:read"),
    Line("GET", "credits/history/", (200, 403, 403, 403, 404, 401), scope="billing:read"),
    Line("POST", "credits/quote/", (404, 404, 404, 404, 404, 401), {"workflow_id": NOBODYS_ID}, scope="billing:read"),
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
    Line("GET", "agents/{agent}/handoffs/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "POST",
        "agents/{agent}/handoffs/",
        (201, 201, 201, 403, 404, 401),
        {"target_agent_id": "{agent}"},
        scope="agents:write",
    ),
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
    Line("GET", "integrations/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "integrations/", (201, 201, 201, 403, 404, 401), INTEGRATION, scope="agents:write"),
    Line("GET", "integrations/{integration}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PATCH", "integrations/{integration}/", (200, 200, 200, 403, 404, 401), {"name": "New"}, scope="agents:write"),
    Line("DELETE", "integrations/{integration}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
    Line("GET", "tools/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "tools/", (201, 201, 201, 403, 404, 401), LLM_TOOL, scope="agents:write"),
    Line("POST", "tools/look/", (400, 400, 400, 403, 404, 401), {"type": "llm", "params": {}}, scope="agents:write"),
    Line("POST", "tools/{tool}/sync/", (400, 400, 400, 403, 404, 401), scope="agents:write"),
    Line("POST", "agents/{agent}/tools/{agent_tool}/sync/", (400, 400, 400, 403, 404, 401), scope="agents:write"),
    Line("GET", "tools/{tool}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PUT", "tools/{tool}/", (200, 200, 200, 403, 404, 401), LLM_TOOL, scope="agents:write"),
    Line("PATCH", "tools/{tool}/", (200, 200, 200, 403, 404, 401), {"enabled": False}, scope="agents:write"),
    Line("DELETE", "tools/{tool}/", (204, 204, 204, 403, 404, 401), scope="agents:write"),
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
    # Its model is nobody's.
    Line("POST", "agents/{agent}/publish/", (422, 422, 422, 403, 404, 401), scope="agents:write"),
    Line("GET", "agents/{agent}/versions/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "agents/{agent}/versions/{version}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "agents/{agent}/versions/{version}/restore/", (200, 200, 200, 403, 404, 401), scope="agents:write"),
    Line(
        "GET", "agents/{agent}/versions/{version}/diff/{version}/", (200, 200, 200, 200, 404, 401), scope="agents:read"
    ),
    Line("GET", "agents/{agent}/traces/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    Line("GET", "agents/{agent}/stats/", (200, 200, 200, 200, 404, 401), scope="runs:read"),
    Line("GET", "providers/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "providers/", (201, 201, 403, 403, 404, 401), {"type": "openai", "name": "OpenAI"}, scope="admin"),
    Line("GET", "providers/{provider}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PATCH", "providers/{provider}/", (200, 200, 403, 403, 404, 401), {"name": "Other"}, scope="admin"),
    Line(
        "PUT",
        "providers/{provider}/",
        (200, 200, 403, 403, 404, 401),
        {"type": "openai", "name": "Other", "base_url": "http://127.0.0.1:9/v1"},
        scope="admin",
    ),
    Line("DELETE", "providers/{provider}/", (204, 204, 403, 403, 404, 401), scope="admin"),
    Line("GET", "models/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "POST", "models/", (201, 201, 403, 403, 404, 401), {"provider_id": "{provider}", "model": "new"}, scope="admin"
    ),
    Line("GET", "models/{model}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PATCH", "models/{model}/", (200, 200, 403, 403, 404, 401), {"max_output": 9}, scope="admin"),
    Line("PUT", "models/{model}/", (200, 200, 403, 403, 404, 401), {"max_output": 9}, scope="admin"),
    Line("DELETE", "models/{model}/", (204, 204, 403, 403, 404, 401), scope="admin"),
    # Its provider is a port nobody listens on: that is what the test says.
    Line("POST", "models/{model}/test/", (200, 200, 403, 403, 404, 401), scope="admin"),
    Line("GET", "models/providers/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "models/providers/{slug}/models/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "models/providers/{slug}/capabilities/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "models/providers/{slug}/stats/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "users/api-keys/", (200, 200, 200, 200, 404, 401)),
    Line(
        "POST",
        "users/api-keys/",
        (201, 201, 403, 403, 404, 401),
        {"provider": "openai", "api_key": NO_KEY, "scope": "workspace", "skip_test": True},
    ),
    Line("GET", "users/api-keys/{key}/", (200, 200, 200, 200, 404, 401)),
    Line("PATCH", "users/api-keys/{key}/", (200, 200, 403, 403, 404, 401), {"name": "New"}),
    Line("DELETE", "users/api-keys/{key}/", (204, 204, 403, 403, 404, 401)),
    Line("GET", "credentials/{credential}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "credentials/{credential}/disconnect/", (200, 200, 200, 403, 404, 401), scope="agents:write"),
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

# Plain async views read on other threads, so their rows must be committed. The run has ended: nothing is left to stream.
COMMITTED = [
    # What it is to say is missing.
    Line("POST", "tools/{tool}/test/", (400, 400, 400, 403, 404, 401), {"arguments": {}}, scope="runs:run"),
    Line("POST", "agents/{agent}/run/", (422, 422, 422, 422, 404, 401), {"message": "Hello"}, scope="runs:run"),
    Line("GET", "runs/{run}/events/", (204, 204, 204, 204, 404, 401), scope="runs:read"),
]

SOCKETS = [
    Line("WS", "playground/{agent}/", (101, 101, 101, 101, 4404, 4401), scope="runs:run"),
    Line("WS", "live/", (101, 101, 101, 101, 101, 4401), scope="person"),
]

PAGES = [
    Line("GET", "/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/workspaces/{workspace}/switch/", (302, 302, 302, 302, 404, 302)),
    Line("GET", "/workspaces/new/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/workspaces/new/", (302, 302, 302, 302, 302, 302), {"name": "Another"}),
    Line("GET", "/workspace/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/workspace/", (302, 302, 403, 403, 302, 302), {"name": "Renamed", "email": "bills@example.com"}),
    Line("POST", "/workspace/leave/", (409, 302, 302, 302, 409, 302)),
    Line("POST", "/workspace/transfer/", (422, 403, 403, 403, 422, 302), {"to": "{member}", "confirm": "Alice"}),
    Line("POST", "/workspace/delete/", (422, 403, 403, 403, 422, 302), {"confirm": "Alice"}),
    Line("GET", "/workspace/members/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/workspace/members/{member}/role/", (302, 302, 403, 403, 404, 302), {"role": "editor"}),
    Line("POST", "/workspace/members/{member}/remove/", (302, 302, 403, 403, 404, 302)),
    Line(
        "POST",
        "/workspace/invitations/",
        (302, 302, 403, 403, 422, 302),
        {"email": "new@example.com", "role": "viewer"},
    ),
    Line("POST", "/workspace/invitations/{invitation}/resend/", (302, 302, 403, 403, 404, 302)),
    Line("POST", "/workspace/invitations/{invitation}/revoke/", (302, 302, 403, 403, 404, 302)),
    Line("GET", "/workspace/tokens/", (200, 200, 403, 403, 200, 302)),
    Line("POST", "/workspace/tokens/", (200, 200, 403, 403, 200, 302), {"name": "x", "scopes": ["runs:read"]}),
    Line("POST", "/workspace/tokens/{token}/revoke/", (302, 302, 403, 403, 404, 302)),
    Line("GET", "/workspace/audit/", (200, 200, 403, 403, 200, 302)),
    Line("GET", "/styleguide/", (200, 200, 200, 200, 200, 302)),
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
    Line("GET", "/tools/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/tools/condition/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/agents/{agent}/tools/{agent_tool}/try/", (200, 200, 200, 403, 404, 302)),
    Line("POST", "/agents/{agent}/tools/{agent_tool}/try/", (422, 422, 422, 403, 404, 302)),
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
    Line("GET", "/tools/{tool}/functions/", (302, 302, 302, 403, 404, 302)),
    Line("POST", "/tools/{tool}/functions/", (302, 302, 302, 403, 404, 302)),
    Line("POST", "/tools/{tool}/delete/", (302, 302, 302, 403, 404, 302)),
    # What it is to say is missing.
    Line("POST", "/tools/{tool}/test/", (200, 200, 200, 403, 404, 302)),
    Line("GET", "/agents/{agent}/chat/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/compare/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/chat/{conversation}/", (200, 404, 404, 404, 404, 302)),
    Line("GET", "/files/{file}/", (302, 302, 302, 302, 404, 302)),
    Line("GET", "/runs/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/runs/{run}/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/agents/{agent}/activity/", (200, 200, 200, 200, 404, 302)),
    Line("GET", "/runs/{run}/trace/", (200, 200, 200, 200, 404, 302)),
    # Its answer is text.
    Line("GET", "/runs/{run}/answer/", (204, 204, 204, 204, 404, 302)),
    Line("POST", "/runs/{run}/cancel/", (409, 409, 409, 409, 404, 302)),
    Line("GET", "/runs/{waiting_run}/decisions/{call}/", (302, 302, 302, 302, 404, 302)),
    Line("POST", "/runs/{waiting_run}/decisions/{call}/", (302, 302, 302, 403, 404, 302), {"decision": "reject"}),
    Line("GET", "/models/", (200, 200, 200, 200, 200, 302)),
    Line(
        "POST",
        "/models/",
        (302, 302, 403, 403, 422, 302),
        {"provider_id": "{provider}", "model": "new"},
    ),
    Line("GET", "/models/catalogue/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/models/{model}/", (200, 200, 200, 200, 404, 302)),
    Line("POST", "/models/{model}/test/", (302, 302, 403, 403, 404, 302)),
    Line("POST", "/models/{model}/delete/", (302, 302, 403, 403, 404, 302)),
    Line("GET", "/models/keys/", (200, 200, 200, 200, 200, 302)),
    Line(
        "POST",
        "/models/keys/",
        (302, 302, 422, 422, 302, 302),
        {
            "provider": "openai",
            "api_key": NO_KEY,
            "scope": "workspace",
            "purpose": "model",
            "skip_test": "on",
        },
    ),
    Line("POST", "/models/keys/{key}/delete/", (302, 302, 403, 403, 404, 302)),
    Line("GET", "/models/providers/", (200, 200, 200, 200, 200, 302)),
    Line(
        "POST",
        "/models/providers/",
        (302, 302, 403, 403, 302, 302),
        {"type": "openai", "name": "OpenAI", "models": "m", "default_model": "m"},
    ),
    Line("GET", "/models/providers/{provider}/", (200, 200, 200, 200, 404, 302)),
    Line("POST", "/models/providers/{provider}/", (422, 422, 403, 403, 404, 302), {"name": "a/b"}),
    Line("POST", "/models/providers/{provider}/test/", (302, 302, 403, 403, 404, 302)),
    Line("POST", "/models/providers/{provider}/delete/", (302, 302, 403, 403, 404, 302)),
    Line("GET", "/models/providers/{provider}/delete/", (200, 200, 403, 403, 404, 302)),
    Line("GET", "/credentials/{credential}/connect/", (302, 302, 302, 403, 404, 302)),
    Line("GET", "/credentials/connected/", (302, 302, 302, 302, 302, 302)),
    Line("GET", "/conversations/{conversation}/change/", (200, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/change/", (302, 404, 404, 404, 404, 302), {"title": "New"}),
    Line("GET", "/conversations/{conversation}/delete/", (200, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/delete/", (302, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/branch/", (400, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/fork/", (400, 404, 404, 404, 404, 302)),
    Line("GET", "/conversations/{conversation}/share/", (200, 404, 404, 404, 404, 302)),
    Line("POST", "/conversations/{conversation}/share/", (409, 404, 404, 404, 404, 302)),
    Line("GET", "/conversations/{conversation}/export/", (200, 404, 404, 404, 404, 302)),
    Line("GET", "/billing/", (200, 403, 403, 403, 200, 302)),
    Line("GET", "/billing/balance/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/billing/entries.csv", (200, 403, 403, 403, 200, 302)),
    Line("POST", "/billing/notice/", (302, 403, 403, 403, 302, 302), {"threshold": "1"}),
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
    Line("GET", "/palette/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/settings/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/settings/", (422, 422, 422, 422, 422, 302), {"name": "Handle is missing"}),
    Line("GET", "/settings/account/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/settings/account/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/settings/avatar/", (400, 400, 400, 400, 400, 302)),
    Line("POST", "/settings/avatar/remove/", (302, 302, 302, 302, 302, 302)),
    Line("GET", "/settings/security/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/settings/security/end/", (302, 302, 302, 302, 302, 302)),
    Line("POST", "/settings/security/end/{nobody}/", (404, 404, 404, 404, 404, 302)),
]

# What no line stands for: addresses that know no role, each with the reason.
WITHOUT_ROLES = {
    "api/": "names the endpoints, the same for everybody",
    "api/<path:rest>": "what is not there",
    "api/schema/": "the description of the API, the same for everybody",
    "api/docs/": "the explorer of that description",
    "api/v1/auth/*": "make and end sign-ins; there is no role before them",
    "accounts/*": "the person's own: tests/community/test_pages_sign_in.py",
    "admin/*": "staff's: tests/permissions/test_admin.py",
    "health/*": "for load balancers",
    "static/<path>": "the front end's files (development only)",
    "language/": "anybody may read in their language: tests/community/test_languages.py",
    "shared/<str:share_link>/": "the link is the credential: tests/agents/test_shares.py",
    "invitations/<str:link>/": "the link is the credential: tests/community/test_invitations.py",
}

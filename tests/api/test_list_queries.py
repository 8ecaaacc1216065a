"""Every list of the API has a test that counts its queries, so that a long list costs what a short one does."""

import re
from typing import Any

import pytest

from config.env import BASE_DIR
from tests.api.operations import _schema

# A list's path, and the file of the test that counts. Relative to /api/v1/ and tests/.
COUNTED = {
    "agents/": "agents/test_agents_api.py",
    "agents/{agent_id}/contexts/": "agents/test_versions_api.py",
    "agents/{agent_id}/feedback/": "agents/test_feedback.py",
    "agents/{agent_id}/files/": "agents/test_agent_files_api.py",
    "agents/{agent_id}/guardrails/": "agents/guardrails/test_api.py",
    "agents/{agent_id}/handoffs/": "agents/test_versions_api.py",
    "agents/{agent_id}/tools/": "agents/test_tools_api.py",
    "agents/{agent_id}/traces/": "agents/test_traces_api.py",
    "agents/{agent_id}/versions/": "agents/test_versions_api.py",
    "audit/": "community/test_api_audit.py",
    "conversations/": "agents/test_conversations_api.py",
    "conversations/{conversation_id}/messages/": "agents/test_conversations_api.py",
    "credits/history/": "billing/test_api.py",
    "files/": "community/test_files_list.py",
    "inbox/": "community/test_invitations_own.py",
    "integrations/": "agents/test_integrations.py",
    "models/": "agents/test_models_api.py",
    "models/providers/{slug}/models/": "agents/test_models_api.py",
    "notifications/": "community/test_notifications.py",
    "providers/": "agents/test_providers_api.py",
    "runs/": "agents/test_runs_list_api.py",
    "tokens/": "community/test_api_tokens.py",
    "tools/": "agents/test_tools_api.py",
    "users/api-keys/": "agents/test_api_keys.py",
    "users/me/connections/": "community/test_other_sites.py",
    "users/me/invitations/": "community/test_invitations_own.py",
    "users/me/sign-ins/": "community/test_sign_ins.py",
    "workspaces/": "community/test_api_workspaces.py",
    "workspaces/{workspace_id}/invitations/": "community/test_invitations.py",
    "workspaces/{workspace_id}/members/": "community/test_members.py",
}

# What these list stands in the code, not in the database.
FROM_CODE = {
    "agents/guardrails/available/", "agents/output-types/available/", "agents/templates/", "agents/tools/available/",
    "models/providers/",
}  # fmt: skip


def lists() -> list[str]:
    schema = _schema()

    def shape(operation: dict[str, Any]) -> dict[str, Any]:
        answer = operation.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
        found: dict[str, Any] = answer.get("schema", {})
        name = found.get("$ref", "").rpartition("/")[2]
        return dict(schema["components"]["schemas"].get(name, found).get("properties", {}))

    return [
        path.removeprefix("/api/v1/")
        for path, operations in schema["paths"].items()
        if {"count", "next", "previous", "results"} <= set(shape(operations.get("get", {})))
    ]


def test_every_list_is_counted_somewhere() -> None:
    assert set(lists()) - FROM_CODE == set(COUNTED), "write a test that counts its queries, and name its file here"


@pytest.mark.parametrize(("path", "file"), COUNTED.items(), ids=list(COUNTED))
def test_the_file_counts_it(path: str, file: str) -> None:
    text = (BASE_DIR / "tests" / file).read_text()
    last = re.sub(r"{\w+}/", "", path).rstrip("/").rpartition("/")[2]
    assert re.search(r"django_assert_(max_)?num_queries\(|CaptureQueriesContext\(", text)
    assert last in text

"""What all operations of the OpenAPI schema have in common: how they fail, and the header that chooses the workspace.

Hooks of drf-spectacular; views describe only what is their own.
"""

from http import HTTPStatus
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
_PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457). `code` is stable; some codes come with members of their own.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, and what to do."},
        "code": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "Messages by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "request_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "code", "errors", "request_id"],
}
_WORKSPACE = {
    "name": "X-Workspace",
    "in": "header",
    "description": "The workspace to work in; without it, the person's current one. An API token has one and needs none.",
    "schema": {"type": "string", "format": "uuid"},
}
_PERSONAL = ("/api/v1/users/me/", "/api/v1/workspaces/", "/api/v1/invitations/")


def describe_common(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Give every operation its problem answers, and those of a workspace the header ``X-Workspace``."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components.setdefault("parameters", {})["Workspace"] = _WORKSPACE
    for path, operations in result["paths"].items():
        for method in METHODS:
            if (operation := operations.get(method)) is None:
                continue
            secured = {} not in operation.get("security", [{}])
            if secured and not path.startswith(_PERSONAL):
                operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/Workspace"})
            for status in _failures(method, secured=secured, body="requestBody" in operation):
                operation["responses"].setdefault(str(status), problem(status))
            if operation.get("deprecated"):
                _announce_end(operation)
    return result


def _announce_end(operation: dict[str, Any]) -> None:
    """``config.lib.deprecation`` sends these with every answer."""
    text = {"schema": {"type": "string"}}
    for response in operation["responses"].values():
        response.setdefault("headers", {}).update(
            Deprecation=text | {"description": "Since when (RFC 9745)."},
            Sunset=text | {"description": "Until when it works (RFC 8594); afterwards it is 410."},
        )
    operation["responses"].setdefault("410", problem(410))


def _failures(method: str, *, secured: bool, body: bool) -> list[int]:
    statuses = [400, 406, 429]
    if secured:
        statuses += [401, 403, 404]
    if method == "post":
        statuses += [402]
    if method != "get":
        statuses += [409]
    if body:
        statuses += [401, 413, 415, 422]
    return sorted(set(statuses))


def problem(status: int, description: str = "") -> dict[str, Any]:
    """A response of the schema: a problem document."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description or HTTPStatus(status).phrase, "content": content}

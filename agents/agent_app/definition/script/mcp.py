"""MCP servers as source."""

from typing import Any

from agent_app.definition.script.auth import auth
from agent_app.definition.script.made import Made, Tool, patience
from agent_app.definition.script.requests import url_of
from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import call


def server(tool: Tool, scene: Scene) -> Made:
    """With the tools that were confirmed; where nobody could ask for them yet, with those that are wished for."""
    params, unsaid, blanks = tool["params"], list[str](), list[str]()
    offered = [each["key"] for each in params.get("functions") or ()] or list(params.get("allowed_tools") or ())
    if not offered:
        return Made()
    made = call(
        "McpServer", tool["name"], url_of(params["url"], blanks), offered, auth=auth(tool, scene, unsaid),
        timeout=patience(tool), require_approval=_approvals(tool, offered, scene, unsaid),
    )  # fmt: skip
    unsaid += [f"{tool['name']}: {each}, which may be a secret" for each in blanks]
    return Made(servers=[made], unsaid=unsaid)


def _approvals(tool: Tool, offered: list[str], scene: Scene, unsaid: list[str]) -> dict[str, str] | None:
    """By the server's names. The SDK knows no arguments here, so what is asked under a condition is asked always."""
    own = tool["params"].get("approvals") or {}
    said: dict[str, Any] = {name: own.get(name) or tool.get("approval") or "never" for name in offered}
    if all(each == "never" for each in said.values()):
        return None
    scene.asks = True
    if conditions := [name for name, each in said.items() if isinstance(each, dict)]:
        unsaid.append(f"{tool['name']}: when {', '.join(conditions)} must be approved. Each call is asked about")
    return {name: "never" if each == "never" else "always" for name, each in said.items()}

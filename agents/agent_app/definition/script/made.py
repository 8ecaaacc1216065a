"""What a tool becomes in a script."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import Code, call

Tool = Mapping[str, Any]


@dataclass(kw_only=True)
class Made:
    """``tools`` and ``servers`` of an agent; ``unsaid`` is what of them the script does not do. Nothing at all where a script
    cannot have it."""

    tools: list[Code] = field(default_factory=list)
    servers: list[Code] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)


def patience(tool: Tool) -> int | None:
    """Seconds that a request of the tool may take; None where nobody has said."""
    said = [each for each in (tool["params"].get("timeout_s"), tool.get("timeout_s")) if each is not None]
    return min(said, default=None)


def limited(made: Code, tool: Tool, scene: Scene) -> Code:
    """A function tool of the script with what is said of its calls."""
    asked = tool.get("approval") or "never"
    approval: Any = call("if_so", asked["when"]) if isinstance(asked, dict) else True if asked == "always" else None
    scene.asks = scene.asks or approval is not None
    if approval is None and tool.get("timeout_s") is None:
        return made
    return call("limited", made, timeout_seconds=tool.get("timeout_s"), needs_approval=approval)

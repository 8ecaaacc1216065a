"""What roles, and tokens, may do with agents and runs."""

from collections.abc import Mapping
from types import MappingProxyType

from community.models import Role
from community.policies import ADMIN_SCOPE

LEAST_ROLE: Mapping[str, str] = MappingProxyType(
    {
        "agent.read": Role.VIEWER,
        "agent.write": Role.EDITOR,
        "agent.run": Role.VIEWER,
        "agent.run_draft": Role.EDITOR,
        "agent.publish": Role.EDITOR,
        "tool.read": Role.VIEWER,
        "tool.write": Role.EDITOR,
        "tool.test": Role.EDITOR,
        "conversation.read": Role.VIEWER,
        "conversation.write": Role.VIEWER,
        "conversation.share": Role.EDITOR,
        "conversation.unshare": Role.VIEWER,
        "feedback.read": Role.EDITOR,
        "feedback.write": Role.VIEWER,
        "run.read": Role.VIEWER,
        "run.cancel": Role.VIEWER,
        "run.decide": Role.EDITOR,
        "provider.read": Role.VIEWER,
        "provider.write": Role.ADMIN,
        "key.read": Role.VIEWER,  # masked, and of other people nothing
        "key.own": Role.VIEWER,
        "key.write": Role.ADMIN,
    }
)

# What a token needs where the action's name does not say it (``agent.read`` needs ``agents:read``).
SCOPE: Mapping[str, str] = MappingProxyType(
    {
        "agent.run": "runs:run",
        "agent.run_draft": "runs:run",
        "agent.publish": "agents:write",
        "tool.read": "agents:read",
        "tool.write": "agents:write",
        "tool.test": "runs:run",
        "conversation.read": "runs:read",
        "conversation.write": "runs:run",
        "conversation.share": "runs:run",
        "conversation.unshare": "runs:run",
        "feedback.read": "runs:read",
        "feedback.write": "runs:run",
        "run.cancel": "runs:run",
        "provider.read": "agents:read",
        "provider.write": ADMIN_SCOPE,
        "key.read": ADMIN_SCOPE,
        "key.own": ADMIN_SCOPE,
        "key.write": ADMIN_SCOPE,
    }
)

"""What roles may do with agents and runs."""

from collections.abc import Mapping
from types import MappingProxyType

from community.models import Role

LEAST_ROLE: Mapping[str, str] = MappingProxyType(
    {
        "agent.read": Role.VIEWER,
        "agent.write": Role.EDITOR,
        "agent.run": Role.VIEWER,
        "conversation.read": Role.VIEWER,
        "conversation.write": Role.VIEWER,
        "run.read": Role.VIEWER,
        "run.cancel": Role.VIEWER,
        "provider.read": Role.VIEWER,
        "provider.write": Role.ADMIN,
    }
)

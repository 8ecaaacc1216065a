"""Who may do what: the one table of roles. Pure; other apps register their actions with ``allow``."""

from collections.abc import Mapping
from types import MappingProxyType

from community.models.workspaces import Role

_RANK: Mapping[str, int] = MappingProxyType({role: rank for rank, role in enumerate(Role.values)})

_LEAST_ROLE: dict[str, str] = {
    "workspace.read": Role.VIEWER,
    "workspace.update": Role.ADMIN,
    "workspace.delete": Role.OWNER,
    "notification.read": Role.VIEWER,
    "notification.write": Role.VIEWER,
    "file.read": Role.VIEWER,
    "file.write": Role.VIEWER,  # attachments of one's own messages; deleting other people's needs more
    "file.delete": Role.EDITOR,
}


def allow(action: str, least_role: str) -> None:
    """Register ``action`` (``<object>.<verb>``): members of ``least_role`` and above may do it."""
    if _LEAST_ROLE.get(action, least_role) != least_role:
        raise ValueError(f"{action} is registered for another role already")
    _LEAST_ROLE[action] = least_role


def least_role(action: str) -> str:
    """The lowest role that may do ``action``. Raises KeyError for an action nobody registered."""
    return _LEAST_ROLE[action]


def allows(role: str, action: str) -> bool:
    return _RANK[role] >= _RANK[_LEAST_ROLE[action]]


def actions() -> Mapping[str, str]:
    """Every registered action with its least role."""
    return MappingProxyType(_LEAST_ROLE)

"""Who may do what: the one table of roles and of token scopes. Pure; other apps register their actions with ``allow``."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from community.models.workspaces import Role

ADMIN_SCOPE = "admin"
SCOPES = (
    "agents:read", "agents:write", "workflows:read", "workflows:write", "knowledge:read", "knowledge:write",
    "files:read", "files:write", "runs:read", "runs:run", "runs:decide", "community:write", "billing:read", ADMIN_SCOPE,
)  # fmt: skip
# Beside the scopes an action may need one of these.
ANY_SCOPE = "any"  # every token may
NO_TOKEN = "person"  # noqa: S105  # only the person themselves: a leaked token must not outlive its being revoked

_RANK: Mapping[str, int] = MappingProxyType({role: rank for rank, role in enumerate(Role.values)})

_LEAST_ROLE: dict[str, str] = {
    "workspace.read": Role.VIEWER,
    "workspace.update": Role.ADMIN,
    "workspace.spend": Role.OWNER,  # what is paid with
    "workspace.leave": Role.VIEWER,
    "workspace.transfer": Role.OWNER,
    "workspace.delete": Role.OWNER,
    "notification.read": Role.VIEWER,
    "notification.write": Role.VIEWER,
    "file.read": Role.VIEWER,
    "file.write": Role.VIEWER,  # attachments of one's own messages; deleting other people's needs more
    "file.delete": Role.EDITOR,
    "member.read": Role.VIEWER,
    "member.write": Role.ADMIN,
    "invitation.read": Role.ADMIN,
    "invitation.write": Role.ADMIN,
    "token.read": Role.ADMIN,
    "token.write": Role.ADMIN,
    "audit.read": Role.ADMIN,
}
_SCOPE: dict[str, str] = {
    "workspace.read": ANY_SCOPE,
    "workspace.leave": NO_TOKEN,
    "workspace.transfer": NO_TOKEN,
    "workspace.delete": NO_TOKEN,
    "token.write": NO_TOKEN,
    "notification.read": NO_TOKEN,
    "notification.write": NO_TOKEN,
    "file.delete": "files:write",
}


def allow(action: str, least_role: str, scope: str | None = None) -> None:
    """Register ``action`` (``<object>.<verb>``): members of ``least_role`` and above may do it.

    ``scope`` is what a token needs for it: one of SCOPES, ANY_SCOPE or NO_TOKEN. Left out it follows from the action's
    name (``agent.read`` needs ``agents:read``), and where no scope is called so it is ``admin``.
    """
    if _LEAST_ROLE.get(action, least_role) != least_role or (scope and _SCOPE.get(action, scope) != scope):
        raise ValueError(f"{action} is registered otherwise already")
    if scope and scope not in (*SCOPES, ANY_SCOPE, NO_TOKEN):
        raise ValueError(f"there is no scope {scope}")
    _LEAST_ROLE[action] = least_role
    if scope:
        _SCOPE[action] = scope


def least_role(action: str) -> str:
    """The lowest role that may do ``action``. Raises KeyError for an action nobody registered."""
    return _LEAST_ROLE[action]


def needed_scope(action: str) -> str:
    """What a token needs for ``action``: a scope, ANY_SCOPE or NO_TOKEN."""
    if (named := _SCOPE.get(action)) is not None:
        return named
    thing, _dot, verb = action.partition(".")
    return next((scope for scope in (f"{thing}s:{verb}", f"{thing}:{verb}") if scope in SCOPES), ADMIN_SCOPE)


def allows(role: str, action: str) -> bool:
    return _RANK[role] >= _RANK[_LEAST_ROLE[action]]


def in_scope(scopes: Collection[str], action: str) -> bool:
    """Whether a token with ``scopes`` may do ``action``, as far as its maker's role allows."""
    needed = needed_scope(action)
    if needed in (ANY_SCOPE, NO_TOKEN):
        return needed == ANY_SCOPE
    return needed in scopes or ADMIN_SCOPE in scopes


def outranks(role: str, other: str) -> bool:
    """Whether ``role`` stands above ``other``."""
    return _RANK[role] > _RANK[other]


def actions() -> Mapping[str, str]:
    """Every registered action with its least role."""
    return MappingProxyType(_LEAST_ROLE)

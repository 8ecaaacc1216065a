"""Who is asking, in which workspace. The only door to a workspace."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community import opaque, policies
from community.invited import invitations_of
from community.models import (
    ApiToken,
    Invitation,
    Membership,
    Notification,
    RefreshFamily,
    Role,
    StoredFile,
    User,
    Workspace,
)
from config.lib import logs
from config.lib.errors import Forbidden, NotFound, Unauthenticated

ACTOR_KEY = "troupe.actor"

# Every call of the API begins with this query. Written out because the ORM takes four times as long to build it as
# PostgreSQL and the driver take to answer it.
_USER_FIELDS = [field.attname for field in User._meta.concrete_fields]
_FIND_ACTOR = f"""
    SELECT membership.workspace_id, membership.role, {", ".join(f'person."{name}"' for name in _USER_FIELDS)}
    FROM community_membership membership
    JOIN community_user person ON person.id = membership.user_id
    JOIN community_workspace workspace ON workspace.id = membership.workspace_id
    WHERE membership.user_id = %s
      AND membership.workspace_id = COALESCE(%s, person.current_workspace_id)
      AND workspace.closed_at IS NULL
"""  # noqa: S608  # column names of our own model
# The same for an API token: the token, its maker and their role there, or nothing at all.
_FIND_TOKEN = f"""
    SELECT token.id, token.scopes, token.last_used_at, token.expires_at, membership.workspace_id, membership.role,
           {", ".join(f'person."{name}"' for name in _USER_FIELDS)}
    FROM community_apitoken token
    JOIN community_membership membership
      ON membership.workspace_id = token.workspace_id AND membership.user_id = token.user_id
    JOIN community_user person ON person.id = token.user_id
    JOIN community_workspace workspace ON workspace.id = token.workspace_id
    WHERE token.revoked_at IS NULL
      AND (token.expires_at IS NULL OR token.expires_at > now())
      AND workspace.closed_at IS NULL AND person.is_active
"""  # noqa: S608
TOKEN_PURPOSE = "api-token"  # noqa: S105
INVITATION_PURPOSE = "invitation"

_OF_FAMILY = """
      AND EXISTS (
        SELECT FROM community_refreshfamily family
        WHERE family.id = %s AND family.user_id = person.id AND family.revoked_at IS NULL
      )
"""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting in a workspace, with the role they have there. Everything a service needs to know of its caller.

    Where an API token acts for them ``token_id`` names it, and it may do what both their role and ``scopes`` allow. Where a
    program's sign-in does, ``family_id`` names that. ``until`` is when the token that was sent ends by itself.
    """

    user: User
    workspace_id: UUID
    role: str
    token_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    family_id: UUID | None = None
    until: datetime | None = None

    @property
    def id(self) -> UUID:
        return self.user.id

    def allows(self, action: str) -> bool:
        return policies.allows(self.role, action) and self._in_scope(action)

    def require(self, action: str) -> None:
        """Raises Forbidden where the role, or the token's scope, is too low for ``action``."""
        if not policies.allows(self.role, action):
            raise Forbidden(
                _("This needs the role %(least)s in this workspace; yours is %(role)s.")
                % {"least": Role(policies.least_role(action)).label, "role": Role(self.role).label}
            )
        if not self._in_scope(action):
            raise scope_too_low(policies.needed_scope(action))

    def _in_scope(self, action: str) -> bool:
        return self.token_id is None or policies.in_scope(self.scopes, action)


def scope_too_low(needed: str) -> Forbidden:
    if needed == policies.NO_TOKEN:
        return Forbidden(_("An API token cannot do this. Sign in and do it yourself."), code="scope")
    return Forbidden(_("This needs a token with the scope %(scope)s.") % {"scope": needed}, code="scope")


def get_actor(user: User, workspace_id: UUID | None = None) -> Actor:
    """``user`` in the asked workspace, else in their current one. Raises NotFound where they are no member (or it is closed)."""
    memberships = Membership.objects.filter(user_id=user.id, workspace__closed_at=None)
    wanted = workspace_id or user.current_workspace_id
    rows = memberships.filter(workspace_id=wanted) if wanted else memberships.order_by("created_at")
    row = rows.values_list("workspace_id", "role").first()
    if row is None and workspace_id is None:  # they left the workspace they were last in
        row = memberships.order_by("created_at").values_list("workspace_id", "role").first()
    if row is None:
        raise NotFound(_("There is no such workspace."))
    return Actor(user, row[0], row[1])


def find_actor(user_id: UUID, workspace_id: UUID | None = None, family_id: UUID | None = None) -> Actor | None:
    """The person with this id in the asked workspace, else in their current one, by a single query.

    With ``family_id`` only while that sign-in of theirs lasts. None says only that this query found no row;
    ``get_actor`` and ``sign_in_lasts`` know the other cases.
    """
    with connection.cursor() as cursor:
        if family_id is None:
            cursor.execute(_FIND_ACTOR, [user_id, workspace_id])
        else:
            cursor.execute(_FIND_ACTOR + _OF_FAMILY, [user_id, workspace_id, family_id])
        row = cursor.fetchone()
    if row is None:
        return None
    return Actor(User.from_db(connection.alias, _USER_FIELDS, row[2:]), row[0], row[1], family_id=family_id)


def sign_in_lasts(user_id: UUID, family_id: UUID | None) -> bool:
    """Whether the sign-in that a token names was not ended (a token made outside a sign-in names none)."""
    if family_id is None:
        return True
    return RefreshFamily.objects.filter(id=family_id, user_id=user_id, revoked_at=None).exists()


def find_token_actor(token: str) -> tuple[Actor, datetime | None] | None:
    """Whom the API token ``token`` acts for, and when it was last used. None where it is unknown or has ended. One query."""
    return _token_actor("token.digest", opaque.digest(token, purpose=TOKEN_PURPOSE))


def _token_actor(column: str, value: str | UUID) -> tuple[Actor, datetime | None] | None:
    with connection.cursor() as cursor:
        cursor.execute(f"{_FIND_TOKEN} AND {column} = %s", [value])  # a column of ours
        row: Any = cursor.fetchone()
    if row is None:
        return None
    token_id, scopes, last_used_at, expires_at, workspace_id, role, *person = row
    user = User.from_db(connection.alias, _USER_FIELDS, person)
    return Actor(user, workspace_id, role, token_id, frozenset(scopes), until=expires_at), last_used_at


def renewed(actor: Actor) -> Actor:
    """``actor`` as they are now, for whoever keeps one longer than a request (a socket). One query.

    Raises Unauthenticated where they left, were removed or deactivated, signed out, changed their password, or the token
    ended.
    """
    if actor.until is not None and actor.until <= timezone.now():
        raise Unauthenticated(_("You are not signed in here any more."))
    if actor.token_id is not None:
        found = _token_actor("token.id", actor.token_id)
        now = found[0] if found else None
    else:
        found_now = find_actor(actor.id, actor.workspace_id, actor.family_id)
        now = replace(found_now, until=actor.until) if found_now else None
    if now is None or not now.user.is_active or now.user.credential_stamp != actor.user.credential_stamp:
        raise Unauthenticated(_("You are not signed in here any more."))
    return now


def get_workspace(actor: Actor, action: str = "workspace.read") -> Workspace:
    """The workspace ``actor`` works in. Raises Forbidden."""
    actor.require(action)
    return Workspace.objects.get(id=actor.workspace_id)


def get_member(actor: Actor, user_id: UUID, action: str = "member.read") -> Membership:
    """A member of the actor's workspace, by the person's id. Raises NotFound, Forbidden."""
    rows = Membership.objects.filter(workspace_id=actor.workspace_id, user_id=user_id)
    found = rows.select_related("user", "workspace").first()
    if found is None:
        raise NotFound(_("There is no such member."))
    actor.require(action)
    return found


def get_invitation(actor: Actor, invitation_id: UUID, action: str = "invitation.read") -> Invitation:
    """An open invitation into the actor's workspace. Raises NotFound, Forbidden."""
    rows = Invitation.objects.in_workspace(actor.workspace_id).open().select_related("invited_by")
    found = rows.filter(id=invitation_id).first()
    if found is None:
        raise NotFound(_("There is no such invitation."))
    actor.require(action)
    return found


def find_invitation(link: str) -> Invitation:
    """The invitation behind what stands in a link. Raises NotFound: the same for a wrong one, a used one and an expired one."""
    rows = Invitation.objects.open().select_related("workspace", "invited_by").filter(workspace__closed_at=None)
    found = rows.filter(digest=opaque.digest(link, purpose=INVITATION_PURPOSE)).first()
    if found is None or not found.is_open:
        raise NotFound(_("This invitation is not valid, or no longer. Ask for a new one."), code="invitation_invalid")
    return found


def joined_by(user: User, link: str) -> Workspace | None:
    """The workspace that ``user`` has joined by ``link`` and is still in: people open the link in their mail again."""
    accepted = Invitation.objects.filter(
        digest=opaque.digest(link, purpose=INVITATION_PURPOSE), accepted_by_id=user.id
    ).values("workspace_id")
    mine = Membership.objects.filter(user=user).values("workspace_id")
    return Workspace.objects.filter(id__in=accepted, closed_at=None).filter(id__in=mine).first()


def get_own_invitation(user: User, invitation_id: UUID) -> Invitation:
    """An invitation that waits for ``user``. Raises NotFound: the same for another's, an answered one and an expired one."""
    found = invitations_of(user).filter(id=invitation_id).first()
    if found is None:
        raise NotFound(_("This invitation is not valid, or no longer. Ask for a new one."), code="invitation_invalid")
    return found


def get_token(actor: Actor, token_id: UUID, action: str = "token.read") -> ApiToken:
    """An API token of the actor's workspace that is not revoked. Raises NotFound, Forbidden."""
    rows = ApiToken.objects.in_workspace(actor.workspace_id).filter(revoked_at=None).select_related("user")
    found = rows.filter(id=token_id).first()
    if found is None:
        raise NotFound(_("There is no such token."))
    actor.require(action)
    return found


def page_actor(request: HttpRequest) -> Actor:
    """The signed-in person in their current workspace, found once a request. Raises Unauthenticated, NotFound."""
    if (actor := known_actor(request)) is not None:
        return actor
    if not isinstance(request.user, User):
        raise Unauthenticated
    return remember_actor(request, get_actor(request.user))


def known_actor(request: HttpRequest) -> Actor | None:
    """Who ``request`` was found to come from, if anyone asked yet."""
    actor = request.META.get(ACTOR_KEY)
    return actor if isinstance(actor, Actor) else None


def remember_actor(request: HttpRequest, actor: Actor) -> Actor:
    request.META[ACTOR_KEY] = actor
    logs.workspace_id.set(str(actor.workspace_id))
    return actor


def get_file(actor: Actor, file_id: UUID, action: str = "file.read") -> StoredFile:
    """A file of the actor's workspace. Raises NotFound, Forbidden."""
    file = (
        StoredFile.objects.in_workspace(actor.workspace_id).kept().select_related("uploader").filter(id=file_id).first()
    )
    if file is None:
        raise NotFound(_("There is no such file."))
    actor.require(action)
    return file


def get_notification(
    actor: Actor, notification_id: UUID, action: str = "notification.read", *, everywhere: bool = True
) -> Notification:
    """One of the actor's own notifications, ``everywhere`` or of their workspace. Raises NotFound, Forbidden."""
    rows = Notification.objects.of(actor.id).select_related("workspace")
    if not everywhere:
        rows = rows.in_workspace(actor.workspace_id)
    notification = rows.filter(id=notification_id).first()
    if notification is None:
        raise NotFound(_("There is no such notification."))
    actor.require(action)
    return notification

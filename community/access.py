"""Who is asking, in which workspace. The only door to a workspace."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from community import policies
from community.models import Membership, Notification, StoredFile, User, Workspace
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


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting in a workspace, with the role they have there. Everything a service needs to know of its caller."""

    user: User
    workspace_id: UUID
    role: str

    @property
    def id(self) -> UUID:
        return self.user.id

    def allows(self, action: str) -> bool:
        return policies.allows(self.role, action)

    def require(self, action: str) -> None:
        """Raises Forbidden where the role is too low for ``action``."""
        if not self.allows(action):
            raise Forbidden(
                _("This needs the role %(least)s in this workspace; yours is %(role)s.")
                % {"least": policies.least_role(action), "role": self.role}
            )


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


def find_actor(user_id: UUID, workspace_id: UUID | None = None) -> Actor | None:
    """The person with this id in the asked workspace, else in their current one, by a single query.

    None says only that this query found no row; ``get_actor`` knows the other cases.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIND_ACTOR, [user_id, workspace_id])
        row = cursor.fetchone()
    if row is None:
        return None
    return Actor(User.from_db(connection.alias, _USER_FIELDS, row[2:]), row[0], row[1])


def get_workspace(user: User, workspace_id: UUID) -> tuple[Actor, Workspace]:
    """One of the workspaces of ``user``, and who they are in it. Raises NotFound."""
    actor = get_actor(user, workspace_id)
    return actor, Workspace.objects.get(id=actor.workspace_id)


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

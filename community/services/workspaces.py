"""Making, renaming and choosing workspaces."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from community import registry
from community.access import Actor, get_actor
from community.events import WorkspaceClosed, WorkspaceCreated
from community.models import ApiToken, Invitation, Membership, Role, User, Workspace
from community.services import members
from config.lib import audit, events, realtime
from config.lib.errors import Conflict

EDITABLE = ("name", "email", "default_model", "credits_first")


@transaction.atomic
def workspace_create(*, owner: User, name: str, personal: bool = False) -> Workspace:
    """A workspace that ``owner`` owns and works in from now on. An empty ``name`` is filled with the owner's."""
    workspace = Workspace(
        name=" ".join(name.split()) or owner.display_name[:80],
        personal_of=owner if personal else None,
        email=owner.email,
    )
    workspace.clean_fields()
    workspace.save(force_insert=True)
    Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
    _choose(owner, workspace.id)
    audit.record(
        audit.Entry(
            action="workspace.created",
            actor_id=owner.id,
            workspace_id=workspace.id,
            object_type="workspace",
            object_id=workspace.id,
            after={"name": workspace.name, "personal": personal},
        )
    )
    events.publish(WorkspaceCreated(workspace.id, owner.id, personal))
    return workspace


def workspace_switch(*, user: User, workspace_id: UUID) -> Actor:
    """Let ``user`` work in another of their workspaces. Raises NotFound."""
    actor = get_actor(user, workspace_id)
    _choose(user, actor.workspace_id)
    return actor


@transaction.atomic
def workspace_update(*, actor: Actor, changes: dict[str, Any]) -> Workspace:
    """Change the actor's workspace (the fields in EDITABLE). Raises Forbidden, InvalidInput."""
    actor.require("workspace.update")
    if "name" in changes:
        changes = {**changes, "name": " ".join(changes["name"].split())}
    workspace = Workspace.objects.select_for_update().get(id=actor.workspace_id)
    changed = [field for field in EDITABLE if field in changes and changes[field] != getattr(workspace, field)]
    if "credits_first" in changed:
        actor.require("workspace.spend")
    for check in registry.workspace_checks:
        check(actor, {field: changes[field] for field in changed})
    if not changed:
        return workspace
    before = {field: getattr(workspace, field) for field in changed}
    for field in changed:
        setattr(workspace, field, changes[field])
    workspace.clean_fields()
    workspace.save(update_fields=[*changed, "updated_at"])
    audit.record(
        audit.Entry(
            action="workspace.updated",
            actor_id=actor.id,
            workspace_id=workspace.id,
            object_type="workspace",
            object_id=workspace.id,
            before=before,
            after={field: changes[field] for field in changed},
        )
    )
    return workspace


@transaction.atomic
def workspace_delete(*, actor: Actor, confirmation: str) -> None:
    """Close the actor's workspace for good: nobody reaches it, its tokens and invitations end; ledger and audit rows stay.

    ``confirmation`` is its name. Raises Forbidden, InvalidInput (another name was typed), Conflict (a personal one).
    """
    actor.require("workspace.delete")
    workspace = members.workspace_lock(workspace_id=actor.workspace_id)
    members.as_now(actor=actor, action="workspace.delete")
    members.confirmation_check(workspace=workspace, confirmation=confirmation)
    if workspace.personal_of_id is not None:
        raise Conflict(_("A personal workspace goes with its person's account."), code="personal_workspace")
    now = timezone.now()
    Workspace.objects.filter(id=workspace.id).update(closed_at=now)
    ApiToken.objects.in_workspace(workspace.id).filter(revoked_at=None).update(revoked_at=now)
    Invitation.objects.in_workspace(workspace.id).open().update(revoked_at=now)
    audit.record(
        audit.Entry(
            action="workspace.deleted",
            actor_id=actor.id,
            workspace_id=workspace.id,
            object_type="workspace",
            object_id=workspace.id,
            before={"name": workspace.name},
        )
    )
    realtime.access_changed(realtime.workspace_group(workspace.id))
    events.publish(WorkspaceClosed(workspace.id, actor.id))


def workspace_has_personal(*, user_id: UUID) -> bool:
    return Workspace.objects.filter(personal_of_id=user_id).exists()


def _choose(user: User, workspace_id: UUID) -> None:
    User.objects.filter(id=user.id).update(current_workspace_id=workspace_id)
    user.current_workspace_id = workspace_id

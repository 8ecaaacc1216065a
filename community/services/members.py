"""Who belongs to a workspace: joining, roles, leaving, handing over.

Each of these locks the workspace first, so that two people who act at the same time cannot leave it without an owner, or
with more members than its plan allows.
"""

from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from community import policies
from community.access import Actor
from community.events import MemberJoined, MemberLeft, MemberRoleChanged
from community.models import ApiToken, Invitation, Membership, Role, User, Workspace
from community.registry import limit
from config.lib import audit, events, realtime
from config.lib.errors import Conflict, Forbidden, InvalidInput, NotFound, PlanLimitReached


def workspace_lock(*, workspace_id: UUID) -> Workspace:
    """The workspace, locked until the caller's transaction ends. Raises NotFound where it is closed."""
    workspace = Workspace.objects.select_for_update().filter(id=workspace_id, closed_at=None).first()
    if workspace is None:
        raise NotFound(_("There is no such workspace."))
    return workspace


def room_check(*, workspace: Workspace, expected: int = 0) -> None:
    """Whether one more person fits beside the members and ``expected`` others, in a locked workspace. Raises PlanLimitReached."""
    most = limit(workspace.id, "members", 0)
    if most and Membership.objects.filter(workspace=workspace).count() + expected >= most:
        raise PlanLimitReached(
            ngettext(
                "This workspace's plan allows %(most)d member. Change the plan, or remove somebody first.",
                "This workspace's plan allows %(most)d members. Change the plan, or remove somebody first.",
                most,
            )
            % {"most": most},
            limit="members",
            maximum=most,
        )


def members_changed(*, workspace_id: UUID) -> None:
    """Have the open pages of the workspace show again who belongs to it, and who is invited."""
    realtime.send_on_commit(realtime.workspace_group(workspace_id), "members.changed", {})


def member_add(*, workspace: Workspace, user: User, role: str) -> Membership:
    """Make ``user`` a member of a locked workspace, in the caller's transaction. Raises PlanLimitReached."""
    room_check(workspace=workspace)
    member = Membership.objects.create(workspace=workspace, user=user, role=role)
    _record("member.joined", user.id, member, after={"role": role})
    events.publish(MemberJoined(workspace.id, user.id, role))
    return member


@transaction.atomic
def member_change_role(*, actor: Actor, member: Membership, role: str) -> Membership:
    """Give ``member`` another role. Nobody gives or takes a role above their own. Raises Forbidden, Conflict."""
    actor.require("member.write")
    if role not in Role.values:
        raise InvalidInput(_("Some fields are not valid."), errors={"role": [_("There is no such role.")]})
    workspace = workspace_lock(workspace_id=actor.workspace_id)
    member, rank = _as_they_are(actor, member, "member.write")
    _check_rank(rank, member.role, role)
    if member.role == role:
        return member
    if role != Role.OWNER:
        _check_owner_remains(workspace, member)
    before, member.role = member.role, role
    member.save(update_fields=["role", "updated_at"])
    _record("member.role_changed", actor.id, member, before={"role": before}, after={"role": role})
    invitations_withdraw(workspace=workspace, sender_id=member.user_id, role=role, actor_id=actor.id)
    realtime.access_changed(realtime.person_group(member.user_id))
    events.publish(MemberRoleChanged(workspace.id, member.user_id, role, actor.id))
    return member


@transaction.atomic
def member_remove(*, actor: Actor, member: Membership) -> None:
    """End the membership of somebody who stands no higher than the actor; of oneself it is leaving. Raises Forbidden, Conflict."""
    action = "workspace.leave" if member.user_id == actor.id else "member.write"
    actor.require(action)
    workspace = workspace_lock(workspace_id=actor.workspace_id)
    member, rank = _as_they_are(actor, member, action)
    _check_rank(rank, member.role)
    _end(workspace, member, actor)


@transaction.atomic
def member_leave(*, actor: Actor) -> None:
    """Leave the workspace. The last owner cannot. Raises Conflict."""
    actor.require("workspace.leave")
    workspace = workspace_lock(workspace_id=actor.workspace_id)
    _end(workspace, _now(workspace.id, actor.id), actor)


@transaction.atomic
def ownership_transfer(*, actor: Actor, member: Membership, confirmation: str) -> Membership:
    """Make ``member`` the owner in the actor's place, who stays as an admin. ``confirmation`` is the workspace's name.

    Raises Forbidden, InvalidInput (another name was typed), Conflict (a personal workspace, or to oneself).
    """
    actor.require("workspace.transfer")
    workspace = workspace_lock(workspace_id=actor.workspace_id)
    confirmation_check(workspace=workspace, confirmation=confirmation)
    if workspace.personal_of_id is not None:
        raise Conflict(_("A personal workspace stays with its person."), code="personal_workspace")
    member, rank = _as_they_are(actor, member, "workspace.transfer")
    _check_rank(rank, Role.OWNER)
    if member.user_id == actor.id:
        raise Conflict(_("You own this workspace already."))
    Membership.objects.filter(workspace=workspace, user_id=actor.id).update(role=Role.ADMIN)
    member.role = Role.OWNER
    member.save(update_fields=["role", "updated_at"])
    invitations_withdraw(workspace=workspace, sender_id=actor.id, role=Role.ADMIN, actor_id=actor.id)
    Workspace.objects.filter(id=workspace.id, email=actor.user.email).update(email=member.user.email)
    _record(
        "workspace.transferred", actor.id, member, before={"owner": str(actor.id)}, after={"owner": str(member.user_id)}
    )
    for user_id in (actor.id, member.user_id):
        realtime.access_changed(realtime.person_group(user_id))
    events.publish(MemberRoleChanged(workspace.id, member.user_id, Role.OWNER, actor.id))
    events.publish(MemberRoleChanged(workspace.id, actor.id, Role.ADMIN, actor.id))
    return member


def invitations_withdraw(*, workspace: Workspace, sender_id: UUID, role: str | None, actor_id: UUID) -> None:
    """End what somebody has sent and could not send with the ``role`` they have now (None: they are no member any more).

    Else who was put out, or down, comes back by an invitation of their own to another address. In a locked workspace.
    """
    sent = Invitation.objects.in_workspace(workspace.id).open().filter(invited_by_id=sender_id)
    may_invite = role is not None and policies.allows(role, "invitation.write")
    for invitation in sent:
        if may_invite and not policies.outranks(invitation.role, role or ""):
            continue
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at", "updated_at"])
        audit.record(
            audit.Entry(
                action="invitation.revoked", actor_id=actor_id, workspace_id=workspace.id, object_type="invitation",
                object_id=invitation.id, after={"email": invitation.email, "role": invitation.role},
            )
        )  # fmt: skip


def as_now(*, actor: Actor, action: str) -> Actor:
    """``actor`` with the role they have now that the workspace is locked, if it still lets them do ``action``.

    Who was put down while they asked does nothing more. Raises Forbidden, NotFound.
    """
    now = replace(actor, role=_now(actor.workspace_id, actor.id).role)
    now.require(action)
    return now


def confirmation_check(*, workspace: Workspace, confirmation: str) -> None:
    """Raises InvalidInput unless the workspace's name was typed."""
    if " ".join(confirmation.split()) != workspace.name:
        raise InvalidInput(
            _("Type the name of the workspace to confirm."),
            code="not_confirmed",
            errors={"confirm": [_("This is not the name of the workspace.")]},
        )


def _now(workspace_id: UUID, user_id: UUID) -> Membership:
    member = Membership.objects.select_related("user").filter(workspace_id=workspace_id, user_id=user_id).first()
    if member is None:
        raise NotFound(_("There is no such member."))
    return member


def _as_they_are(actor: Actor, member: Membership, action: str) -> tuple[Membership, str]:
    """The member, and the actor's role, as they are now that the workspace is locked."""
    return _now(actor.workspace_id, member.user_id), as_now(actor=actor, action=action).role


def _check_rank(rank: str, *roles: str) -> None:
    if any(policies.outranks(role, rank) for role in roles):
        raise Forbidden(
            _("You cannot give or take a role above your own, which is %(role)s.") % {"role": Role(rank).label}
        )


def _check_owner_remains(workspace: Workspace, member: Membership) -> None:
    """Raises Conflict where without ``member`` as an owner the workspace would have none, or is their personal one."""
    if workspace.personal_of_id == member.user_id:
        raise Conflict(_("A personal workspace stays with its person."), code="personal_workspace")
    owners = Membership.objects.filter(workspace=workspace, role=Role.OWNER).exclude(user_id=member.user_id)
    if member.role == Role.OWNER and not owners.exists():
        raise Conflict(
            _("The last owner cannot go. Make somebody else the owner first, or delete the workspace."),
            code="last_owner",
        )


def _end(workspace: Workspace, member: Membership, actor: Actor) -> None:
    _check_owner_remains(workspace, member)
    ApiToken.objects.in_workspace(workspace.id).filter(user_id=member.user_id, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    invitations_withdraw(workspace=workspace, sender_id=member.user_id, role=None, actor_id=actor.id)
    itself = member.user_id == actor.id
    _record("member.left" if itself else "member.removed", actor.id, member, before={"role": member.role})
    user_id = member.user_id
    member.delete()
    elsewhere = Membership.objects.filter(user_id=user_id, workspace__closed_at=None).order_by("created_at")
    User.objects.filter(id=user_id, current_workspace_id=workspace.id).update(
        current_workspace_id=elsewhere.values("workspace_id")[:1]
    )
    realtime.access_changed(realtime.person_group(user_id))
    events.publish(MemberLeft(workspace.id, user_id, None if itself else actor.id))


def _record(
    action: str,
    actor_id: UUID,
    member: Membership,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor_id, workspace_id=member.workspace_id, object_type="user",
            object_id=member.user_id, before=before or {}, after=after or {},
        )
    )  # fmt: skip
    members_changed(workspace_id=member.workspace_id)

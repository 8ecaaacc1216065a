"""What people are told about workspaces: invited, joined, given another role, removed. Called after the fact is committed."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from community import policies
from community.invited import people_of
from community.models import Channel, Invitation, Membership, Notification, NotificationKind, Role, User, Workspace
from community.services.notifications import badges_changed, notification_send

_KIND = NotificationKind.INVITATION
_TELL_AGAIN_AFTER = timedelta(minutes=1)


def invited_tell(*, invitation_id: UUID) -> None:
    """Whoever has the invited address finds it under the bell and in the inbox. Once each time it is sent.

    No second mail: the invitation itself was one. Nobody is told that there is nobody.
    """
    rows = Invitation.objects.open().filter(workspace__closed_at=None).select_related("workspace", "invited_by")
    invitation = rows.filter(id=invitation_id).first()
    if invitation is None or invitation.expired:
        return
    for person in people_of(invitation):
        notification_send(
            user_ids=[person.id], kind=_KIND, key=f"invitation:{invitation.id}:{invitation.sent_at.isoformat()}",
            title=format_lazy(
                _("{name} invites you to {workspace}"),
                name=_name_of(invitation.invited_by), workspace=invitation.workspace.name,
            ),
            text=format_lazy(_("Your role will be: {role}."), role=Role(invitation.role).label),
            url=f"{reverse('inbox')}?kind=invitation", channels=(Channel.IN_APP,),
        )  # fmt: skip
        badges_changed(user_id=person.id)
    Invitation.objects.filter(id=invitation.id, sent_at=invitation.sent_at).update(told_at=timezone.now())


def invited_tell_due(*, batch: int = 200) -> int:
    """Tell what nobody was told because the task was lost, for the periodic sweep; answers how many."""
    due = Invitation.objects.untold(timezone.now() - _TELL_AGAIN_AFTER).order_by("sent_at")
    ids = list(due.values_list("id", flat=True)[:batch])
    for invitation_id in ids:
        invited_tell(invitation_id=invitation_id)
    return len(ids)


@transaction.atomic
def invited_settle(*, invitation: Invitation, user: User) -> None:
    """``user`` has answered ``invitation``: what they were told of it is read, and it is in no inbox any more."""
    told = Notification.objects.filter(user=user, key__startswith=f"invitation:{invitation.id}:", read_at=None)
    told.update(read_at=timezone.now(), updated_at=timezone.now())
    badges_changed(user_id=user.id)


def joined_tell(*, workspace_id: UUID, user_id: UUID) -> None:
    """Who invited somebody hears that they came, if they still look after the workspace."""
    rows = Invitation.objects.in_workspace(workspace_id).filter(accepted_by_id=user_id).exclude(invited_by=user_id)
    invitation = rows.select_related("workspace").order_by("-accepted_at").first()
    if invitation is None or invitation.invited_by_id is None:
        return
    inviter = Membership.objects.filter(workspace_id=workspace_id, user_id=invitation.invited_by_id).first()
    if inviter is None or not policies.allows(inviter.role, "invitation.write"):
        return
    notification_send(
        user_ids=[inviter.user_id], kind=_KIND, key=f"member_joined:{invitation.id}", workspace_id=workspace_id,
        title=format_lazy(
            _("{name} joined {workspace}"),
            name=_name_of(User.objects.get(id=user_id)), workspace=invitation.workspace.name,
        ),
        url=reverse("workspace_members"),
    )  # fmt: skip


def role_changed_tell(*, fact_id: UUID, workspace_id: UUID, user_id: UUID, role: str, changed_by: UUID) -> None:
    if user_id == changed_by:
        return
    workspace = Workspace.objects.get(id=workspace_id)
    notification_send(
        user_ids=[user_id], kind=_KIND, key=f"member_role:{fact_id}", workspace_id=workspace_id,
        title=format_lazy(
            _("Your role in {workspace} is now: {role}"), workspace=workspace.name, role=Role(role).label
        ),
        text=format_lazy(_("Changed by {name}."), name=_name_of(User.objects.filter(id=changed_by).first())),
        url=reverse("workspace_members"),
    )  # fmt: skip


def removed_tell(*, fact_id: UUID, workspace_id: UUID, user_id: UUID, removed_by: UUID | None) -> None:
    """About no workspace, so that it is found from any: the person no longer gets into that one."""
    if removed_by in (None, user_id):
        return
    workspace = Workspace.objects.get(id=workspace_id)
    notification_send(
        user_ids=[user_id], kind=_KIND, key=f"member_removed:{fact_id}",
        title=format_lazy(_("You are no longer a member of {workspace}"), workspace=workspace.name),
        text=format_lazy(_("Removed by {name}."), name=_name_of(User.objects.filter(id=removed_by).first())),
        url=reverse("notifications"),
    )  # fmt: skip


def _name_of(person: User | None) -> str | Promise:
    return person.display_name if person else _("Somebody")

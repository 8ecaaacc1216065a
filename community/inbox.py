"""What this app puts into people's inboxes: invitations to workspaces."""

from collections.abc import Sequence
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from community.access import Actor
from community.invited import invitations_of
from community.models import Invitation
from community.registry import InboxAction, InboxItem


class Invitations:
    """The open invitations to the actor's addresses, whatever workspace they work in; what ends first comes first."""

    kind = "invitation"
    label = gettext_lazy("Invitations")

    def items(self, actor: Actor, limit: int) -> Sequence[InboxItem]:
        return [_item(row) for row in invitations_of(actor.user).order_by("expires_at", "id")[:limit]]

    def count(self, actor: Actor) -> int:
        return invitations_of(actor.user).count()

    def get(self, actor: Actor, item_id: UUID) -> InboxItem | None:
        row = invitations_of(actor.user).filter(id=item_id).first()
        return _item(row) if row else None


def _item(invitation: Invitation) -> InboxItem:
    inviter = invitation.invited_by.display_name if invitation.invited_by else _("Somebody")
    said = {"name": inviter, "workspace": invitation.workspace.name}
    return InboxItem(
        kind=Invitations.kind, id=invitation.id, title=_("%(name)s invites you to %(workspace)s") % said,
        text=_("Your role will be: %(role)s.") % {"role": invitation.get_role_display()}, icon="mail",
        url=f"{reverse('inbox')}?kind={Invitations.kind}", created_at=invitation.sent_at, due_at=invitation.expires_at,
        actions=(_action(invitation, "accept", _("Accept"), primary=True), _action(invitation, "decline", _("Decline"))),
    )  # fmt: skip


def _action(invitation: Invitation, name: str, label: str, *, primary: bool = False) -> InboxAction:
    page = reverse(f"invitation_{name}_own", args=[invitation.id])
    api = reverse(f"api-my-invitation-{name}", args=[invitation.id])
    return InboxAction(name=name, label=label, page=page, api=api, primary=primary)

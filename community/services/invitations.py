"""Inviting people into a workspace by e-mail, and accepting.

The link goes out by mail and is shown to nobody else, not even to who invites: following it proves that the address is
one's own. Who has proved that before finds the invitation in their inbox as well. No answer tells whether an address is registered here.
"""

from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from community import languages, opaque, policies
from community.access import (
    INVITATION_PURPOSE,
    Actor,
    find_invitation,
    get_actor,
    get_invitation,
    get_own_invitation,
)
from community.events import InvitationSent
from community.models import Invitation, Membership, Role, User, Workspace
from community.services import members, notices, outgoing_mails, workspaces
from config.lib import audit, events
from config.lib.errors import Conflict, Forbidden, InvalidInput
from config.lib.http import throttle

LIFETIME = timedelta(days=7)


@transaction.atomic
def invitation_create(*, actor: Actor, email: str, role: str) -> Invitation:
    """Invite the person of ``email``. An address that is invited already gets a new link, with this role.

    Raises Forbidden (also for a role above the actor's own), InvalidInput, Conflict, PlanLimitReached, Throttled.
    """
    actor.require("invitation.write")
    email = _clean_address(email)
    _check_role(actor, role)
    throttle("invitation", str(actor.id), settings.THROTTLE_INVITATION)
    workspace = members.workspace_lock(workspace_id=actor.workspace_id)
    _check_role(members.as_now(actor=actor, action="invitation.write"), role)
    if Membership.objects.filter(workspace=workspace, user__email=email).exists():
        raise Conflict(_("This person is a member already."), code="already_member")
    open_ones = Invitation.objects.in_workspace(workspace.id).open()
    invitation = open_ones.filter(email=email).first() or Invitation(workspace=workspace, email=email)
    others = open_ones.filter(expires_at__gt=timezone.now()).exclude(email=email)
    members.room_check(workspace=workspace, expected=others.count())
    invitation.role, invitation.invited_by = role, actor.user
    _send(actor, invitation, "invitation.created")
    return invitation


@transaction.atomic
def invitation_resend(*, actor: Actor, invitation: Invitation) -> Invitation:
    """Send a new link, valid for seven days from now, in the actor's name; the old one ends. Raises Forbidden, Throttled."""
    actor.require("invitation.write")
    _check_role(actor, invitation.role)
    throttle("invitation", str(actor.id), settings.THROTTLE_INVITATION)
    members.workspace_lock(workspace_id=actor.workspace_id)
    invitation = get_invitation(actor, invitation.id, "invitation.write")  # again: it may have been answered meanwhile
    _check_role(members.as_now(actor=actor, action="invitation.write"), invitation.role)
    invitation.invited_by = actor.user
    _send(actor, invitation, "invitation.resent")
    return invitation


@transaction.atomic
def invitation_revoke(*, actor: Actor, invitation: Invitation) -> None:
    """End an invitation: its link opens nothing from now on."""
    actor.require("invitation.write")
    members.workspace_lock(workspace_id=actor.workspace_id)  # nobody is just being let in by it
    revoked = Invitation.objects.open().filter(id=invitation.id).update(revoked_at=timezone.now())
    if revoked:
        _record("invitation.revoked", actor.id, invitation)


@transaction.atomic
def invitation_accept(*, user: User, link: str) -> Actor:
    """Join the workspace that ``link`` invites to, once. Answers who ``user`` is there.

    Raises NotFound (wrong, used, revoked or expired), Forbidden ``invitation_email`` (it is for somebody else),
    PlanLimitReached.
    """
    workspace = members.workspace_lock(workspace_id=find_invitation(link).workspace_id)
    invitation = find_invitation(link)  # again: now nobody else can be using it
    if not is_for(user=user, invitation=invitation):
        raise Forbidden(
            _("This invitation is for %(email)s, and you are signed in as %(mine)s. Sign in with the other address.")
            % {"email": invitation.email, "mine": user.email},
            code="invitation_email",
        )
    actor = _accept(user, workspace, invitation)
    if not EmailAddress.objects.filter(email=invitation.email, verified=True).exists():  # an address is verified once
        EmailAddress.objects.filter(user=user, email=invitation.email).update(verified=True)
    return actor


@transaction.atomic
def invitation_accept_own(*, user: User, invitation_id: UUID) -> Actor:
    """Join by an invitation that waits in the inbox of ``user``, whose address is known to be theirs: no link is needed.

    It proves no address. Raises NotFound (another's, answered, revoked or expired), PlanLimitReached.
    """
    workspace, invitation = _own_locked(user, invitation_id)
    return _accept(user, workspace, invitation)


@transaction.atomic
def invitation_decline(*, user: User, invitation_id: UUID) -> Invitation:
    """Say no: the invitation ends, and its link with it. Raises NotFound.

    The audit entry names the address and not the person: who says no shows their profile to nobody.
    """
    _workspace, invitation = _own_locked(user, invitation_id)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at", "updated_at"])
    notices.invited_settle(invitation=invitation, user=user)
    _record("invitation.declined", None, invitation)
    return invitation


def _own_locked(user: User, invitation_id: UUID) -> tuple[Workspace, Invitation]:
    workspace = members.workspace_lock(workspace_id=get_own_invitation(user, invitation_id).workspace_id)
    return workspace, get_own_invitation(user, invitation_id)  # again: now nobody else can be answering it


def _accept(user: User, workspace: Workspace, invitation: Invitation) -> Actor:
    if not Membership.objects.filter(workspace=workspace, user=user).exists():
        members.member_add(workspace=workspace, user=user, role=invitation.role)
    invitation.accepted_at, invitation.accepted_by_id = timezone.now(), user.id
    invitation.save(update_fields=["accepted_at", "accepted_by_id", "updated_at"])
    workspaces.workspace_switch(user=user, workspace_id=workspace.id)
    notices.invited_settle(invitation=invitation, user=user)
    actor = get_actor(user, workspace.id)
    _record("invitation.accepted", actor.id, invitation)
    return actor


def is_for(*, user: User, invitation: Invitation) -> bool:
    """Whether the invitation went to an address of ``user``."""
    return (
        user.email == invitation.email
        or EmailAddress.objects.filter(user=user, email=invitation.email, verified=True).exists()
    )


def _clean_address(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput(_("Some fields are not valid."), errors={"email": error.messages}) from error
    return email


def _check_role(actor: Actor, role: str) -> None:
    if role not in Role.values:
        raise InvalidInput(_("Some fields are not valid."), errors={"role": [_("There is no such role.")]})
    if policies.outranks(role, actor.role):
        raise Forbidden(
            _("You cannot give a role above your own, which is %(role)s.") % {"role": Role(actor.role).label}
        )


def _send(actor: Actor, invitation: Invitation, action: str) -> None:
    link = opaque.new_link()
    invitation.digest = opaque.digest(link, purpose=INVITATION_PURPOSE)
    invitation.sent_at, invitation.told_at = timezone.now(), None
    invitation.expires_at = invitation.sent_at + LIFETIME
    invitation.save()
    _record(action, actor.id, invitation)
    _mail(actor, invitation, link)
    events.publish(InvitationSent(invitation.id, invitation.workspace_id, invitation.email))


def _mail(actor: Actor, invitation: Invitation, link: str) -> None:
    with languages.of_address(invitation.email):
        context = {
            "inviter": actor.user.display_name,
            "workspace": invitation.workspace.name,
            "role": invitation.get_role_display(),
            "url": settings.BASE_URL + reverse("invitation", args=[link]),
            "days": LIFETIME.days,
        }
        subject = _("%(inviter)s invites you to %(workspace)s on Troupe") % context
        text = render_to_string("mail/invitation.txt", context)
        action = _("Accept the invitation")
        outgoing_mails.mail_post(to=invitation.email, subject=subject, text=text, action=action)


def _record(action: str, actor_id: UUID | None, invitation: Invitation) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor_id, workspace_id=invitation.workspace_id, object_type="invitation",
            object_id=invitation.id, after={"email": invitation.email, "role": invitation.role},
        )
    )  # fmt: skip
    members.members_changed(workspace_id=invitation.workspace_id)

"""Deleting an account. The person is anonymised; ledger and audit entries stay, with ids that lead to nobody."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from community import registry
from community.events import PersonErased, WorkspaceClosed
from community.models import (
    InboxDismissal,
    Membership,
    NotificationPreference,
    Role,
    User,
    Workspace,
)
from community.services import avatars, members, outgoing_mails, sign_ins
from config.lib import audit, events
from config.lib.errors import Conflict


def workspaces_in_the_way(*, user: User) -> QuerySet[Workspace]:
    """Workspaces that others work in and nobody but ``user`` owns: they need another owner before the account can go."""
    owners = Count("memberships", filter=Q(memberships__role=Role.OWNER), distinct=True)
    counted = Workspace.objects.annotate(owners=owners, people=Count("memberships", distinct=True))
    owned = Membership.objects.filter(user=user, role=Role.OWNER).values("workspace_id")
    return counted.filter(id__in=owned, closed_at=None, owners=1, people__gt=1).order_by("name")


def workspaces_to_close(*, user: User) -> QuerySet[Workspace]:
    """Workspaces where nobody but ``user`` is: they go with the account."""
    mine = Membership.objects.filter(user=user).values("workspace_id")
    return (
        Workspace.objects.annotate(people=Count("memberships"))
        .filter(id__in=mine, closed_at=None, people=1)
        .order_by("name")
    )


@transaction.atomic
def person_erase(*, user: User) -> None:
    """Delete the account of ``user``. Raises Conflict (``last_owner``, with ``workspaces``) while others depend on them.

    Workspaces where they are alone are closed, others are left. Interfaces have asked for the password before.
    """
    person = User.objects.select_for_update().get(id=user.id)
    # In one order, so that two owners who leave at the same time do not both pass.
    mine = Membership.objects.filter(user=person).values("workspace_id")
    spaces = list(Workspace.objects.select_for_update().filter(id__in=mine).order_by("id"))
    in_the_way = workspaces_in_the_way(user=person)
    if in_the_way:
        raise Conflict(
            _("You are the only owner of workspaces that others work in. Make somebody else an owner first."),
            code="last_owner",
            workspaces=[{"id": str(workspace.id), "name": workspace.name} for workspace in in_the_way],
        )
    avatars.avatar_remove(user=person)
    for erase in registry.erasers:
        erase(person)
    for workspace in spaces:
        _leave(person, workspace)
    sign_ins.sign_ins_end_all(user=person)
    _anonymise(person)
    audit.record(
        audit.Entry(
            action="person.erased",
            actor_id=person.id,
            workspace_id=None,
            object_type="user",
            object_id=person.id,
        )
    )
    events.publish(PersonErased(person.id))


def _leave(person: User, workspace: Workspace) -> None:
    """Close a workspace nobody else is in; leave any other, and let its bills go to an owner who stays."""
    others = Membership.objects.filter(workspace=workspace).exclude(user=person)
    if not others.exists():
        if workspace.closed_at is None:
            workspace.closed_at = timezone.now()
            events.publish(WorkspaceClosed(workspace.id, person.id))
        workspace.email = _nobodys_address(person)
        if workspace.personal_of_id == person.id:
            workspace.name = _nobodys_handle(person)
    else:
        if workspace.personal_of_id == person.id:
            workspace.personal_of = None
        if workspace.email == person.email:
            owner = others.filter(role=Role.OWNER).select_related("user").order_by("created_at").first()
            workspace.email = owner.user.email if owner else _nobodys_address(person)
    workspace.save(update_fields=["closed_at", "email", "name", "personal_of", "updated_at"])
    members.invitations_withdraw(workspace=workspace, sender_id=person.id, role=None, actor_id=person.id)
    Membership.objects.filter(workspace=workspace, user=person).delete()
    audit.record(
        audit.Entry(
            action="workspace.closed" if workspace.closed_at else "member.left",
            actor_id=person.id,
            workspace_id=workspace.id,
            object_type="workspace",
            object_id=workspace.id,
        )
    )


def _anonymise(person: User) -> None:
    addresses = EmailAddress.objects.filter(user=person).values_list("email", flat=True)
    outgoing_mails.mails_forget(addresses=[person.email, *addresses])
    for kept in (EmailAddress, Authenticator, SocialAccount, NotificationPreference, InboxDismissal):
        kept.objects.filter(user=person).delete()
    person.notifications.all().delete()
    person.email, person.handle = _nobodys_address(person), _nobodys_handle(person)
    person.name = person.avatar = person.bio = person.language = ""
    person.timezone = "UTC"
    person.is_active = person.is_staff = person.is_superuser = False
    person.current_workspace = None
    person.last_login = None
    person.deleted_at = timezone.now()
    person.set_unusable_password()
    person.save()
    person.groups.clear()
    person.user_permissions.clear()
    person.refresh_families.all().delete()


def _nobodys_handle(person: User) -> str:
    return f"deleted-{person.id.hex[-16:]}"


def _nobodys_address(person: User) -> str:
    """An address that no mail reaches (RFC 2606) and nobody can register with."""
    return f"deleted-{person.id.hex}@deleted.invalid"

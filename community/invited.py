"""Whose an invitation is. Where no link shows it, a person must have shown before that the address is theirs."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from community.models import Invitation, Membership, User


def invitations_of(user: User) -> QuerySet[Invitation]:
    """What ``user`` may accept or decline now: sent to an address of theirs, still valid, into where they are not yet.

    An address counts where it is verified; where nobody verifies addresses, the one they sign in with.
    """
    addresses = EmailAddress.objects.filter(user=user, verified=True).values("email").order_by()
    if settings.ACCOUNT_EMAIL_VERIFICATION == "none":
        addresses = addresses.union(User.objects.filter(id=user.id).values("email").order_by())
    member = Membership.objects.filter(workspace_id=OuterRef("workspace_id"), user=user)
    rows = Invitation.objects.open().filter(email__in=addresses, expires_at__gt=timezone.now())
    return rows.filter(~Exists(member), workspace__closed_at=None).select_related("workspace", "invited_by")


def people_of(invitation: Invitation) -> QuerySet[User]:
    """The same seen from the other side: who finds ``invitation`` in their inbox. At most one person."""
    verified = EmailAddress.objects.filter(user_id=OuterRef("id"), email=invitation.email, verified=True)
    theirs = Q(Exists(verified))
    if settings.ACCOUNT_EMAIL_VERIFICATION == "none":
        theirs |= Q(email=invitation.email)
    member = Membership.objects.filter(workspace_id=invitation.workspace_id, user_id=OuterRef("id"))
    return User.objects.filter(theirs, ~Exists(member), is_active=True)

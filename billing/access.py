"""The door to a workspace's account."""

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import CreditAccount
from community.access import Actor
from config.lib.errors import NotFound


def require_credits_on() -> None:
    """Raises NotFound where the operator has turned credits off: then none of this exists."""
    if settings.BILLING_MODE == "off":
        raise NotFound(_("Credits are turned off on this installation."))


def get_account(actor: Actor, action: str = "credits.read") -> CreditAccount:
    """The account of the actor's workspace (an empty one where it is not opened yet). Raises NotFound, Forbidden."""
    require_credits_on()
    actor.require(action)
    found = CreditAccount.objects.select_related("plan").filter(workspace_id=actor.workspace_id).first()
    return found or CreditAccount(workspace_id=actor.workspace_id)

"""Accounts at other sites through which a person signs in. Connecting is allauth's, in the person's browser (docs/adr/0017)."""

from allauth.socialaccount import signals
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal.flows.connect import validate_disconnect
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from community.models import User
from config.lib.errors import Conflict, NotFound


def connection_remove(*, request: HttpRequest, user: User, account_id: int) -> None:
    """Disconnect an account at another site. Raises NotFound, Conflict ``last_way_in``."""
    with transaction.atomic():
        User.objects.select_for_update().get(id=user.id)  # two at once must not take away the last two
        account = SocialAccount.objects.filter(user=user, id=account_id).first()
        if account is None:
            raise NotFound(_("There is no such connection."))
        try:
            validate_disconnect(request, account)
        except ValidationError as error:
            raise Conflict(" ".join(error.messages), code="last_way_in") from error
        SocialAccount.objects.filter(id=account.id).delete()
        signals.social_account_removed.send(sender=SocialAccount, request=request, socialaccount=account)
    get_adapter().send_notification_mail(
        "socialaccount/email/account_disconnected",
        user,
        context={"account": account, "provider": account.get_provider()},
    )

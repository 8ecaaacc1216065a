"""Putting things away."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from community.access import Actor
from community.models import InboxDismissal
from community.registry import inbox_sources
from community.services.notifications import badges_changed
from config.lib.errors import Conflict, NotFound


@transaction.atomic
def inbox_dismiss(*, actor: Actor, kind: str, item_id: UUID) -> None:
    """Take an item out of the actor's inbox. Raises NotFound, Conflict for what has to be decided."""
    source = inbox_sources.get(kind)
    item = source.get(actor, item_id) if source else None
    if item is None:
        raise NotFound(_("This does not wait for you (any more)."))
    if not item.dismissible:
        raise Conflict(_("This has to be decided; it cannot be put away."), code="not_dismissible")
    InboxDismissal.objects.bulk_create(
        [InboxDismissal(user_id=actor.id, kind=kind, item_id=item_id)], ignore_conflicts=True
    )
    badges_changed(user_id=actor.id)

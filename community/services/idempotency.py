"""``Idempotency-Key``: the same key and body gives the first answer again for 24 hours."""

from datetime import timedelta
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from community.models import IdempotencyRecord
from config.lib.errors import Conflict, InvalidInput

LIFETIME = timedelta(hours=24)
MAX_KEY = 200


def claim(
    *, actor_id: UUID, workspace_id: UUID, path: str, key: str, body_digest: str, object_id: UUID
) -> IdempotencyRecord | None:
    """Take ``key`` for ``object_id``, in the caller's transaction. None: it is the caller's, who now makes the object.

    Otherwise the record of the first request, whose object answers this one too. A second request waits here for the
    first's transaction, so there is no moment in which both go ahead. Raises Conflict (``idempotency_key_reused``) where
    the key came with another body, InvalidInput where it is too long.
    """
    if not key or len(key) > MAX_KEY:
        raise InvalidInput(_("An Idempotency-Key has 1 to %(most)d characters.") % {"most": MAX_KEY})
    scope = {"workspace_id": workspace_id, "actor_id": actor_id, "path": path, "key": key}
    expired = models.Q(created_at__lte=timezone.now() - LIFETIME)
    IdempotencyRecord.objects.filter(expired, **scope).delete()
    mine = IdempotencyRecord(**scope, body_digest=body_digest, object_id=object_id)
    IdempotencyRecord.objects.bulk_create([mine], ignore_conflicts=True)
    first = IdempotencyRecord.objects.get(**scope)
    if first.id == mine.id:
        return None
    if first.body_digest != body_digest:
        raise Conflict(
            _("This Idempotency-Key was used with another body. Use a new key."), code="idempotency_key_reused"
        )
    return first


def expired_delete(*, batch: int = 5000) -> int:
    """Forget keys older than 24 hours; answers how many."""
    old = IdempotencyRecord.objects.filter(created_at__lte=timezone.now() - LIFETIME).values("id")[:batch]
    deleted, _by_model = IdempotencyRecord.objects.filter(id__in=old).delete()
    return deleted

"""Making, revoking and using API tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from community import opaque, policies
from community.access import TOKEN_PURPOSE, Actor
from community.models import ApiToken
from config.lib import audit, realtime
from config.lib.errors import InvalidInput

_SHOWN = 8
_USE_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def token_create(
    *, actor: Actor, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token of the actor, and its text, which is never to be had again. Raises Forbidden, InvalidInput."""
    actor.require("token.write")
    problems: dict[str, list[str]] = {}
    if unknown := sorted(set(scopes) - set(policies.SCOPES)):
        problems["scopes"] = [_("There is no scope %(scope)s.") % {"scope": scope} for scope in unknown]
    elif not scopes:
        problems["scopes"] = [_("Choose at least one scope.")]
    if expires_at is not None and expires_at <= timezone.now():
        problems["expires_at"] = [_("This moment has passed.")]
    if not (name := " ".join(name.split())):
        problems["name"] = [_("Give it a name.")]
    if problems:
        raise InvalidInput(_("Some fields are not valid."), errors=problems)
    text = opaque.new_token()
    token = ApiToken(
        workspace_id=actor.workspace_id, user=actor.user, name=name, prefix=text[:_SHOWN],
        digest=opaque.digest(text, purpose=TOKEN_PURPOSE), scopes=[scope for scope in policies.SCOPES if scope in scopes],
        expires_at=expires_at,
    )  # fmt: skip
    token.clean_fields()
    token.save(force_insert=True)
    _record("token.created", actor, token)
    return token, text


@transaction.atomic
def token_revoke(*, actor: Actor, token: ApiToken) -> None:
    """End a token, from its next use on. Raises Forbidden."""
    actor.require("token.write")
    if ApiToken.objects.filter(id=token.id, revoked_at=None).update(revoked_at=timezone.now()):
        realtime.access_changed(realtime.person_group(token.user_id))
        _record("token.revoked", actor, token)


def token_note_use(*, token_id: UUID, last_used_at: datetime | None) -> None:
    """Note that a token was used now: once a minute at most, so that a busy one does not write with each request."""
    now = timezone.now()
    if last_used_at is None or now - last_used_at >= _USE_NOTED_EVERY:
        ApiToken.objects.filter(id=token_id, last_used_at=last_used_at).update(last_used_at=now)


def _record(action: str, actor: Actor, token: ApiToken) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor.id, workspace_id=token.workspace_id, object_type="api_token", object_id=token.id,
            after={"name": token.name, "prefix": token.prefix, "scopes": token.scopes, "expires_at": token.expires_at},
        )
    )  # fmt: skip

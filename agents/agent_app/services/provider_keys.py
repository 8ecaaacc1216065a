"""Writing keys. Nothing here, nor anything it records, ever holds one in the clear."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app import probes, provider_types
from agent_app.models import KeyPurpose, KeyScope, Provider, ProviderKey
from agent_app.models.keys import TRACING_TYPE
from agent_app.probes import Target
from community.access import Actor
from config.lib import audit
from config.lib.errors import InvalidInput
from config.lib.ids import parse_uuid

MOST = 50  # keys in a workspace


def provider_key_create(
    *,
    actor: Actor,
    provider: str,
    api_key: str,
    name: str = "",
    scope: str = "user",
    purpose: str = "model",
    skip_test: bool = False,
) -> ProviderKey:
    """Keep a key, once its provider has accepted it. Raises Refused (422) with the provider's words, and nothing is kept.

    The test is outside of the transaction: nobody waits for a provider with a lock.
    """
    actor.require(action_for(scope=scope))
    slug, configured = _belongs(actor, provider, purpose)
    if purpose == KeyPurpose.TRACING and (slug, configured, scope) != (TRACING_TYPE, None, KeyScope.WORKSPACE):
        text = _("A key for tracing is OpenAI's, and the workspace's: the spans of its runs are sent there.")
        raise InvalidInput(errors={"purpose": [text]})
    if not skip_test:
        probes.key_check(target_of(slug=slug, provider=configured, api_key=api_key))
    with transaction.atomic():
        rows = ProviderKey.objects.in_workspace(actor.workspace_id)
        if rows.count() >= MOST:
            raise InvalidInput(_("A workspace has at most %(most)d keys.") % {"most": MOST})
        last = rows.filter(type=slug).aggregate(last=Max("position"))["last"]
        key = ProviderKey(
            workspace_id=actor.workspace_id, type=slug, provider=configured, scope=scope, purpose=purpose, name=name,
            owner=actor.user if scope == KeyScope.USER else None, position=0 if last is None else last + 1,
            tested_at=None if skip_test else timezone.now(), created_by_id=actor.id,
        )  # fmt: skip
        key.set_key(api_key)
        key.save(force_insert=True)
        _record(actor, "provider_key.created", key, {})
    return key


def provider_key_update(*, actor: Actor, key: ProviderKey, changes: Mapping[str, Any]) -> ProviderKey:
    """Change a key; a new one in its place is tested first (unless ``skip_test``). Raises Refused, and nothing has changed."""
    actor.require(action_for(scope=key.scope))
    values = dict(changes)
    secret, skip_test = values.pop("api_key", ""), values.pop("skip_test", False)
    if secret and not skip_test:
        probes.key_check(target_of(slug=key.type, provider=key.provider, api_key=secret))
    with transaction.atomic():
        locked = ProviderKey.objects.select_for_update(of=("self",)).get(id=key.id)
        before = _shown(locked)
        for field, value in values.items():
            setattr(locked, field, value)
        if secret:
            locked.set_key(secret)
            locked.tested_at, locked.test_error = (None if skip_test else timezone.now()), ""
        locked.save()
        _record(actor, "provider_key.changed", locked, before)
    return locked


@transaction.atomic
def provider_key_delete(*, actor: Actor, key: ProviderKey) -> None:
    actor.require(action_for(scope=key.scope))
    _record(actor, "provider_key.deleted", key, _shown(key))
    key.delete()


@transaction.atomic
def provider_keys_forget(*, user_id: UUID, workspace_id: UUID | None = None) -> None:
    """Delete a person's own keys: of the workspace they left, or all of them with their account."""
    rows = ProviderKey.objects.filter(owner_id=user_id, scope=KeyScope.USER)
    (rows.in_workspace(workspace_id) if workspace_id else rows).delete()


def action_for(*, scope: str) -> str:
    """What whoever writes a key of this scope must be allowed."""
    return "key.write" if scope == KeyScope.WORKSPACE else "key.own"


def target_of(*, slug: str, provider: Provider | None, api_key: str) -> Target:
    """Where a key is tried: at its provider, else at its type's own address."""
    base_url = provider.base_url if provider else provider_types.default_base_url(slug)
    return Target(
        type=slug, base_url=base_url, api_key=api_key, api=provider_types.default_api(slug),
        organization_id=provider.organization_id if provider else "",
        label=provider.name if provider else str(provider_types.info(slug).label),
    )  # fmt: skip


def _belongs(actor: Actor, named: str, purpose: str) -> tuple[str, Provider | None]:
    """The type that ``named`` means, and the configured provider where it is one. Raises InvalidInput."""
    known = provider_types.SEARCH_TYPES if purpose == KeyPurpose.SEARCH else provider_types.TYPES
    providers = Provider.objects.in_workspace(actor.workspace_id)
    found = None
    if purpose != KeyPurpose.SEARCH:
        identifier = parse_uuid(named)
        found = providers.filter(id=identifier).first() if identifier else providers.filter(name__iexact=named).first()
    if named.lower() in known and (found is None or found.type == named.lower() == found.name.lower()):
        slug = named.lower()
        if not provider_types.default_base_url(slug):
            text = _("Keys of this type belong to a configured provider. Name that one.")
            raise InvalidInput(errors={"provider": [text]})
        return slug, None
    if found is None:
        text = _("There is no such provider. Known types: %(names)s.") % {"names": ", ".join(known)}
        raise InvalidInput(errors={"provider": [text]})
    return found.type, found


def _shown(key: ProviderKey) -> dict[str, Any]:
    return {
        "type": key.type, "name": key.name, "scope": key.scope, "purpose": key.purpose, "key": key.key_hint,
        "enabled": key.enabled, "position": key.position,
    }  # fmt: skip


def _record(actor: Actor, action: str, key: ProviderKey, before: Mapping[str, Any]) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor.id, workspace_id=actor.workspace_id, object_type="provider_key", object_id=key.id,
            before=before, after={} if action.endswith("deleted") else _shown(key),
        )
    )  # fmt: skip

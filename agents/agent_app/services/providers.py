"""Writing providers."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from agent_app.model_references import LOCAL
from agent_app.models import Provider
from community.access import Actor
from config.lib import audit, outbound
from config.lib.errors import Conflict, InvalidInput

DEFAULT_BASE_URL: Mapping[str, str] = {
    "openai": "https://api.openai.com/v1",
    "google": "https://generativelanguage.googleapis.com/v1beta/openai",
    "huggingface": "https://router.huggingface.co/v1",
    "deepseek": "https://api.deepseek.com",
    "mistral": "https://api.mistral.ai/v1",
    "groq": "https://api.groq.com/openai/v1",
    "openrouter": "https://openrouter.ai/api/v1",
}


@transaction.atomic
def provider_create(*, actor: Actor, fields: Mapping[str, Any]) -> Provider:
    """Add a provider. ``fields`` are those of the model, with ``api_key`` in the clear: it is stored encrypted."""
    actor.require("provider.write")
    values = dict(fields)
    api_key = values.pop("api_key", "")
    values["base_url"] = _base_url(values["type"], values.get("base_url", ""))
    _check_name(actor, values["name"])
    provider = Provider(workspace_id=actor.workspace_id, created_by=actor.user, **values)
    provider.set_api_key(api_key)
    provider.save(force_insert=True)
    _record(actor, "provider.create", provider)
    return provider


@transaction.atomic
def provider_update(*, actor: Actor, provider: Provider, changes: Mapping[str, Any]) -> Provider:
    """Change a provider. A missing ``api_key`` keeps the old one, an empty one removes it; an empty URL is the type's own."""
    actor.require("provider.write")
    values = dict(changes)
    if "api_key" in values:
        provider.set_api_key(values.pop("api_key"))
    if "name" in values and values["name"].lower() != provider.name.lower():
        _check_name(actor, values["name"])
    if "base_url" in values:
        values["base_url"] = _base_url(values.get("type", provider.type), values["base_url"])
    for name, value in values.items():
        setattr(provider, name, value)
    provider.save()
    _record(actor, "provider.update", provider)
    return provider


@transaction.atomic
def provider_delete(*, actor: Actor, provider: Provider) -> None:
    """Remove a provider and its key. Agents that name its models say so when they are run."""
    actor.require("provider.write")
    _record(actor, "provider.delete", provider)
    provider.delete()


def _base_url(kind: str, given: str) -> str:
    """``given``, or the type's own. Raises InvalidInput where neither is there or it leads where users may not go."""
    base_url = given or DEFAULT_BASE_URL.get(kind, "")
    if not base_url:
        raise InvalidInput(errors={"base_url": [_("This type of provider needs its base URL.")]})
    outbound.check_url(base_url, allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS)
    return base_url


def _check_name(actor: Actor, name: str) -> None:
    if name.lower() == LOCAL or "/" in name:
        raise InvalidInput(errors={"name": [_("A provider's name has no “/” and is not “local”.")]})
    if Provider.objects.in_workspace(actor.workspace_id).filter(name__iexact=name).exists():
        raise Conflict(_("This workspace has a provider of that name already."), code="name_taken")


def _record(actor: Actor, action: str, provider: Provider) -> None:
    audit.record(
        audit.Entry(
            action=action,
            actor_id=actor.id,
            workspace_id=actor.workspace_id,
            object_type="provider",
            object_id=provider.id,
            after={
                "name": provider.name,
                "type": provider.type,
                "base_url": provider.base_url,
                "key": provider.api_key_hint,
            },
        )
    )

"""Writing providers."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app import keys, probes, provider_types
from agent_app.keys import KeyUnreadable
from agent_app.model_references import ResolvedModel
from agent_app.models import Provider, ProviderModel
from agent_app.probes import Target
from agent_app.provider_types import LOCAL
from agent_app.tools import egress
from community.access import Actor
from config.lib import audit, outbound
from config.lib.errors import Conflict, InvalidInput, Refused
from config.lib.secrets import DecryptionError

# What PUT means where it leaves something out (a key that is left out stays).
EMPTY: Mapping[str, Any] = {
    "base_url": "", "organization_id": "", "models": [], "default_model": "", "additional_config": {},
}  # fmt: skip


def provider_tried(*, actor: Actor, fields: Mapping[str, Any], provider: Provider | None = None) -> dict[str, Any]:
    """``fields`` for the two functions below, once the provider has answered, where ``test`` among them asks for it.

    Raises Refused with the provider's own words. Outside of a transaction: nobody waits for a provider with a lock.
    """
    actor.require("provider.write")
    values = dict(fields)
    if not values.pop("test", False):
        return values
    kind = values.get("type") or (provider.type if provider else "")
    given = values.get("base_url", provider.base_url if provider else "")
    if provider:
        _check_keys(provider, base_url_of(kind=kind, given=given), values)
    old = ""
    if provider and "api_key" not in values:
        try:
            old = provider.api_key
        except DecryptionError as error:
            text = _("Its key cannot be decrypted on this installation. Enter it again.")
            raise InvalidInput(errors={"api_key": [text]}) from error
    probes.key_check(
        Target(
            type=kind, base_url=base_url_of(kind=kind, given=given), api_key=values.get("api_key", old),
            api=provider_types.default_api(kind),
            organization_id=values.get("organization_id", provider.organization_id if provider else ""),
            label=values.get("name") or (provider.name if provider else ""),
        )
    )  # fmt: skip
    return {**values, "tested": True}


@transaction.atomic
def provider_create(*, actor: Actor, fields: Mapping[str, Any]) -> Provider:
    """Add a provider. ``fields`` are those of the model, with ``api_key`` in the clear (it is stored encrypted), ``models`` (ids) and
    ``tested`` (it has answered just now)."""
    actor.require("provider.write")
    values = dict(fields)
    api_key, model_ids, tested = values.pop("api_key", ""), values.pop("models", []), values.pop("tested", False)
    values["base_url"] = base_url_of(kind=values["type"], given=values.get("base_url", ""))
    check_config(kind=values["type"], config=values.get("additional_config", {}))
    _check_name(actor, values["name"])
    provider = Provider(workspace_id=actor.workspace_id, created_by=actor.user, **values)
    provider.set_api_key(api_key)
    provider.tested_at = timezone.now() if tested else None
    provider.save(force_insert=True)
    _list_models(provider, model_ids)
    _record(actor, "provider.create", provider)
    return provider


@transaction.atomic
def provider_update(*, actor: Actor, provider: Provider, changes: Mapping[str, Any]) -> Provider:
    """Change a provider. A missing ``api_key`` keeps the old one, an empty one removes it; an empty URL is the type's own.

    Another host is another provider for its keys: raises InvalidInput where one that was entered for the old host would be sent
    to the new one.
    """
    actor.require("provider.write")
    values = dict(changes)
    provider = Provider.objects.select_for_update(of=("self",)).get(id=provider.id)
    before = _shown(provider)
    kind = values.get("type", provider.type)
    if "base_url" in values:
        values["base_url"] = base_url_of(kind=kind, given=values["base_url"])
        _check_keys(provider, values["base_url"], values)
    check_config(kind=kind, config=values.get("additional_config", provider.additional_config))
    if "api_key" in values:
        provider.set_api_key(values.pop("api_key"))
    if "name" in values and values["name"].lower() != provider.name.lower():
        _check_name(actor, values["name"])
    model_ids = values.pop("models", None)
    if values.pop("tested", False):
        provider.tested_at, provider.test_error = timezone.now(), ""
    for name, value in values.items():
        setattr(provider, name, value)
    provider.save()
    if model_ids is not None or "default_model" in values:
        _list_models(provider, model_ids if model_ids is not None else provider.model_ids)
    _record(actor, "provider.update", provider, before)
    return provider


def provider_test(*, actor: Actor, provider: Provider) -> Provider:
    """Ask the provider whether it takes the key it would be called with first, and note what it said (``test_error``)."""
    actor.require("provider.write")
    resolved = ResolvedModel("", provider)
    usable = keys.for_model(resolved, workspace_id=provider.workspace_id, person_id=actor.id)
    own = next((key for key in usable if key.own), None)
    if own is None:
        raise Refused(keys.missing(resolved, of_run=False), code="no_key")
    said = ""
    try:
        probes.key_check(
            Target(
                type=provider.type, base_url=provider.base_url, api_key=own.secret(), label=provider.name,
                api=provider_types.default_api(provider.type), organization_id=provider.organization_id,
            )
        )  # fmt: skip
    except (Refused, KeyUnreadable) as error:
        said = str(error.detail if isinstance(error, Refused) else error)
    Provider.objects.filter(id=provider.id).update(tested_at=timezone.now(), test_error=said[:600])
    provider.refresh_from_db(fields=["tested_at", "test_error"])
    _record(actor, "provider.test", provider)
    return provider


@transaction.atomic
def provider_delete(*, actor: Actor, provider: Provider) -> None:
    """Remove a provider with its keys and models. Agents that name its models say so when they are run."""
    actor.require("provider.write")
    _record(actor, "provider.delete", provider)
    provider.delete()


def base_url_of(*, kind: str, given: str) -> str:
    """``given``, or the type's own. Raises InvalidInput where neither is there or it leads where users may not go."""
    base_url = given or provider_types.default_base_url(kind)
    if not base_url:
        raise InvalidInput(errors={"base_url": [_("This type of provider needs its base URL.")]})
    if not provider_types.own_address(kind, base_url):
        try:
            outbound.check_url(base_url, allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS)
        except InvalidInput as error:
            advice = _("Enter an address that this server may reach, or ask its operator to allow the host.")
            raise InvalidInput(errors={"base_url": [f"{error.detail} {advice}"]}) from error
    return base_url


def _check_keys(provider: Provider, base_url: str, given: Mapping[str, Any]) -> None:
    """Whoever may change an address is not sent the keys that others entered for another one. Raises InvalidInput."""
    old = egress.origin(provider.base_url)
    if egress.origin(base_url) == old:
        return
    if provider.api_key_encrypted and "api_key" not in given:
        text = _("This was entered for %(audience)s. Enter it again for the new address.") % {"audience": old}
        raise InvalidInput(_("Some fields need another look."), errors={"api_key": [text]}, code="secret_again")
    if names := [key.name or key.key_hint for key in provider.keys.all()[:20]]:
        text = _("These keys were entered for %(audience)s, remove them first: %(names)s.")
        shown = text % {"audience": old, "names": ", ".join(names)}
        raise InvalidInput(_("Some fields need another look."), errors={"base_url": [shown]}, code="secret_again")


def check_config(*, kind: str, config: Mapping[str, Any]) -> None:
    """Raises InvalidInput for an API that the type does not speak."""
    spoken = provider_types.info(kind).apis
    if config.get("api", spoken[0]) not in spoken:
        text = _("This type of provider speaks: %(names)s.") % {"names": ", ".join(spoken)}
        raise InvalidInput(errors={"additional_config": [text]})


def _list_models(provider: Provider, model_ids: Iterable[str]) -> None:
    """Make the provider's models these, in this order, its default among them. What stays keeps its tests."""
    wanted = list(dict.fromkeys([*model_ids, *([provider.default_model] if provider.default_model else [])]))
    known = {row.model_id: row for row in ProviderModel.objects.filter(provider_id=provider.id)}
    ProviderModel.objects.filter(provider_id=provider.id).exclude(model_id__in=wanted).delete()
    rows = [
        known.get(model_id)
        or ProviderModel(workspace_id=provider.workspace_id, provider_id=provider.id, model_id=model_id)
        for model_id in wanted
    ]
    for position, row in enumerate(rows):
        row.position = position
    ProviderModel.objects.bulk_create([row for row in rows if row.model_id not in known])
    ProviderModel.objects.bulk_update([row for row in rows if row.model_id in known], ["position"])
    provider._prefetched_objects_cache = {}  # type: ignore[attr-defined]  # rows read before are not those any more


def _check_name(actor: Actor, name: str) -> None:
    if name.lower() == LOCAL or "/" in name:
        raise InvalidInput(errors={"name": [_("A provider's name has no “/” and is not “local”.")]})
    if Provider.objects.in_workspace(actor.workspace_id).filter(name__iexact=name).exists():
        raise Conflict(_("This workspace has a provider of that name already."), code="name_taken")


def _shown(provider: Provider) -> dict[str, Any]:
    return {
        "name": provider.name, "type": provider.type, "base_url": provider.base_url, "key": provider.api_key_hint,
    }  # fmt: skip


def _record(actor: Actor, action: str, provider: Provider, before: Mapping[str, Any] | None = None) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor.id, workspace_id=actor.workspace_id, object_type="provider", object_id=provider.id,
            before=before or {}, after=_shown(provider),
        )
    )  # fmt: skip

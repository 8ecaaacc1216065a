"""Writing the models of providers, and testing them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app import keys, model_references, probe_wire, probes, provider_types
from agent_app.keys import KeyUnreadable
from agent_app.models import CAPABILITIES, Provider, ProviderModel
from agent_app.probes import Target
from community.access import Actor
from config.lib import audit
from config.lib.errors import Conflict, InvalidInput, Refused

MOST = 200
# What PUT means where it leaves something out.
EMPTY: dict[str, Any] = {
    "api": "",
    "context_window": None,
    "max_output": None,
    "capabilities": dict.fromkeys(CAPABILITIES),
}


@transaction.atomic
def provider_model_create(*, actor: Actor, provider: Provider, fields: Mapping[str, Any]) -> ProviderModel:
    """Add a model to a provider. Raises Conflict where it is there."""
    actor.require("provider.write")
    values = dict(fields)
    model_id = values.pop("model").strip()
    rows = ProviderModel.objects.filter(provider_id=provider.id)
    if rows.filter(model_id=model_id).exists():
        raise Conflict(_("This provider has that model already."), code="model_listed")
    if rows.count() >= MOST:
        raise InvalidInput(_("A provider has at most %(most)d models.") % {"most": MOST})
    last = rows.aggregate(last=Max("position"))["last"]
    row = ProviderModel(
        workspace_id=provider.workspace_id, provider=provider, model_id=model_id, position=0 if last is None else last + 1
    )  # fmt: skip
    _set(row, values)
    row.save(force_insert=True)
    _record(actor, "model.created", row)
    return row


@transaction.atomic
def provider_model_update(*, actor: Actor, row: ProviderModel, changes: Mapping[str, Any]) -> ProviderModel:
    """Change what is known of a model. Capabilities that are named are set, or with null forgotten; the others stay."""
    actor.require("provider.write")
    locked = ProviderModel.objects.select_for_update(of=("self",)).select_related("provider").get(id=row.id)
    _set(locked, changes)
    locked.save()
    _record(actor, "model.changed", locked)
    return locked


@transaction.atomic
def provider_model_delete(*, actor: Actor, row: ProviderModel) -> None:
    """Remove a model. Agents that are set to it say so when they are run."""
    actor.require("provider.write")
    if row.provider.default_model == row.model_id:
        Provider.objects.filter(id=row.provider_id).update(default_model="")
    _record(actor, "model.deleted", row)
    row.delete()


def provider_model_test(*, actor: Actor, row: ProviderModel) -> ProviderModel:
    """Ask the model a few tiny questions with the workspace's own key and note what it can do. Raises Refused without a key.

    The operator's key is not used: what it costs could be charged to nobody's run.
    """
    actor.require("provider.write")
    resolved = model_references.resolve(
        workspace_id=row.workspace_id, reference=row.model_id, provider_id=row.provider_id
    )
    if resolved.api not in probe_wire.PATHS:
        raise Refused(_("Models of this type make pictures; they cannot be tested here."))
    usable = keys.for_model(resolved, workspace_id=row.workspace_id, person_id=actor.id)
    own = next((key for key in usable if key.own), None)
    if own is None:
        raise Refused(_("Add a key of your own for %(name)s first.") % {"name": row.provider.name}, code="no_key")
    try:
        secret = own.secret()
    except KeyUnreadable as error:
        raise Refused(str(error), code="no_key") from error
    target = Target(
        type=resolved.type, base_url=resolved.base_url, api_key=secret, api=resolved.api, model=row.model_id,
        organization_id=row.provider.organization_id, label=row.provider.name,
    )  # fmt: skip
    return _tested(actor, row, probes.model_check(target))


@transaction.atomic
def _tested(actor: Actor, row: ProviderModel, report: probes.ModelReport) -> ProviderModel:
    now = timezone.now()
    locked = ProviderModel.objects.select_for_update(of=("self",)).select_related("provider").get(id=row.id)
    shown = {name: check.supported for name, check in report.checks.items() if check.supported is not None}
    locked.capabilities = locked.capabilities | shown
    locked.tested_at, locked.test_result = now, report.stored()
    locked.save(update_fields=["capabilities", "tested_at", "test_result", "updated_at"])
    Provider.objects.filter(id=row.provider_id).update(tested_at=now, test_error=report.error[:600])
    _record(actor, "model.tested", locked)
    return locked


def _set(row: ProviderModel, values: Mapping[str, Any]) -> None:
    changes = dict(values)
    said = changes.pop("capabilities", {})
    row.capabilities = {name: can for name, can in (row.capabilities | said).items() if can is not None}
    if changes.get("api") and changes["api"] not in provider_types.info(row.provider.type).apis:
        raise InvalidInput(errors={"api": [_("This type of provider does not speak that.")]})
    for name, value in changes.items():
        setattr(row, name, value)


def _record(actor: Actor, action: str, row: ProviderModel) -> None:
    after = {"model": row.model_id, "capabilities": row.capabilities, "tested": row.test_result.get("ok")}
    audit.record(
        audit.Entry(
            action=action, actor_id=actor.id, workspace_id=row.workspace_id, object_type="model", object_id=row.id, after=after
        )
    )  # fmt: skip

"""Writing integrations."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from agent_app.credentials import credential_take
from agent_app.integrations import users
from agent_app.models import Integration
from agent_app.tools import egress, registry
from agent_app.tools.integration import INTEGRATION
from community.access import Actor
from config.lib import audit
from config.lib.errors import Conflict, InvalidInput

_PARAMS = ("url", "auth")


@transaction.atomic
def integration_create(*, actor: Actor, fields: Mapping[str, Any]) -> Integration:
    """Add an integration. ``fields`` are name, description, url and auth with its secrets. Raises InvalidInput by field."""
    actor.require("tool.write")
    row = Integration(workspace_id=actor.workspace_id, created_by=actor.user)
    _set(actor, row, fields)
    _save(row, new=True)
    _record(actor, "integration.created", row, before={})
    return row


@transaction.atomic
def integration_update(
    *, actor: Actor, integration: Integration, changes: Mapping[str, Any], revision: int | None = None
) -> Integration:
    """Save ``changes``: the next call of every tool that uses it goes by them. A masked or missing secret stays, for the same host.

    Raises Conflict where ``revision`` is stale, and InvalidInput by field: also where tools that use it call the old host.
    """
    actor.require("tool.write")
    row = Integration.objects.select_for_update(of=("self",)).get(id=integration.id)
    if revision is not None and revision != row.revision:
        raise Conflict(
            _("Somebody else has saved this integration since you opened it. Reload to see their changes."),
            code="stale_revision", current_revision=row.revision,
            changed=[name for name, value in changes.items() if _shown(row).get(name) != value],
        )  # fmt: skip
    before = _shown(row)
    if "url" in changes and egress.origin(changes["url"]) != egress.origin(row.url) and (names := users(row)):
        text = _("These tools use it at the old host: %(names)s.") % {"names": ", ".join(names[:20])}
        raise InvalidInput(_("Some fields need another look."), errors={"url": [text]})
    _set(actor, row, changes)
    row.revision += 1
    _save(row, new=False)
    _record(actor, "integration.changed", row, before=before)
    return row


@transaction.atomic
def integration_delete(*, actor: Actor, integration: Integration) -> None:
    """Remove an integration. Raises Conflict, with their names, where tools use it; published versions that do fail from then on."""
    actor.require("tool.write")
    row = Integration.objects.select_for_update(of=("self",)).get(id=integration.id)
    if names := users(row):
        text = _("These tools use it: %(names)s. Change those first.") % {"names": ", ".join(names[:20])}
        raise Conflict(text, code="in_use", tools=names)
    _record(actor, "integration.deleted", row, before=_shown(row))
    row.delete()


def _set(actor: Actor, row: Integration, values: Mapping[str, Any]) -> None:
    for name in ("name", "description"):
        if name in values:
            setattr(row, name, values[name])
    row.updated_by = actor.user
    params = {**row.params, **{name: values[name] for name in _PARAMS if name in values}}
    if params == row.params:
        return
    if errors := registry.params_problems(INTEGRATION, row.workspace_id, params):
        raise InvalidInput(_("Some fields need another look."), errors=errors)
    row.params, row.credential_id = credential_take(
        actor=actor, kind=INTEGRATION, params=params, old_id=row.credential_id
    )


def _save(row: Integration, *, new: bool) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=new)
    except IntegrityError as error:
        if "integration_name_unique" not in str(error):
            raise
        text = _("There is an integration called “%(name)s” already.") % {"name": row.name}
        raise InvalidInput(errors={"name": [text]}) from error


def _shown(row: Integration) -> dict[str, Any]:
    return {"name": row.name, "description": row.description, **row.params}


def _record(actor: Actor, action: str, row: Integration, *, before: dict[str, Any]) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor.id, workspace_id=actor.workspace_id, object_type="integration", object_id=row.id,
            before=before, after={} if action == "integration.deleted" else _shown(row),
        )
    )  # fmt: skip

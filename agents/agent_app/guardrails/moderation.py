"""``moderation``: asks an OpenAI-compatible moderation endpoint, with the workspace's own provider or key."""

from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import keys
from agent_app.engine.providers import transport
from agent_app.guardrails import wire
from agent_app.guardrails.registry import ON_ERROR, AskingKind, CheckContext, CheckFailed, Config, Problems
from agent_app.guardrails.verdict import Verdict
from agent_app.json_schemas import Schema
from agent_app.keys import KeyUnreadable
from agent_app.model_references import ResolvedModel
from agent_app.models import Provider
from config.lib import outbound
from config.lib.db import in_db
from config.lib.errors import InvalidInput
from config.lib.ids import parse_uuid

_MODEL = "omni-moderation-latest"
_SECONDS = 15
_NO_VERDICT = gettext_lazy("The moderation endpoint answered something that is no verdict.")


class Moderation(AskingKind):
    name = "moderation"
    label = gettext_lazy("Moderation")
    summary = gettext_lazy("Asks your provider's moderation endpoint (OpenAI, or one that speaks like it).")
    icon = "shield-check"
    properties: ClassVar[Schema] = {
        "provider_id": {"type": "string", "maxLength": 40, "title": gettext_lazy("Id of the provider; empty: OpenAI, with your key")},
        "model": {"type": "string", "maxLength": 200, "title": gettext_lazy("Model; empty: the usual one")},
        "categories": {
            "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 60}, "maxItems": 30,
            "title": gettext_lazy("Only these categories, one a line"),
        },
        "threshold": {
            "type": "number", "minimum": 0, "maximum": 1, "title": gettext_lazy("Trip from this score on; empty: the provider decides"),
        },
        **ON_ERROR,
    }  # fmt: skip

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        wanted = config.get("provider_id")
        if not wanted:
            return {}
        found = parse_uuid(wanted)
        if found is None or not Provider.objects.in_workspace(workspace_id).filter(id=found).exists():
            return {"provider_id": [_("There is no such provider in this workspace.")]}
        return {}

    async def verdict(self, text: str, config: Config, context: CheckContext) -> Verdict:
        address, key, guarded = await in_db(_target, config, context)
        body = {"input": text, "model": config.get("model") or _MODEL}
        return judged(await _asked(address, key, guarded, body), config)


def _target(config: Config, context: CheckContext) -> tuple[str, str, bool]:
    """Address, key, and whether the address is a user's. Raises CheckFailed."""
    provider = None
    if wanted := config.get("provider_id"):
        provider = Provider.objects.in_workspace(context.workspace_id).filter(id=wanted).first()
        if provider is None:
            raise CheckFailed(_("The provider of this guardrail is gone."))
    resolved = ResolvedModel(config.get("model") or _MODEL, provider, slug="openai")
    usable = keys.for_model(resolved, workspace_id=context.workspace_id, person_id=context.actor_id)
    if not usable:
        raise CheckFailed(keys.missing(resolved, of_run=False))
    try:
        return resolved.base_url, usable[0].secret(), resolved.guarded
    except KeyUnreadable as error:
        raise CheckFailed(str(error)) from error


async def _asked(address: str, key: str, guarded: bool, body: dict[str, Any]) -> Any:
    url = f"{address.rstrip('/')}/moderations"
    if guarded:
        try:
            outbound.check_url(url, allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS)
        except InvalidInput as error:
            raise CheckFailed(error.detail) from error
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    said = await wire.post(transport.session(guarded=guarded), url, orjson.dumps(body), headers, seconds=_SECONDS)
    try:
        return orjson.loads(said)
    except orjson.JSONDecodeError as error:
        raise CheckFailed(_NO_VERDICT) from error


def judged(answer: Any, config: Config) -> Verdict:
    """What an answer says. Raises CheckFailed where it is none."""
    try:
        [result] = answer["results"]
        flagged, categories = bool(result["flagged"]), dict(result["categories"])
        scores = {name: float(score) for name, score in (result.get("category_scores") or {}).items()}
    except (KeyError, TypeError, ValueError) as error:
        raise CheckFailed(_NO_VERDICT) from error
    threshold, only = config.get("threshold"), config.get("categories")
    if threshold is not None:
        found = [name for name, score in scores.items() if score >= threshold]
    else:
        found = [name for name, hit in categories.items() if hit]
    found = sorted(name for name in found if not only or name in only)
    tripped = bool(found) or (flagged and threshold is None and not only)
    message = _("The text was found to be: %(categories)s.") % {"categories": ", ".join(found) or _("not allowed")}
    return Verdict(tripped=tripped, message=message if tripped else "", info={"categories": found, "scores": scores})

"""The models that an agent may be set to, with what they cost and can, and why some cannot do what it asks."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from agent_app import access, provider_types
from agent_app.capabilities import capability_problems
from agent_app.model_references import LOCAL, LOCAL_MODEL, ResolvedModel
from agent_app.model_reports import described, key_counts, model_rows, price_shown
from agent_app.models import CatalogueModel, Lifecycle, ProviderKey
from billing import rates
from billing.pricing import Price
from community.access import Actor


def picker(actor: Actor, definition: Mapping[str, Any], chosen: str) -> list[dict[str, Any]]:
    """The local model, the workspace's own, and the catalogue's for which there is a key. A fixed number of queries."""
    payer = _Payer(actor)
    found = [_choice(_local(), rates.price_of(f"{LOCAL}/{LOCAL_MODEL}"), payer)] if settings.LOCAL_MODEL_URL else []
    found += [_choice(row.resolved, row.rate, payer) for row in described(model_rows(actor))]
    usable = CatalogueModel.objects.filter(provider__in=payer.slugs(), lifecycle=Lifecycle.ACTIVE)
    entries = [entry for entry in usable.order_by("provider", "model_id") if entry.capabilities.get("streaming")]
    prices = rates.prices_of(entry.reference for entry in entries)
    found += [
        _choice(ResolvedModel(entry.model_id, slug=entry.provider, entry=entry), prices[entry.reference], payer)
        for entry in entries
    ]
    for choice in found:
        problems = capability_problems(definition, choice["resolved"])
        choice["refused"] = " ".join(problem.message for problem in problems if problem.severity == "error")
        choice["warning"] = " ".join(problem.message for problem in problems if problem.severity == "warning")
        choice["chosen"] = choice["reference"] == chosen
    return found


class _Payer:
    """Whether a model would be paid for with an own key or in credits: the order of ``keys``, for many models at once."""

    def __init__(self, actor: Actor) -> None:
        self._typed = key_counts(actor)
        bound = ProviderKey.objects.in_workspace(actor.workspace_id).seen_by(actor.id).exclude(provider=None)
        self._bound = set(bound.values_list("provider_id", flat=True))
        self._credits_first = access.credits_first(actor)

    def slugs(self) -> list[str]:
        """The types whose models can be called at their own address."""
        return [slug for slug in provider_types.TYPES if self._typed.get(slug) or provider_types.platform_key(slug)]

    def own(self, resolved: ResolvedModel) -> bool:
        if resolved.local:
            return False
        provider = resolved.provider
        typed = provider_types.own_address(resolved.type, resolved.base_url)
        platform = typed and bool(provider_types.platform_key(resolved.type))
        if platform and self._credits_first:
            return False
        of_provider = provider is not None and (bool(provider.api_key_encrypted) or provider.id in self._bound)
        return not platform or of_provider or (typed and bool(self._typed.get(resolved.type)))


def _local() -> ResolvedModel:
    entry = CatalogueModel.objects.filter(provider=LOCAL, model_id=LOCAL_MODEL).first()
    return ResolvedModel(LOCAL_MODEL, entry=entry)


def _choice(resolved: ResolvedModel, rate: Price, payer: _Payer) -> dict[str, Any]:
    return {
        "resolved": resolved, "reference": resolved.reference, "label": resolved.model, "provider": resolved.label,
        "context_window": resolved.context_window, "capabilities": resolved.capabilities,
        "price": price_shown(resolved.entry, rate), "own_key": payer.own(resolved),
    }  # fmt: skip

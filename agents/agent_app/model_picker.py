"""The models that an agent may be set to, with what they cost, can and how fast they are, and why some cannot do what it asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from agent_app import access, provider_types
from agent_app.capabilities import capability_problems
from agent_app.keys import missing
from agent_app.model_references import LOCAL, LOCAL_MODEL, ResolvedModel
from agent_app.model_reports import described, model_rows, price_shown
from agent_app.model_speed import speeds
from agent_app.models import CatalogueModel, KeyPurpose, Lifecycle, ProviderKey
from billing import rates
from billing.pricing import Price
from community.access import Actor


@dataclass(kw_only=True)
class Group:
    """The choices of one provider; or, in ``missing``, providers that have none yet."""

    label: str
    choices: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def picker(actor: Actor, definition: Mapping[str, Any], chosen: str) -> list[dict[str, Any]]:
    """The local model, the workspace's own, and the catalogue's for which there is a key. A fixed number of queries."""
    return _choices(actor, _Payer(actor), definition, chosen)


def groups(actor: Actor, definition: Mapping[str, Any], chosen: str) -> list[Group]:
    """The same by provider, and after them the types of providers that only lack a key."""
    payer = _Payer(actor)
    found: dict[str, Group] = {}
    for choice in _choices(actor, payer, definition, chosen):
        found.setdefault(choice["provider"], Group(label=choice["provider"])).choices.append(choice)
    listed = set(
        CatalogueModel.objects.filter(lifecycle=Lifecycle.ACTIVE).values_list("provider", flat=True).distinct()
    )
    keyless = [
        str(info.label)
        for slug, info in provider_types.TYPES.items()
        if slug in listed and info.apis != ("images",) and not payer.keyed(slug) and str(info.label) not in found
    ]
    return [
        *found.values(),
        *([Group(label=_("No key yet: add one under Models"), missing=keyless)] if keyless else []),
    ]


def _choices(actor: Actor, payer: "_Payer", definition: Mapping[str, Any], chosen: str) -> list[dict[str, Any]]:
    found = [_choice(_local(), rates.price_of(f"{LOCAL}/{LOCAL_MODEL}"), payer)] if settings.LOCAL_MODEL_URL else []
    found += [_choice(row.resolved, row.rate, payer) for row in described(model_rows(actor))]
    slugs = [slug for slug in provider_types.TYPES if payer.keyed(slug)]
    usable = CatalogueModel.objects.filter(provider__in=slugs, lifecycle=Lifecycle.ACTIVE)
    entries = [entry for entry in usable.order_by("provider", "model_id") if entry.capabilities.get("streaming")]
    prices = rates.prices_of(entry.reference for entry in entries)
    found += [
        _choice(ResolvedModel(entry.model_id, slug=entry.provider, entry=entry), prices[entry.reference], payer)
        for entry in entries
    ]
    measured = speeds(actor.workspace_id)
    for choice in found:
        problems = capability_problems(definition, choice["resolved"])
        refused = [problem.message for problem in problems if problem.severity == "error"]
        refused += [] if payer.reaches(choice["resolved"]) else [missing(choice["resolved"], of_run=False)]
        choice["refused"] = " ".join(refused)
        choice["warning"] = " ".join(problem.message for problem in problems if problem.severity == "warning")
        choice["chosen"] = choice["reference"] == chosen
        choice["speed"] = measured.get(choice["reference"])
    return found


class _Payer:
    """Whether a model would be paid for with an own key or in credits, or by nobody: the order of ``keys``, for many at once."""

    def __init__(self, actor: Actor) -> None:
        seen = ProviderKey.objects.in_workspace(actor.workspace_id).seen_by(actor.id)
        rows = list(seen.filter(purpose=KeyPurpose.MODEL, enabled=True).values_list("type", "provider_id"))
        self._typed = {slug for slug, provider_id in rows if provider_id is None}
        self._bound = {provider_id for _slug, provider_id in rows if provider_id is not None}
        self._credits_first = access.credits_first(actor)

    def keyed(self, slug: str) -> bool:
        """Whether the models of a type can be called at its own address."""
        return slug in self._typed or bool(provider_types.platform_key(slug))

    def reaches(self, resolved: ResolvedModel) -> bool:
        """Whether there is a key for it, or it may need none."""
        if resolved.local or not provider_types.own_address(resolved.type, resolved.base_url):
            return True
        return self._of_provider(resolved) or self.keyed(resolved.type)

    def own(self, resolved: ResolvedModel) -> bool:
        if resolved.local:
            return False
        typed = provider_types.own_address(resolved.type, resolved.base_url)
        platform = typed and bool(provider_types.platform_key(resolved.type))
        if platform and self._credits_first:
            return False
        return not platform or self._of_provider(resolved) or (typed and resolved.type in self._typed)

    def _of_provider(self, resolved: ResolvedModel) -> bool:
        provider = resolved.provider
        return provider is not None and (bool(provider.api_key_encrypted) or provider.id in self._bound)


def _local() -> ResolvedModel:
    entry = CatalogueModel.objects.filter(provider=LOCAL, model_id=LOCAL_MODEL).first()
    return ResolvedModel(LOCAL_MODEL, entry=entry)


def _choice(resolved: ResolvedModel, rate: Price, payer: _Payer) -> dict[str, Any]:
    return {
        "resolved": resolved, "reference": resolved.reference, "label": resolved.model, "provider": resolved.label,
        "context_window": resolved.context_window, "capabilities": resolved.capabilities,
        "price": price_shown(resolved.entry, rate), "own_key": payer.own(resolved),
    }  # fmt: skip

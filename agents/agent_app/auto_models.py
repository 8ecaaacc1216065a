"""What ``auto`` can choose from in a workspace, and how its models have done of late. The choice itself is ``auto.choose``."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from statistics import median
from typing import Any
from uuid import UUID

from agent_app import provider_types
from agent_app.auto import Option
from agent_app.models import CatalogueModel, KeyPurpose, Provider, ProviderKey, Run

_LATEST = 300  # runs that say how models have done of late
_FEWEST = 3


def keyed_types(workspace_id: UUID) -> tuple[set[str], set[str]]:
    """Types for which the workspace has a key of its pool, and types whose own address it can ask: by those, or the operator's."""
    pool = ProviderKey.objects.in_workspace(workspace_id).of_workspace()
    rows = list(pool.filter(enabled=True, purpose=KeyPurpose.MODEL).values_list("type", "provider_id"))
    platform = {slug for slug in provider_types.TYPES if provider_types.platform_key(slug)}
    return {slug for slug, _ in rows}, platform | {slug for slug, provider_id in rows if provider_id is None}


def usable(providers: Iterable[Provider], keyed: Collection[str]) -> list[tuple[Provider, str]]:
    """Models of providers that can be asked: those with a key, or that need none."""
    return [
        (provider, model)
        for provider in providers
        if provider.api_key_encrypted or provider.type in keyed or not provider_types.info(provider.type).needs_key
        for model in provider.model_ids
    ]


def entries_of(types: Collection[str]) -> dict[tuple[str, str], CatalogueModel]:
    """The catalogue of these types, by type and model id in small letters."""
    return {(each.provider, each.model_id.lower()): each for each in CatalogueModel.objects.filter(provider__in=types)}


def option_of(resolved: Any, lately: Mapping[str, tuple[float | None, float]], preferred: str) -> Option:
    """A resolved model in the terms of the choice."""
    price = resolved.entry.price_input if resolved.entry else None
    latency, errors = lately.get(resolved.reference, (None, 0.0))
    return Option(
        reference=resolved.reference, name=resolved.model, capabilities=resolved.capabilities,
        context_window=resolved.context_window, price=float(price) if price is not None else None, latency=latency,
        error_rate=errors, preferred=bool(preferred) and resolved.reference.lower() == preferred.lower(),
    )  # fmt: skip


def lately(workspace_id: UUID) -> dict[str, tuple[float | None, float]]:
    """By reference: the usual seconds to the first token, and how many of the runs failed by the provider's fault."""
    rows = Run.objects.in_workspace(workspace_id).filter(finished_at__isnull=False).order_by("-created_at")
    waits, ends = defaultdict(list), defaultdict(list)
    for model, reason, started, first in rows.values_list("model", "reason", "started_at", "first_token_at")[:_LATEST]:
        ends[model].append(reason == "provider_error")
        if started and first:
            waits[model].append((first - started).total_seconds())
    return {
        model: (
            median(waits[model]) if waits[model] else None,
            sum(failed) / len(failed) if len(failed) >= _FEWEST else 0.0,
        )
        for model, failed in ends.items()
    }

"""Reads about models for pages and the API: what there is, what it costs, how it did, what keys were used for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    Aggregate,
    BooleanField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.utils import timezone

from agent_app import provider_types
from agent_app.model_references import ResolvedModel
from agent_app.models import (
    CAPABILITIES,
    CatalogueModel,
    KeyPurpose,
    Lifecycle,
    Provider,
    ProviderKey,
    ProviderModel,
    Run,
    RunStatus,
)
from billing import rates
from billing.pricing import Price
from community.access import Actor

DAYS = 30


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model of the workspace with what its row, the catalogue and the rates say together."""

    row: ProviderModel
    resolved: ResolvedModel
    rate: Price

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def reference(self) -> str:
        return self.resolved.reference

    @property
    def context_window(self) -> int | None:
        return self.resolved.context_window

    @property
    def max_output(self) -> int | None:
        return self.resolved.max_output

    @property
    def api(self) -> str:
        return self.resolved.api

    @property
    def capabilities(self) -> dict[str, bool | None]:
        return self.resolved.capabilities

    @property
    def price(self) -> dict[str, Any]:
        return price_shown(self.resolved.entry, self.rate)

    @property
    def entry(self) -> CatalogueModel | None:
        return self.resolved.entry

    @property
    def lifecycle(self) -> str:
        return self.entry.lifecycle if self.entry else ""

    @property
    def deprecation_date(self) -> date | None:
        return self.entry.deprecation_date if self.entry else None

    @property
    def replacement(self) -> str:
        return self.entry.replacement if self.entry else ""

    @property
    def test(self) -> dict[str, Any] | None:
        return self.row.test_result or None


def price_shown(entry: CatalogueModel | None, rate: Price) -> dict[str, Any]:
    """Dollars as the provider asks them, and what 1,000 tokens cost in credits without an own key."""
    dollars = (entry.price_input, entry.price_output, entry.price_cached) if entry else (None, None, None)
    shown = [None if price is None else f"{price.normalize():f}" for price in dollars]
    return {"input": shown[0], "output": shown[1], "cached": shown[2], "credits": f"{rate.per_1k_tokens:.4f}"}


def model_rows(actor: Actor) -> "QuerySet[ProviderModel]":
    """The models of the workspace's providers."""
    actor.require("provider.read")
    rows = ProviderModel.objects.in_workspace(actor.workspace_id).select_related("provider")
    return rows.order_by("provider__name", "position", "id")


def described(rows: Iterable[ProviderModel]) -> list[ModelRow]:
    """What is known of each, in two queries for all."""
    listed = list(rows)
    wanted = Q(pk=None)
    for slug in {row.provider.type for row in listed}:
        wanted |= Q(provider=slug, model_id__in=[row.model_id for row in listed if row.provider.type == slug])
    entries = {(entry.provider, entry.model_id): entry for entry in CatalogueModel.objects.filter(wanted)}
    prices = rates.prices_of(f"{row.provider.type}/{row.model_id}" for row in listed)
    return [
        ModelRow(
            row=row, rate=prices[f"{row.provider.type}/{row.model_id}"],
            resolved=ResolvedModel(row.model_id, row.provider, row=row, entry=entries.get((row.provider.type, row.model_id))),
        )
        for row in listed
    ]  # fmt: skip


def catalogue_of(slug: str) -> "QuerySet[CatalogueModel]":
    """The catalogue's models of a type: those that can be used first, then by name."""
    ended = Q(lifecycle=Lifecycle.RETIRED)
    return (
        CatalogueModel.objects.filter(provider=slug)
        .annotate(ended=ExpressionWrapper(ended, BooleanField()))
        .order_by("ended", "model_id")
    )


def catalogue_prices(entries: Iterable[CatalogueModel]) -> dict[UUID, dict[str, Any]]:
    listed = list(entries)
    found = rates.prices_of(entry.reference for entry in listed)
    return {entry.id: price_shown(entry, found[entry.reference]) for entry in listed}


def types(actor: Actor) -> list[dict[str, Any]]:
    """Each type of provider with what there is of it here. Four queries."""
    actor.require("provider.read")
    listed = CatalogueModel.objects.exclude(lifecycle=Lifecycle.RETIRED).values_list("provider").annotate(Count("id"))
    models = dict(listed.order_by())
    providers: dict[str, list[UUID]] = {}
    for provider_id, slug in Provider.objects.in_workspace(actor.workspace_id).values_list("id", "type"):
        providers.setdefault(slug, []).append(provider_id)
    keys = key_counts(actor)
    return [
        {
            "slug": found.slug, "name": str(found.label), "base_url": provider_types.default_base_url(found.slug),
            "apis": list(found.apis), "needs_key": found.needs_key,
            "platform_key": bool(provider_types.platform_key(found.slug)), "models": models.get(found.slug, 0),
            "providers": providers.get(found.slug, []), "keys": keys.get(found.slug, 0),
        }
        for found in provider_types.TYPES.values()
    ]  # fmt: skip


def type_capabilities(slug: str) -> dict[str, Any]:
    """What the catalogue's models of a type can, and each of them."""
    entries = [entry for entry in catalogue_of(slug) if not entry.retired()]
    said = {name: {entry.capabilities.get(name) for entry in entries} for name in CAPABILITIES}
    together = {name: values.pop() if len(values) == 1 else None for name, values in said.items()}
    return {
        "provider": slug, "apis": list(provider_types.info(slug).apis), "capabilities": together,
        "models": [{"reference": entry.reference, "capabilities": entry.capabilities} for entry in entries],
    }  # fmt: skip


def key_counts(actor: Actor) -> dict[str, int]:
    """How many keys for models the actor's runs could use, by type. One query."""
    seen = ProviderKey.objects.in_workspace(actor.workspace_id).seen_by(actor.id)
    usable = seen.filter(purpose=KeyPurpose.MODEL, enabled=True)
    return dict(usable.values_list("type").annotate(Count("id")).order_by())


# Statistics


class _Percentile(Aggregate):
    """PostgreSQL's percentile_cont of a duration."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def statistics(workspace_id: UUID, slug: str, days: int = DAYS) -> dict[str, Any]:
    """How a type's models did in the workspace's runs that ended: together, and each. Two queries."""
    own = Q(provider__type=slug) | Q(provider=None, model__startswith=f"{slug}/")
    rows = _ended(workspace_id, days).filter(own)
    together = _figures(rows.aggregate(**_measured()))
    by_model: Any = rows.values("model").annotate(**_measured())
    each = [{"model": row["model"], **_figures(row)} for row in by_model.order_by("-calls", "model")[:100]]
    return {"provider": slug, "days": days, **together, "models": each}


def provider_statistics(workspace_id: UUID, provider: Provider) -> dict[str, Any]:
    """The same for one configured provider. Two queries."""
    rows = _ended(workspace_id, DAYS).filter(provider_id=provider.id)
    by_model: Any = rows.values("model").annotate(**_measured())
    each = [{"model": row["model"], **_figures(row)} for row in by_model.order_by("-calls", "model")[:100]]
    return {"days": DAYS, **_figures(rows.aggregate(**_measured())), "models": each}


def provider_figures(workspace_id: UUID) -> dict[UUID, dict[str, Any]]:
    """The same for each configured provider, by its id. One query."""
    rows: Any = _ended(workspace_id, DAYS).exclude(provider=None).values("provider_id").annotate(**_measured())
    return {row["provider_id"]: _figures(row) for row in rows.order_by()}


def model_figures(workspace_id: UUID, row: ProviderModel) -> dict[str, Any]:
    """The same for one model of a provider."""
    runs = _ended(workspace_id, DAYS).filter(provider_id=row.provider_id, model=f"{row.provider.name}/{row.model_id}")
    return _figures(runs.aggregate(**_measured()))


def _ended(workspace_id: UUID, days: int) -> "QuerySet[Run]":
    since = timezone.now() - timedelta(days=days)
    ended = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED)
    return Run.objects.in_workspace(workspace_id).filter(created_at__gte=since, status__in=ended)


def _measured() -> dict[str, Any]:
    asleep = ExpressionWrapper(F("waited_s") * Value(timedelta(seconds=1)), DurationField())
    took = ExpressionWrapper(F("finished_at") - F("started_at") - asleep, DurationField())
    waited = ExpressionWrapper(F("first_token_at") - F("started_at"), DurationField())
    return {
        "calls": Count("id"), "errors": Count("id", filter=Q(status=RunStatus.FAILED, reason="provider_error")),
        "p50": _Percentile(took, fraction=0.5), "p95": _Percentile(took, fraction=0.95),
        "first": _Percentile(waited, fraction=0.5), "used": Sum(F("prompt_tokens") + F("completion_tokens")),
        "cost": Sum("credits"),
    }  # fmt: skip


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    calls = row["calls"]
    return {
        "calls": calls, "errors": row["errors"], "error_rate": round(row["errors"] / calls, 4) if calls else 0.0,
        "p50_ms": _ms(row["p50"]), "p95_ms": _ms(row["p95"]), "first_token_p50_ms": _ms(row["first"]),
        "tokens": row["used"] or 0, "cost": f"{row['cost'] or Decimal(0):.4f}",
    }  # fmt: skip


def _ms(duration: timedelta | None) -> int | None:
    return None if duration is None else round(duration.total_seconds() * 1000)


# Keys


def key_rows(actor: Actor) -> "QuerySet[ProviderKey]":
    """The workspace's keys and the person's own, in the order in which they are used."""
    actor.require("key.read")
    rows = ProviderKey.objects.in_workspace(actor.workspace_id).seen_by(actor.id).select_related("provider", "owner")
    return rows.order_by("type", "-scope", "position", "id")


def key_usage(key_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """What keys were used for in the last days, by id. One query."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = Run.objects.filter(key_id__in=list(key_ids), created_at__gte=since).values("key_id")
    found: Any = rows.annotate(
        runs=Count("id"), tokens=Sum(F("prompt_tokens") + F("completion_tokens")), cost=Sum("credits")
    ).order_by()
    return {
        row["key_id"]: {"runs": row["runs"], "tokens": row["tokens"] or 0, "cost": f"{row['cost'] or 0:.4f}"}
        for row in found
    }

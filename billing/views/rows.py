"""How entries and holds look in a list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing import registry
from billing.models import EntryKind, Grant, GrantSource, Hold, LedgerEntry
from billing.registry import RunLabel
from config.lib.numbers import written

_ICONS: Mapping[str, str] = MappingProxyType(
    {
        EntryKind.GRANT: "coins", EntryKind.CHARGE: "cpu", EntryKind.RELEASE: "rotate-ccw", EntryKind.EXPIRY: "hourglass",
        EntryKind.CLAW_BACK: "arrow-left", EntryKind.ADJUSTMENT: "sliders-horizontal",
    }
)  # fmt: skip


@dataclass(frozen=True)
class EntryRow:
    entry: LedgerEntry
    icon: str
    words: str
    run: RunLabel | None
    step: str
    lots: str


@dataclass(frozen=True)
class HoldRow:
    hold: Hold
    run: RunLabel | None


def entry_rows(workspace_id: UUID, entries: Iterable[LedgerEntry]) -> list[EntryRow]:
    """Two queries, however many entries."""
    shown = list(entries)
    runs = registry.run_labels(workspace_id, {entry.run_id for entry in shown if entry.run_id})
    lots = Grant.objects.in_bulk({UUID(lot) for entry in shown for lot in entry.lots})
    return [
        EntryRow(
            entry, _ICONS.get(entry.kind, "circle"), _words(entry), runs.get(entry.run_id) if entry.run_id else None,
            step_name(entry.reference) if entry.run_id else "", _lots(entry, lots),
        )
        for entry in shown
    ]  # fmt: skip


def hold_rows(workspace_id: UUID, holds: Iterable[Hold]) -> list[HoldRow]:
    shown = list(holds)
    runs = registry.run_labels(workspace_id, {hold.run_id for hold in shown})
    return [HoldRow(hold, runs.get(hold.run_id)) for hold in shown]


def _words(entry: LedgerEntry) -> str:
    if entry.kind == EntryKind.CHARGE:
        tokens = entry.price.get("prompt_tokens", 0) + entry.price.get("completion_tokens", 0)
        return f"{entry.model} · " + ngettext("%(n)s token", "%(n)s tokens", tokens) % {"n": written(tokens)}
    label = str(EntryKind(entry.kind).label)
    if entry.kind in (EntryKind.GRANT, EntryKind.EXPIRY) and entry.reference in GrantSource.values:
        label = f"{label} · {GrantSource(entry.reference).label}"
    return f"{label} · {entry.note}" if entry.note else label


def step_name(reference: str) -> str:
    """``2/turn:1`` → turn 1, second attempt; ``1/tool:3`` → tool call 3; ``1/check:2`` → the second question to a judge;
    ``1/hosted:1:web_search:2`` → a tool that the provider ran within its first answer."""
    attempt, _slash, step = reference.partition("/")
    kind, _colon, number = step.partition(":")
    names = {"turn": _("turn %(number)s"), "tool": _("tool call %(number)s"), "check": _("check %(number)s")}
    if kind == "hosted":
        number, names = number.partition(":")[0], {kind: _("a tool that the provider ran, %(number)s")}
    words = names[kind] % {"number": number.rstrip("*")} if kind in names else step
    return words if attempt == "1" else _("%(step)s, attempt %(number)s") % {"step": words, "number": attempt}


def _lots(entry: LedgerEntry, lots: Mapping[UUID, Grant]) -> str:
    found = [lots[UUID(lot)] for lot in entry.lots if UUID(lot) in lots]
    return ", ".join(lot_name(lot) for lot in found)


def lot_name(lot: Grant) -> str:
    source = GrantSource(lot.source).label
    return f"{source}, {date_format(lot.expires_at, _('j M'))}" if lot.expires_at else str(source)

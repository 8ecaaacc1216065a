"""Which model the word ``auto`` means for a task: a judgement of the task, data about models, and a reason that can be read. Pure.

It is asked only where nobody has chosen: a person's own choice always wins.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

AUTO = "auto"
BALANCED, QUALITY, COST, SPEED = PREFERENCES = ("balanced", "quality", "cost", "speed")


class Tier(IntEnum):
    """How much a task asks of a model, and how much a model has to give."""

    SIMPLE = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        return str(_LABELS[self])


_LABELS: dict[Tier, Promise] = {
    Tier.SIMPLE: gettext_lazy("simple"),
    Tier.MEDIUM: gettext_lazy("medium"),
    Tier.HIGH: gettext_lazy("demanding"),
}

# Models by the words in their names, the most telling first. Names change faster than code: what is not recognised is
# judged by its price, and without a price taken for medium.
_NAMES: tuple[tuple[Tier, re.Pattern[str]], ...] = (
    (Tier.SIMPLE, re.compile(r"gpt-3\.5|haiku|\bmini\b|nano|luna|flash|lite|instant|small|tiny|smol|gemma|\b[1-9]b\b|-[1-9]b(-|$)")),
    (Tier.HIGH, re.compile(r"opus|ultra|astra|-pro\b.*(think|deep)|\bo[13](-pro|-preview)?\b|gpt-5\.5-pro|reasoner")),
    (Tier.MEDIUM, re.compile(r"gpt-4|gpt-[56]|sonnet|\bpro\b|-pro|large|medium|terra|sol\b|70b|v[34]|chat")),
)  # fmt: skip
_PRICES = ((0.6, Tier.SIMPLE), (6.0, Tier.MEDIUM))  # dollars for a million tokens of prompt, at most

_CODE = re.compile(
    r"```|\bdef \w+\(|\bclass \w+[(:{]|\bfunction\b.*\{|</\w+>|\bSELECT\b.*\bFROM\b|[{};]\s*$", re.MULTILINE
)
_HARD = re.compile(
    r"\b(prove|derive|step by step|trade-?offs?|architect(ure)?|refactor|debug|analy[sz]e|compare|plan|strategy|optimi[sz]e)\b",
    re.IGNORECASE,
)
_LONG, _VERY_LONG = 1_500, 12_000  # tokens


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is asked: the person's words, how long the whole prompt is, and what the agent brings along."""

    message: str
    prompt_tokens: int = 0
    tools: int = 0
    handoffs: int = 0
    schema: bool = False
    pictures: bool = False
    turns: int = 1
    preference: str = BALANCED

    @property
    def needs(self) -> frozenset[str]:
        """The capabilities without which it cannot be done."""
        wanted = {"tools": bool(self.tools or self.handoffs), "vision": self.pictures}
        return frozenset(name for name, needed in wanted.items() if needed)


def task_for(definition: Mapping[str, Any]) -> Task:
    """What an agent brings along, whatever it will be asked: for what is said and refused before anybody asks."""
    tools = [tool for tool in definition.get("tools") or () if tool.get("enabled", True)]
    return Task(
        message="", tools=len(tools), handoffs=len(definition.get("handoffs") or ()),
        schema=bool(definition.get("output_type")),
        preference=(definition.get("model_settings") or {}).get("preference") or BALANCED,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Option:
    """A model that could be asked. What is None is unknown, and held against nobody."""

    reference: str
    name: str
    capabilities: dict[str, bool | None]
    context_window: int | None = None
    price: float | None = None  # dollars for a million tokens of prompt
    latency: float | None = None  # seconds to the first token, of late
    error_rate: float = 0.0
    preferred: bool = False

    @property
    def tier(self) -> Tier:
        name = self.name.lower()
        for tier, words in _NAMES:
            if words.search(name):
                return tier
        if self.price is None:
            return Tier.MEDIUM
        return next((tier for most, tier in _PRICES if self.price <= most), Tier.HIGH)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model, and why it is this one."""

    option: Option
    why: str


def judge(task: Task) -> tuple[Tier, list[str]]:
    """How demanding a task is, and what speaks for it. Costs microseconds: no model is asked."""
    points, reasons = 0, []
    for there, weight, reason in (
        (task.prompt_tokens > _VERY_LONG, 2, _("a very long prompt")),
        (_LONG < task.prompt_tokens <= _VERY_LONG, 1, _("a long prompt")),
        (bool(_CODE.search(task.message)), 2, _("code")),
        (bool(_HARD.search(task.message)), 2, _("reasoning is asked for")),
        (bool(task.tools), 1, _("tools")),
        (task.tools + task.handoffs > 5, 1, _("many tools")),
        (bool(task.handoffs), 1, _("handoffs")),
        (task.schema, 1, _("a fixed form of the answer")),
        (task.turns > 10, 1, _("a long conversation")),
    ):
        if there:
            points += weight
            reasons.append(reason)
    tier = Tier.HIGH if points >= 4 else Tier.MEDIUM if points >= 2 else Tier.SIMPLE
    return tier, reasons


def choose(task: Task, options: Sequence[Option]) -> Choice | None:
    """The model for a task; None where none of them can do it."""
    able = [option for option in options if _able(option, task)]
    if not able:
        return None
    tier, reasons = judge(task)
    best = min(able, key=lambda option: _rank(option, tier, task.preference))
    return Choice(option=best, why=_why(best, tier, reasons, len(able), task.preference))


def _able(option: Option, task: Task) -> bool:
    if any(option.capabilities.get(name) is False for name in task.needs):
        return False
    return option.context_window is None or task.prompt_tokens < option.context_window * 0.9


def _rank(option: Option, tier: Tier, preference: str) -> tuple[float, ...]:
    """Strong enough before cheap: too strong by one costs less than too weak by one. Then preference, reliability, price, speed.

    Whoever looks for something else gets the first of it among those that are strong enough; what is unknown comes last.
    """
    distance = option.tier - tier
    price = option.price if option.price is not None else float("inf")
    latency = option.latency if option.latency is not None else float("inf")
    errors = round(option.error_rate, 1)
    if preference == QUALITY:
        return -option.tier, errors, not option.preferred, -price if option.price is not None else 0, latency
    if preference == COST:
        return max(0, -distance), price, errors, latency
    if preference == SPEED:
        return max(0, -distance), latency, errors, price
    return 2 * distance if distance >= 0 else -3 * distance, not option.preferred, errors, price, latency


def _why(option: Option, tier: Tier, reasons: list[str], count: int, preference: str) -> str:
    task = _("A %(tier)s task (%(reasons)s)") % {
        "tier": tier.label, "reasons": ", ".join(reasons) or _("short, nothing special"),
    }  # fmt: skip
    if preference == QUALITY:
        match = _("the strongest of %(count)d models that can do it, as the agent prefers quality") % {"count": count}
    elif option.tier < tier:
        match = _("no model of that strength can do it here; this one is the nearest")
    elif preference == COST and option.price is not None:
        match = _("the cheapest of %(count)d models that can do it, as the agent prefers low cost") % {"count": count}
    elif preference == SPEED and option.latency is not None:
        match = _("the fastest of %(count)d models that can do it, as the agent prefers speed") % {"count": count}
    elif option.tier != tier:
        match = _("no model of that strength can do it here; this one is the nearest")
    elif option.preferred:
        match = _("the preferred one of %(count)d models that can do it") % {"count": count}
    elif option.price is not None:
        match = _("the best price for that strength among %(count)d models that can do it") % {"count": count}
    else:
        match = _("of that strength, among %(count)d models that can do it") % {"count": count}
    return f"{task}: {match}."

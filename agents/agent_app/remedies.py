"""Where something can be done about what went wrong: the page that a message of trouble links to.

Messages say what happened, why, and what to do; this is the door to it, for whoever may open it.
"""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agent_app.models import Run, RunStatus
from community.access import Actor


@dataclass(frozen=True)
class Remedy:
    label: str
    url: str

    def shown(self) -> dict[str, str]:
        return {"label": self.label, "url": self.url}


_SECTIONS: dict[str, Promise] = {
    "instructions": _("Change the instructions"),
    "model": _("Choose another model"),
    "fallback": _("Add a fallback model"),
    "limit": _("Change the model's settings"),
    "tools": _("Look at the tools"),
    "handoffs": _("Look at the handoffs"),
    "output": _("Change the output type"),
    "guardrails": _("Look at the guardrails"),
    "publish": _("Open the agent"),
}
_ANCHORS = {"fallback": "model", "limit": "model"}
# What a provider has against a request (``ProviderError.cause``), and where in the builder that is changed.
_CAUSES = {
    "too_long": "instructions", "tools": "model", "model": "model", "rejected": "model", "forbidden": "model", "down": "fallback",
    "stalled": "fallback", "cut": "fallback", "rate": "fallback",
}  # fmt: skip
_OF_PROVIDER = frozenset({"key", "quota", "unreachable", "malformed"})
_SETTINGS_OF_PROVIDER = frozenset({"key", "unreachable"})
_REASONS = {
    "max_tokens": "limit", "max_turns": "instructions", "guardrail_tripped": "guardrails", "invalid_output": "output",
    "tool_error": "tools", "provider_error": "model", "timeout": "model",
}  # fmt: skip
_CODES = {
    "instructions": "instructions", "enabled_when": "handoffs", "handoff_target": "handoffs", "target_gone": "handoffs",
    "capability": "model", "unknown_model": "model", "retired_model": "model", "ambiguous_model": "model", "no_model": "model",
    "provider_removed": "model", "named_model": "model", "agent_inactive": "publish", "tool_unavailable": "tools",
}  # fmt: skip


def for_run(actor: Actor, run: Run) -> Remedy | None:
    """Of a run that failed, or was not answered to its end. None where there is nothing to be done, or not by ``actor``."""
    if run.status not in (RunStatus.FAILED, RunStatus.PARTIAL) or run.agent_id is None:
        return None
    error = run.error or {}
    code, cause = error.get("code", ""), error.get("cause", "")
    if run.reason == "credits" or cause == "credits":
        return _credits(actor)
    if cause in _OF_PROVIDER and (found := _provider(actor, run, cause)) is not None:
        return found
    # Whoever may not change the key or the address can still ask another model.
    section = _CAUSES.get(cause) or _CODES.get(code) or _REASONS.get(run.reason)
    return _builder(actor, run.agent_id, section) if section else None


def for_refusals(actor: Actor, agent_id: object) -> dict[str, dict[str, str]]:
    """Of what is refused before there is a run, by the code of the refusal: for the page on which it is tried."""
    found = {code: _builder(actor, agent_id, section) for code, section in _CODES.items()}
    found["no_key"] = _keys(actor) or _builder(actor, agent_id, "model")
    found["credits"] = _credits(actor)
    return {code: remedy.shown() for code, remedy in found.items() if remedy is not None}


def _builder(actor: Actor, agent_id: object, section: str) -> Remedy | None:
    if not actor.allows("agent.write"):
        return None
    address = reverse("agents:builder", args=[agent_id])
    return Remedy(str(_SECTIONS[section]), f"{address}#{_ANCHORS.get(section, section)}")


def _provider(actor: Actor, run: Run, cause: str) -> Remedy | None:
    """The provider, or the key, that the run began with. Agents that it was handed to may have others: then all of them."""
    others = bool(run.snapshot and run.snapshot.definition.get("targets"))
    if run.provider_id is None:
        return None if run.key_source == "platform" else _keys(actor)
    if not actor.allows("provider.write"):
        return None
    if others:
        return Remedy(str(_("Open the providers")), reverse("agents:providers"))
    address = reverse("agents:provider", args=[run.provider_id])
    return Remedy(str(_("Open the provider")), f"{address}#settings" if cause in _SETTINGS_OF_PROVIDER else address)


def _keys(actor: Actor) -> Remedy | None:
    if not actor.allows("key.own"):
        return None
    return Remedy(str(_("Open the keys")), reverse("agents:keys"))


def _credits(actor: Actor) -> Remedy | None:
    return Remedy(str(_("See the credits")), reverse("billing:overview")) if actor.allows("credits.read") else None

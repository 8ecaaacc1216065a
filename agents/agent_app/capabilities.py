"""What an agent asks of its model that the model cannot: told when it is saved, refused before it runs. Pure.

What nobody knows of a model is allowed; so only what is known to fail is a problem.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from agent_app import hosted
from agent_app.model_references import ResolvedModel
from config.lib.errors import Refused

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that does not fit. An ``error`` is refused at publishing and running, a ``warning`` is only told."""

    code: str
    message: str
    field: str
    severity: Severity = "error"

    def shown(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "field": self.field, "severity": self.severity}


def capability_problems(definition: Mapping[str, Any], resolved: ResolvedModel) -> list[Problem]:
    """What ``definition`` asks that ``resolved`` cannot, errors first. Handoff targets have models of their own: ask for each."""
    found = [*_tools(definition, resolved), *_abilities(definition, resolved), *_end(resolved)]
    return sorted(found, key=lambda problem: problem.severity != "error")


def refuse(problems: list[Problem]) -> None:
    """Raises Refused (422, ``capability``) with the reasons where one of them is an error."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise Refused(
            " ".join(problem.message for problem in errors), code="capability",
            problems=[problem.shown() for problem in errors],
        )  # fmt: skip


def _tools(definition: Mapping[str, Any], resolved: ResolvedModel) -> Iterator[Problem]:
    for tool in definition.get("tools") or ():
        if tool.get("enabled", True) and (why := hosted.refusal(tool, [resolved], definition.get("guardrails") or ())):
            yield Problem(code="hosted_tools", message=why, field="tools")
    if resolved.capabilities.get("tools") is not False:
        return
    model = resolved.reference
    enabled = [tool for tool in definition.get("tools") or () if tool.get("enabled", True)]
    if enabled:
        agents = all(tool.get("type") == "agent" for tool in enabled)
        text = _("%(model)s cannot call tools, and agents as tools are tools.") if agents else _(
            "%(model)s cannot call tools. Take the agent's tools away, or choose a model that can."
        )  # fmt: skip
        yield Problem(code="tools", message=text % {"model": model}, field="tools")
    if any(handoff.get("enabled", True) for handoff in definition.get("handoffs") or ()):
        text = _("%(model)s cannot call tools, and a handoff is a call. Choose a model that can.")
        yield Problem(code="handoffs", message=text % {"model": model}, field="handoffs")


def _abilities(definition: Mapping[str, Any], resolved: ResolvedModel) -> Iterator[Problem]:
    known, model = resolved.capabilities, resolved.reference
    settings = definition.get("model_settings") or {}
    if known.get("embeddings") and not known.get("streaming"):
        text = _("%(model)s makes embeddings and answers nobody. Choose a model for conversations.")
        yield Problem(code="embeddings", message=text % {"model": model}, field="model")
    if known.get("images") and not known.get("streaming"):
        text = _("%(model)s makes pictures and answers nobody. Use it as the tool “image”.")
        yield Problem(code="images", message=text % {"model": model}, field="model")
    if settings.get("reasoning_effort") and known.get("reasoning") is False:
        text = _("%(model)s does not reason in steps: take the reasoning effort away.")
        yield Problem(code="reasoning", message=text % {"model": model}, field="model_settings.reasoning_effort")
    wanted = settings.get("max_tokens")
    if wanted and resolved.max_output and wanted > resolved.max_output and not resolved.local:
        text = _("%(model)s answers with at most %(most)d tokens, and the agent asks for %(wanted)d.")
        values = {"model": model, "most": resolved.max_output, "wanted": wanted}
        yield Problem(code="max_tokens", message=text % values, field="model_settings.max_tokens")
    if definition.get("output_type") and known.get("structured_output") is False:
        text = _(
            "%(model)s is not held to JSON by its provider: the schema is put into the prompt, and checked afterwards."
        )
        yield Problem(
            code="structured_output", message=text % {"model": model}, field="output_type", severity="warning"
        )


def _end(resolved: ResolvedModel) -> Iterator[Problem]:
    entry = resolved.entry
    if entry is None or not entry.ending:
        return
    if entry.retired():
        text = _("%(model)s was retired by its provider.")
    elif entry.deprecation_date:
        text = _("%(model)s will be retired on %(day)s.")
    else:
        text = _("%(model)s is deprecated by its provider.")
    message = text % {"model": resolved.reference, "day": entry.deprecation_date}
    if entry.replacement:
        message += " " + _("Its successor is %(model)s.") % {"model": entry.replacement}
    yield Problem(code="deprecated", message=message, field="model", severity="warning")

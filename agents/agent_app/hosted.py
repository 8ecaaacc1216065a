"""Tools that a provider runs itself: which of ours these can be, for which models, and why not. Pure.

What is called there is not called by us: no guardrail, no approval and no argument check stands before it. So a tool that has one
of them is never hosted.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from agent_app import provider_types
from agent_app.model_references import ResolvedModel

AUTO, ALWAYS, NEVER = "auto", "always", "never"
KINDS = ("web_search", "code_interpreter", "image", "file_search")
SETTING = {
    "enum": [AUTO, ALWAYS, NEVER], "default": AUTO, "title": "Run by the model's provider",
    "description": "auto: where the model has such a tool of its own, and nothing of this one asks for ours.",
}  # fmt: skip
# What ours can and the hosted one cannot; with one of these set, it is ours that is meant.
_OURS = {
    "web_search": ("blocked_domains", "time_range", "content_type", "safe_search", "provider", "searxng_url"),
    "code_interpreter": ("packages",),
}
_CHECKS = ("tool_input", "tool_output")


def wanted(tool: Mapping[str, Any]) -> str:
    """Whether a tool is to be hosted: ``never`` for all types that cannot be."""
    if tool.get("type") not in KINDS:
        return NEVER
    return str((tool.get("params") or {}).get("hosted") or AUTO)


def can_host(resolved: ResolvedModel) -> bool:
    """Whether a model's provider runs tools: OpenAI itself, by its Responses, for models that the catalogue says so of."""
    own = resolved.type == "openai" and provider_types.own_address(resolved.type, resolved.base_url)
    return own and resolved.api == "responses" and resolved.capabilities.get("hosted_tools") is True


def own_reason(tool: Mapping[str, Any], guardrails: Iterable[Mapping[str, Any]] = ()) -> str:
    """Why a tool cannot be hosted whatever the model is; empty where nothing of it stands against that."""
    params = tool.get("params") or {}
    said = {"name": tool.get("name") or tool.get("type")}
    if tool.get("type") not in KINDS:
        return _("No provider has a tool of this type.")
    if (tool.get("approval") or "never") != "never":
        return _("“%(name)s” needs an approval, and a provider asks nobody.") % said
    if any(_about(each, tool) for each in guardrails):
        return _("A guardrail checks calls of “%(name)s”, and a provider shows them only afterwards.") % said
    if set_here := [name for name in _OURS.get(str(tool.get("type")), ()) if params.get(name)]:
        return _("The provider's own tool has no %(names)s.") % {"names": ", ".join(set_here)}
    if tool.get("type") == "file_search" and not params.get("vector_store_ids"):
        return _("Say which vector stores are searched.")
    if tool.get("type") == "image" and not image_model(params):
        return _("%(model)s is not one of OpenAI's models for pictures.") % {"model": params.get("model") or "–"}
    return ""


def image_model(params: Mapping[str, Any]) -> str:
    """The id of OpenAI's model that a tool for pictures names, in whatever way; empty where it is another's."""
    first, _slash, model = str(params.get("model") or "").rpartition("/")
    return model if model.startswith("gpt-image") and first in ("", "openai") else ""


def reason(
    tool: Mapping[str, Any], models: Sequence[ResolvedModel], guardrails: Iterable[Mapping[str, Any]] = ()
) -> str:
    """Why a tool is not hosted for an agent with these models, its own and those that stand in for it; empty where it is."""
    choice = wanted(tool)
    if choice == NEVER:
        return _("It is set to be ours.")
    if why := own_reason(tool, guardrails):
        return why
    for resolved in models:
        if not can_host(resolved):
            return _("%(model)s runs no tools itself.") % {"model": resolved.reference}
    return ""


def hosted_tools(
    definition: Mapping[str, Any], models: Sequence[ResolvedModel], *, files: bool = False
) -> list[Mapping[str, Any]]:
    """The tools of an agent that its provider runs itself: one of a type, since their names are the provider's.

    ``files``: the agent has some, which code of ours can read and the provider's cannot.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for tool in definition.get("tools") or ():
        if files and tool.get("type") == "code_interpreter" and wanted(tool) == AUTO:
            continue
        if tool.get("enabled", True) and not reason(tool, models, definition.get("guardrails") or ()):
            found.setdefault(str(tool["type"]), tool)
    return list(found.values())


def refusal(
    tool: Mapping[str, Any], models: Sequence[ResolvedModel], guardrails: Iterable[Mapping[str, Any]] = ()
) -> str:
    """Why a tool that must be hosted cannot be; empty for all others."""
    if wanted(tool) != ALWAYS:
        return ""
    why = reason(tool, models, guardrails)
    text = _("“%(name)s” must be run by the provider, which cannot be: %(why)s")
    return text % {"name": tool.get("name") or "", "why": why} if why else ""


def _about(guardrail: Mapping[str, Any], tool: Mapping[str, Any]) -> bool:
    """Whether a guardrail checks calls of this tool."""
    names = (guardrail.get("config") or {}).get("tools") or [tool.get("name")]
    return guardrail.get("type") in _CHECKS and tool.get("name") in names

"""What the builder shows beside the form: parts with the names they mean, suggestions, and what a publication would change."""

from dataclasses import dataclass
from typing import Any

from agent_app import agent_files
from agent_app.credentials import credentials_of
from agent_app.definition.closure import target_ids
from agent_app.definition.content import Content, complete, default_tool_name, draft_content
from agent_app.definition.diff import changes
from agent_app.definition.lint import Suggestion
from agent_app.definition.preview import preview
from agent_app.definition.sources import warnings
from agent_app.definition.words import Shown, shown
from agent_app.guardrails import registry
from agent_app.models import Agent, AgentVersion, GuardrailAction, GuardrailStage
from agent_app.selectors import suggestions_of
from agent_app.tool_looks import shown_part


@dataclass(frozen=True)
class Draft:
    """``changed`` counts the changes since the latest version; None where there is no version yet."""

    handoffs: list[dict[str, Any]]
    contexts: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    guardrails: list[dict[str, Any]]
    files: list[dict[str, Any]]
    suggestions: list[Suggestion]
    sent: dict[str, Any]
    version: AgentVersion | None
    changed: int | None
    warnings: list[dict[str, str]]

    @property
    def next_number(self) -> int:
        return self.version.number + 1 if self.version else 1


def draft_of(agent: Agent, user_name: str) -> Draft:
    version = latest_version(agent)
    content = draft_content(agent)
    sent = preview(agent, user_name=user_name)
    secrets = credentials_of(agent.workspace_id, [part["credential_id"] for part in content["tools"]])
    return Draft(
        handoffs=named_handoffs(agent, content),
        contexts=content["contexts"],
        tools=[shown_part(part, secrets.get(part["credential_id"] or "")) for part in content["tools"]],
        guardrails=shown_guardrails(content),
        files=_files(agent, sent),
        suggestions=suggestions_of(agent),
        sent=sent,
        version=version,
        changed=None if version is None else len(changes(complete(version.content), content)),
        warnings=warnings(agent),
    )


def _files(agent: Agent, sent: dict[str, Any]) -> list[dict[str, Any]]:
    """The agent's files, each with what its model is given of it (``plan``; None where there is no model to ask)."""
    plans = {plan["file_id"]: plan for plan in sent["files"]}
    rows = agent_files.rows_of(agent.workspace_id, [agent.id])
    return [
        {"id": row.id, "file": row.file, "about": row.description, "plan": plans.get(str(row.file_id))} for row in rows
    ]


def latest_version(agent: Agent) -> AgentVersion | None:
    return AgentVersion.objects.filter(agent_id=agent.id).select_related("published_by").order_by("-number").first()


def named_handoffs(agent: Agent, content: Content) -> list[dict[str, Any]]:
    targets = {str(row.id): row for row in _targets(agent, content)}
    return [
        {
            **handoff,
            "target": (target := targets[handoff["target_agent_id"]]),
            "called": handoff["tool_name"] or default_tool_name(target.name),
        }
        for handoff in content["handoffs"]
        if handoff["target_agent_id"] in targets
    ]


def shown_guardrails(content: Content) -> list[dict[str, Any]]:
    """The guardrails with the words that people read for what they are."""
    labels = {
        **dict(GuardrailStage.choices), **dict(GuardrailAction.choices), **{kind.name: kind.label for kind in registry.kinds()},
    }  # fmt: skip
    return [
        each
        | {
            "stage": labels[each["type"]],
            "does": labels[each["action"]],
            "kind": labels.get(each["implementation"], each["implementation"]),
        }
        for each in content["guardrails"]
    ]


def _targets(agent: Agent, content: Content) -> list[Agent]:
    ids = target_ids(content)
    return list(Agent.objects.in_workspace(agent.workspace_id).filter(id__in=ids)) if ids else []


def differences(agent: Agent, before: Content, after: Content) -> list[Shown]:
    """What changed, with the names of the agents and contexts it is about."""
    names: dict[str, str] = {}
    for content in (before, after):
        targets = {str(row.id): row.name for row in _targets(agent, content)}
        names |= targets
        names |= {each["id"]: targets.get(each["target_agent_id"], "…") for each in content["handoffs"]}
        names |= {
            each["id"]: each["name"] for kind in ("contexts", "tools", "guardrails") for each in content.get(kind, ())
        }
    return shown(changes(before, after), names)

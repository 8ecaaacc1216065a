"""The only door to this app's objects. Missing and another workspace's are the same 404; too low a role in one's own is 403."""

from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _

from agent_app import agent_files, share_links
from agent_app.definition.choice import find_version
from agent_app.definition.content import READ
from agent_app.integrations import with_counts
from agent_app.models import (
    Agent,
    AgentFile,
    AgentTool,
    AgentVersion,
    Approval,
    Conversation,
    Credential,
    Integration,
    KeyScope,
    Message,
    MessageRole,
    Provider,
    ProviderKey,
    ProviderModel,
    Run,
    Share,
    Tool,
)
from community.access import Actor
from community.models import Workspace
from config.lib.errors import NotFound

M = TypeVar("M", bound=models.Model)


def get_agent(actor: Actor, agent_id: UUID, action: str = "agent.read") -> Agent:
    return _get(Agent.objects.in_workspace(actor.workspace_id), actor, agent_id, action, _("There is no such agent."))


def get_agent_to_run(actor: Actor, agent_id: UUID) -> Agent:
    """With ``has_files``, in the same query."""
    rows = Agent.objects.in_workspace(actor.workspace_id).annotate(has_files=agent_files.has_files())
    return _get(rows, actor, agent_id, "agent.run", _("There is no such agent."))


def get_parts(agent: Agent, kind: str) -> list[dict[str, Any]]:
    return READ[kind](agent)


def get_part(agent: Agent, kind: str, part_id: UUID) -> dict[str, Any]:
    """A handoff, context, tool or guardrail of an agent that was fetched here."""
    for part in READ[kind](agent):
        if part["id"] == str(part_id):
            return part
    raise NotFound(_("There is no such item in this agent."))


def get_default_context(agent: Agent) -> dict[str, Any]:
    for context in READ["contexts"](agent):
        if context["is_default"]:
            return context
    raise NotFound(_("This agent has no context yet."))


def get_agent_file(agent: Agent, item_id: UUID) -> AgentFile:
    rows = AgentFile.objects.filter(agent_id=agent.id, file__deleted_at=None).select_related("file", "agent")
    found = rows.filter(id=item_id).first()
    if found is None:
        raise NotFound(_("There is no such file in this agent."))
    return found


def get_tool(actor: Actor, tool_id: UUID, action: str = "tool.read") -> Tool:
    """A tool of the workspace's library."""
    return _get(Tool.objects.in_workspace(actor.workspace_id), actor, tool_id, action, _("There is no such tool."))


def get_integration(actor: Actor, integration_id: UUID, action: str = "tool.read") -> Integration:
    """With how many ``tools`` use it."""
    rows = with_counts(Integration.objects.in_workspace(actor.workspace_id))
    return _get(rows, actor, integration_id, action, _("There is no such integration."))


def get_agent_tool(agent: Agent, item_id: UUID) -> Tool | AgentTool:
    """A tool that an agent has: its own, or the library's. Raises NotFound."""
    row = AgentTool.objects.filter(agent=agent, id=item_id).select_related("tool").first()
    if row is None:
        raise NotFound(_("There is no such tool in this agent."))
    return row.tool or row


def get_version(agent: Agent, number: int | str) -> AgentVersion:
    return find_version(agent, number)


def get_run(actor: Actor, run_id: UUID, action: str = "run.read") -> Run:
    rows = Run.objects.in_workspace(actor.workspace_id).select_related("agent", "snapshot", "conversation")
    return _get(rows, actor, run_id, action, _("There is no such run."))


def get_approval(run: Run, call_id: str) -> Approval:
    """What a run that the actor may see has asked about one of its calls. Raises NotFound."""
    row = Approval.objects.filter(run_id=run.id, call_id=call_id).select_related("decided_by").first()
    if row is None:
        raise NotFound(_("There is no such call to decide about."))
    return row


def get_conversation(actor: Actor, conversation_id: UUID, action: str = "conversation.read") -> Conversation:
    """A conversation belongs to the person who began it; to everybody else, whatever their role, there is none."""
    own = Conversation.objects.in_workspace(actor.workspace_id).filter(created_by_id=actor.id)
    rows = own.select_related("agent", "last_run")
    return _get(rows, actor, conversation_id, action, _("There is no such conversation."))


def get_answer(actor: Actor, conversation_id: UUID, message_id: UUID, action: str = "conversation.read") -> Message:
    """An answer in a conversation of the actor's own."""
    conversation = get_conversation(actor, conversation_id, action)
    rows = Message.objects.filter(conversation_id=conversation.id, role=MessageRole.ASSISTANT)
    return _get(rows.select_related("conversation"), actor, message_id, action, _("There is no such answer."))


def get_share(actor: Actor, conversation_id: UUID, action: str = "conversation.read") -> Share:
    """How a conversation is shown to the world: for its owner, and for admins, who may have to stop it."""
    rows = Share.objects.in_workspace(actor.workspace_id).filter(conversation_id=conversation_id, revoked_at=None)
    if not actor.allows("workspace.update"):
        rows = rows.filter(conversation__created_by_id=actor.id)
    found = rows.first()
    if found is None:
        raise NotFound(_("This conversation is not shared."), code="not_shared")
    actor.require(action)
    return found


def find_share(link: str) -> Share:
    """What a public link shows. Raises NotFound: the same for a wrong one, a revoked one and a closed workspace's."""
    wanted = share_links.share_id(link)
    rows = Share.objects.filter(revoked_at=None, workspace__closed_at=None)
    found = rows.filter(id=wanted).first() if wanted else None
    if found is None:
        raise NotFound(_("Nothing is shared here, or not any more."))
    return found


def get_provider(actor: Actor, provider_id: UUID, action: str = "provider.read") -> Provider:
    rows = Provider.objects.in_workspace(actor.workspace_id).prefetch_related("provider_models")
    return _get(rows, actor, provider_id, action, _("There is no such provider."))


def get_provider_model(actor: Actor, model_id: UUID, action: str = "provider.read") -> ProviderModel:
    rows = ProviderModel.objects.in_workspace(actor.workspace_id).select_related("provider")
    return _get(rows, actor, model_id, action, _("There is no such model."))


def get_credential(actor: Actor, credential_id: UUID, action: str = "agent.read") -> Credential:
    rows = Credential.objects.in_workspace(actor.workspace_id)
    return _get(rows, actor, credential_id, action, _("There is no such credential."))


def credits_first(actor: Actor) -> bool:
    """Whether the workspace uses the operator's keys, for credits, before its own."""
    return Workspace.objects.filter(id=actor.workspace_id, credits_first=True).exists()


def get_key(actor: Actor, key_id: UUID, *, write: bool = False) -> ProviderKey:
    """A key of the workspace or one of the person's own; another person's is not there, whatever one's role."""
    rows = ProviderKey.objects.in_workspace(actor.workspace_id).seen_by(actor.id).select_related("provider", "owner")
    found = _get(rows, actor, key_id, "key.read", _("There is no such key."))
    if write:
        actor.require("key.write" if found.scope == KeyScope.WORKSPACE else "key.own")
    return found


def _get(rows: "models.QuerySet[M]", actor: Actor, object_id: UUID, action: str, missing: str) -> M:
    found = rows.filter(pk=object_id).first()
    if found is None:
        raise NotFound(missing)
    actor.require(action)
    return found

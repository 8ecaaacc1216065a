"""Reads that serve pages and the API."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, JSONField, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Length
from django.utils import timezone
from django.utils.translation import ngettext

from agent_app.definition import bundle
from agent_app.definition.choice import DRAFT, find_version
from agent_app.definition.closure import Source, reach
from agent_app.definition.content import complete, draft_content
from agent_app.definition.lint import Suggestion, suggestions
from agent_app.definition.sources import draft_definition, draft_sources, version_sources
from agent_app.definition.tool_parts import function_names
from agent_app.integrations import with_counts
from agent_app.models import (
    Agent,
    AgentFile,
    AgentTool,
    AgentVersion,
    Approval,
    Conversation,
    Credential,
    Feedback,
    Integration,
    Message,
    Provider,
    Rating,
    Run,
    RunStatus,
    Tool,
    ToolCall,
)
from community.access import Actor
from community.models import StoredFile
from community.registry import Dependents

RUN_ORDERINGS = ("created_at", "-created_at", "finished_at", "-finished_at", "credits", "-credits")
AGENT_ORDERINGS = ("name", "-name", "updated_at", "-updated_at", "created_at", "-created_at")


def agent_rows(
    actor: Actor, *, search: str = "", status: str = "", tag: str = "", ordering: str = "-updated_at"
) -> QuerySet[Agent]:
    """The workspace's agents with their last run (``last_run_at``, ``last_run_status``); archived ones only when asked for."""
    actor.require("agent.read")
    rows = Agent.objects.in_workspace(actor.workspace_id)
    rows = rows.filter(status=status) if status else rows.shown()
    rows = rows.filter(tags__contains=[tag]) if tag else rows
    last = Run.objects.filter(agent_id=OuterRef("id")).order_by("-created_at")
    return (
        rows.search(search)
        .annotate(
            last_run_at=Subquery(last.values("created_at")[:1]), last_run_status=Subquery(last.values("status")[:1])
        )
        .order_by(ordering if ordering in AGENT_ORDERINGS else "-updated_at", "-id")
    )


def tags_of(actor: Actor, ids: list[UUID]) -> list[str]:
    """The tags that some of these agents of the workspace have."""
    rows = Agent.objects.in_workspace(actor.workspace_id).filter(id__in=ids).values_list("tags", flat=True)
    return sorted({tag for tags in rows for tag in tags})


def tool_rows(actor: Actor, *, search: str = "", kind: str = "", ordering: str = "name") -> QuerySet[Tool]:
    """The workspace's library, each tool with what may be shown of its secrets (``hints``), how long the ``tokens`` of its
    account are, and how many ``agents`` use it."""
    actor.require("tool.read")
    rows = Tool.objects.in_workspace(actor.workspace_id).search(search)
    rows = rows.filter(type=kind) if kind else rows
    own = Credential.objects.filter(id=OuterRef("credential_id"))
    tokens = own.annotate(size=Length("tokens_encrypted")).values("size")[:1]
    users = AgentTool.objects.filter(tool_id=OuterRef("id")).order_by().values("tool_id")
    return rows.annotate(
        hints=Coalesce(Subquery(own.values("hints")[:1]), Value({}, output_field=JSONField())),
        tokens=Subquery(tokens),
        agents=Coalesce(Subquery(users.annotate(total=Count("agent_id", distinct=True)).values("total")), 0),
    ).order_by(ordering, "-id")


def integration_rows(actor: Actor, *, search: str = "", ordering: str = "name") -> QuerySet[Integration]:
    """The workspace's integrations, each with how many ``tools`` use it."""
    actor.require("tool.read")
    rows = with_counts(Integration.objects.in_workspace(actor.workspace_id).search(search))
    return rows.order_by(ordering, "-id")


def calls_of(run_ids: Iterable[UUID]) -> dict[UUID, list[ToolCall]]:
    """The tool calls of several runs, in their order."""
    found: dict[UUID, list[ToolCall]] = {}
    for row in ToolCall.objects.filter(run_id__in=list(run_ids)).order_by("started_at", "id"):
        found.setdefault(row.run_id, []).append(row)
    return found


def asked_in(run_ids: Iterable[UUID]) -> dict[UUID, list[Approval]]:
    """What was asked in several runs, in its order."""
    found: dict[UUID, list[Approval]] = {}
    for row in Approval.objects.filter(run_id__in=list(run_ids)).select_related("decided_by").order_by("id"):
        found.setdefault(row.run_id, []).append(row)
    return found


def version_rows(agent: Agent) -> QuerySet[AgentVersion]:
    """The versions of an agent, the latest first, without their content."""
    rows = AgentVersion.objects.filter(agent_id=agent.id).select_related("published_by")
    return rows.defer("content", "pins").order_by("-number")


def content_of(agent: Agent, which: int | str, *, pinned: bool) -> dict[str, Any]:
    """The content of a version or the draft; ``pinned``: with the versions of the handoffs' targets. Raises NotFound."""
    if which == DRAFT:
        return draft_content(agent)
    version = find_version(agent, which)
    content = complete(version.content)
    if not pinned:
        return content
    handoffs = [each | {"version": version.pins.get(each["target_agent_id"])} for each in content["handoffs"]]
    return {**content, "handoffs": handoffs}


def agent_file_rows(agent: Agent) -> QuerySet[AgentFile]:
    """The agent's files that are still there, by name."""
    rows = AgentFile.objects.filter(agent_id=agent.id, file__deleted_at=None)
    return rows.select_related("file").order_by("file__name", "id")


def sources_of(agent: Agent, which: int | str) -> dict[str, Source]:
    """The content of a version or the draft, and of every agent that its handoffs reach. Raises NotFound."""
    if which == DRAFT:
        return draft_sources(agent)
    version = find_version(agent, which)
    fetch = partial(version_sources, agent.workspace_id)
    return reach(str(agent.id), Source(complete(version.content), version.pins), fetch)


def export_of(agent: Agent, which: int | str) -> dict[str, Any]:
    """The document that another workspace can import."""
    sources = sources_of(agent, which)
    tags = dict(Agent.objects.in_workspace(agent.workspace_id).filter(id__in=sources).values_list("id", "tags"))
    document = bundle.export(str(agent.id), sources, {str(key): value for key, value in tags.items()})
    document["removed"] += [f"{document['agents'][0]['name']}: {each.file.name}" for each in agent_file_rows(agent)]
    return document


def suggestions_of(agent: Agent) -> list[Suggestion]:
    frozen = draft_definition(agent)
    names = [handoff["tool_name"] for handoff in frozen["handoffs"]]
    names += [target["name"] for target in frozen["targets"].values()]
    names += [name for tool in frozen["tools"] for name in (tool["name"], tool["type"])] + function_names(
        frozen["tools"]
    )
    return suggestions(frozen, names)


def agent_statistics(agent_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Runs and cost of the last 30 days by agent id, for the agents of one page."""
    rows = (
        Run.objects.filter(agent_id__in=agent_ids, created_at__gte=timezone.now() - timedelta(days=30))
        .values("agent_id")
        .annotate(
            total=Count("id"),
            succeeded=Count("id", filter=Q(status=RunStatus.SUCCEEDED)),
            cost=Sum("credits"),
        )
    )
    return {row["agent_id"]: dict(row) for row in rows}


def agent_dependents(actor: Actor, ids: list[UUID]) -> QuerySet[Agent]:
    """Agents of the workspace with what hangs on each: ``conversation_total``, ``run_total``, ``active_total`` runs under way."""

    def total(rows: QuerySet[Any]) -> Coalesce:
        counted = rows.filter(agent_id=OuterRef("id")).order_by().values("agent_id").annotate(total=Count("id"))
        return Coalesce(Subquery(counted.values("total")), 0)

    return (
        Agent.objects.in_workspace(actor.workspace_id)
        .filter(id__in=ids)
        .annotate(
            conversation_total=total(Conversation.objects.filter(draft=False)),
            run_total=total(Run.objects.all()),
            active_total=total(Run.objects.active()),
        )
        .order_by("name")
    )


def provider_dependents(provider: Provider) -> QuerySet[Agent]:
    """The workspace's agents that are set to one of the provider's models."""
    return (
        Agent.objects.in_workspace(provider.workspace_id)
        .shown()
        .filter(model__istartswith=f"{provider.name}/")
        .order_by("name")
    )


def conversation_list(
    actor: Actor, agent_id: UUID | None = None, search: str = "", pinned: bool | None = None
) -> QuerySet[Conversation]:
    """The person's conversations, pinned ones first; test chats of the builder are not among them.

    ``search`` looks at titles and at what was said.
    """
    actor.require("conversation.read")
    rows = Conversation.objects.in_workspace(actor.workspace_id).filter(created_by_id=actor.id, draft=False)
    if agent_id is not None:
        rows = rows.filter(agent_id=agent_id)
    if search:
        said = Message.objects.filter(conversation_id=OuterRef("id"), content__icontains=search)
        rows = rows.filter(Q(title__icontains=search) | Exists(said))
    if pinned is not None:
        rows = rows.filter(pinned=pinned)
    return rows.select_related("last_run").order_by("-pinned", "-last_message_at", "-id")


def run_choices(actor: Actor, agent: Agent) -> dict[str, Any]:
    """What of an agent the actor can run: the draft (for those who may), the newest versions; and with which contexts."""
    versions = list(agent.versions.order_by("-number").values_list("number", flat=True)[:20])
    return {
        "draft": not versions or actor.allows("agent.run_draft"),
        "versions": versions,
        "contexts": list(agent.contexts.order_by("position", "name").only("id", "name", "is_default")),
    }


def feedback_list(actor: Actor, agent_id: UUID, rating: str = "") -> QuerySet[Feedback]:
    """What people thought of an agent's answers, the newest first. For whoever may change the agent."""
    actor.require("feedback.read")
    rows = Feedback.objects.in_workspace(actor.workspace_id).filter(agent_id=agent_id)
    if rating:
        rows = rows.filter(rating=rating)
    return rows.select_related("author", "message").order_by("-created_at", "-id")


def feedback_counts(agent_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
    """Thumbs up and down by agent; one query."""
    counted = Feedback.objects.filter(agent_id__in=agent_ids).values("agent_id").annotate(
        up=Count("id", filter=Q(rating=Rating.UP)), down=Count("id", filter=Q(rating=Rating.DOWN))
    )  # fmt: skip
    found = {row["agent_id"]: {"up": row["up"], "down": row["down"]} for row in counted}
    return {agent_id: found.get(agent_id, {"up": 0, "down": 0}) for agent_id in agent_ids}


def feedback_of(message_ids: list[UUID], person_id: UUID) -> dict[UUID, Feedback]:
    """A person's thumbs by message."""
    rows = Feedback.objects.filter(message_id__in=message_ids, author_id=person_id)
    return {row.message_id: row for row in rows}


def feedback_on(actor: Actor, message_id: UUID) -> list[Feedback]:
    """What people thought of one answer; nothing for those who may not know."""
    if not actor.allows("feedback.read"):
        return []
    rows = Feedback.objects.in_workspace(actor.workspace_id).filter(message_id=message_id)
    return list(rows.select_related("author").order_by("created_at"))


def files_of(messages: list[Message]) -> dict[UUID, StoredFile]:
    """The files of messages, those that are still there; no query where there are none."""
    wanted = {file_id for message in messages for file_id in message.attachments}
    if not wanted:
        return {}
    rows = StoredFile.objects.in_workspace(messages[0].workspace_id).kept().filter(id__in=wanted)
    return {file.id: file for file in rows}


def branch(conversation: Conversation) -> list[tuple[Message, list[UUID]]]:
    """The shown branch, from the first message to the head; with each message the ids of its versions, itself among them."""
    messages = list(Message.objects.filter(conversation_id=conversation.id).order_by("id"))
    versions: dict[tuple[UUID | None, str], list[UUID]] = {}
    for message in messages:
        versions.setdefault((message.parent_id, message.role), []).append(message.id)
    return [(message, versions[message.parent_id, message.role]) for message in path_to(conversation.head_id, messages)]


def conversation_usage(conversation: Conversation) -> dict[str, Any]:
    """What all runs of the conversation used and cost, those of other branches as well."""
    totals = conversation.runs.aggregate(
        prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens"), credits=Sum("credits"), answers=Count("id")
    )
    return {
        "tokens": (totals["prompt"] or 0) + (totals["completion"] or 0),
        "credits": totals["credits"] or Decimal(0),
        "answers": totals["answers"],
    }


def path_to(message_id: UUID | None, messages: list[Message]) -> list[Message]:
    """The messages from the root to ``message_id``."""
    by_id = {message.id: message for message in messages}
    path: list[Message] = []
    while message_id is not None and message_id in by_id:
        path.append(by_id[message_id])
        message_id = by_id[message_id].parent_id
    return path[::-1]


def run_list(
    actor: Actor,
    *,
    agent_id: UUID | None = None,
    conversation_id: UUID | None = None,
    status: str = "",
    search: str = "",
    ordering: str = "-created_at",
) -> QuerySet[Run]:
    """The workspace's runs that somebody started; ``search`` looks at what was asked and at the agent's name."""
    actor.require("run.read")
    waiting = Prefetch("approvals", Approval.objects.pending())
    rows = Run.objects.in_workspace(actor.workspace_id).roots().select_related("agent").prefetch_related(waiting)
    if agent_id is not None:
        rows = rows.of_agent(agent_id)
    if conversation_id is not None:
        rows = rows.filter(conversation_id=conversation_id)
    if status:
        rows = rows.filter(status=status)
    if search:
        rows = rows.filter(Q(input__message__icontains=search) | Q(agent__name__icontains=search))
    return rows.order_by(ordering if ordering in RUN_ORDERINGS else "-created_at", "-id")


def provider_rows(actor: Actor) -> QuerySet[Provider]:
    """The workspace's providers by name."""
    actor.require("provider.read")
    return Provider.objects.in_workspace(actor.workspace_id).prefetch_related("provider_models").order_by("name")


def dependents(workspace_id: UUID) -> list[Dependents]:
    """What of this app goes with a workspace."""
    agents = Agent.objects.in_workspace(workspace_id).count()
    conversations = Conversation.objects.in_workspace(workspace_id).count()
    runs = Run.objects.in_workspace(workspace_id).count()
    return [
        Dependents("agent", agents, ngettext("%d agent", "%d agents", agents) % agents),
        Dependents(
            "conversation",
            conversations,
            ngettext("%d conversation", "%d conversations", conversations) % conversations,
        ),
        Dependents("run", runs, ngettext("%d run", "%d runs", runs) % runs),
    ]

"""What the chat partial (templates/components/chat.html) needs, for the playground and the builder."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from agent_app import markdown, output_formats, remedies
from agent_app.approval_card import Card, cards, steps
from agent_app.approvals import pending_of
from agent_app.definition.content import draft_content
from agent_app.model_picker import Group, groups
from agent_app.models import (
    Agent,
    Approval,
    Conversation,
    Feedback,
    Message,
    MessageRole,
    Run,
    RunStatus,
    ToolCall,
    ToolCallStatus,
)
from agent_app.selectors import asked_in, branch, calls_of, conversation_usage, feedback_of, files_of, run_choices
from community.access import Actor
from community.models import StoredFile


@dataclass(frozen=True)
class Shown:
    """A message as the chat shows it. ``html`` is only for answers; what people wrote is shown as they wrote it."""

    message: Message
    html: SafeString | None
    run: Run | None
    versions: list[UUID]
    feedback: Feedback | None = None
    files: tuple[StoredFile | None, ...] = ()
    steps: tuple[tuple[Card | None, ToolCall | None], ...] = ()

    @property
    def value(self) -> output_formats.Shown | None:
        """The answer's form or table, where it has an output type."""
        complete = self.message.role == MessageRole.ASSISTANT and self.message.complete and self.run is not None
        return output_formats.shown(self.run.output) if complete and self.run is not None else None

    @property
    def place(self) -> int:
        return self.versions.index(self.message.id) + 1

    @property
    def version_ids(self) -> str:
        return " ".join(map(str, self.versions))

    @property
    def before(self) -> UUID | None:
        return self.versions[self.place - 2] if self.place > 1 else None

    @property
    def after(self) -> UUID | None:
        return self.versions[self.place] if self.place < len(self.versions) else None


_NOTHING_USED = {"tokens": 0, "credits": Decimal(0), "answers": 0}


def chat_context(
    actor: Actor, agent: Agent, conversation: Conversation | None, *, builder: bool = False
) -> dict[str, Any]:
    """The branch so far, the run that is answering now, and why the last one gave no answer, if so."""
    said = branch(conversation) if conversation else []
    runs = Run.objects.in_bulk({message.run_id for message, _versions in said if message.run_id})
    shown = [message for message, _versions in said]
    given = feedback_of([message.id for message in shown if message.role == MessageRole.ASSISTANT], actor.id)
    files = files_of(shown)
    calls, asked = calls_of(runs), asked_in(runs)
    last = conversation.last_run if conversation else None
    live = last if last is not None and not last.ended else None
    return {
        "agent": agent,
        "conversation": conversation,
        "messages": [
            _shown(actor, message, versions, runs.get(message.run_id), given.get(message.id), files, calls, asked)
            for message, versions in said
        ],
        "live_run": live,
        "asked": cards(actor, live, pending_of(live)) if live else [],
        "unanswered": _unanswered(actor, conversation, said),
        "starters": agent.starters,
        "labels": json.dumps(labels()),
        "remedies": json.dumps(remedies.for_refusals(actor, agent.id)),
        "builder": builder,
        "runs": {"draft": True} if builder else run_choices(actor, agent),
        "models": offered(actor, agent),
        "usage": conversation_usage(conversation) if conversation else _NOTHING_USED,
    }


def offered(actor: Actor, agent: Agent) -> list[Group]:
    """Every model that a message can go to instead of the agent's own, by provider; what cannot do it is among them, with why."""
    found = groups(actor, draft_content(agent), agent.model)
    for group in found:
        group.choices = [choice for choice in group.choices if not choice["chosen"]]
    return [group for group in found if group.choices or group.missing]


def _shown(
    actor: Actor,
    message: Message,
    versions: list[UUID],
    run: Run | None,
    given: Feedback | None,
    files: dict[UUID, StoredFile],
    calls: dict[UUID, list[ToolCall]],
    asked: dict[UUID, list[Approval]],
) -> Shown:
    html = markdown.render(message.content) if message.role == MessageRole.ASSISTANT else None
    attached = tuple(files.get(file_id) for file_id in message.attachments)
    called: tuple[tuple[Card | None, ToolCall | None], ...] = ()
    if run is not None and html is not None:
        called = tuple(steps(cards(actor, run, asked.get(run.id, ())), calls.get(run.id, ())))
    return Shown(message, html, run, versions, given, attached, called)


def _unanswered(
    actor: Actor, conversation: Conversation | None, said: list[tuple[Message, list[UUID]]]
) -> dict[str, Any] | None:
    """Where the branch ends without an answer, or with one that failed: why, where something can be done about it, the run, and
    the answer given before, if any."""
    run = conversation.last_run if conversation else None
    if conversation is None or run is None or not run.ended or not said:
        return None
    end = said[-1][0]
    if end.role == MessageRole.ASSISTANT and not (run.id == end.run_id and run.status == RunStatus.FAILED):
        return None
    if end.role == MessageRole.USER and run.user_message_id != end.id:
        return {"text": _("This message was not answered."), "run": None, "earlier": None, "remedy": None}
    earlier = end.children.order_by("id").last() if end.role == MessageRole.USER else None
    text = (run.error or {}).get("error") or _reason(run)
    return {"text": text, "run": run, "earlier": earlier, "remedy": remedies.for_run(actor, run)}


def _reason(run: Run) -> str:
    """Why a run that left no error message has no answer."""
    if run.status == RunStatus.CANCELLED:
        return _("It was stopped before the first word.")
    return run.reason or _("The run failed without saying why. Try again.")


def labels() -> dict[str, str]:
    """The words that the browser puts into the chat while it is running."""
    return {
        "message": _("Write a message"),
        "queue_message": _("Queue a message"),
        "send": _("Send"),
        "queue": _("Queue"),
        "queued": _("Waiting for a free worker…"),
        "place": _("Waiting for its turn: place {place} in the queue…"),
        "running": _("Running"),
        "waiting": _("Waiting for you"),
        "tool_waiting": str(RunStatus.WAITING.label),
        "uploading": _("Wait until the files are uploaded, or take them out."),
        "again": _("Starting again…"),
        "done": _("Done"),
        "guardrail": _("Guardrail"),
        "guardrail_block": _("Blocked"),
        "guardrail_replace": _("Replaced"),
        "guardrail_redact": _("Taken out"),
        "guardrail_warn": _("Noted"),
        "tool_failed": _("Failed"),
        "tool_unknown": str(ToolCallStatus.UNKNOWN.label),
        "failed": _("The run failed without saying why. Try again."),
        "stopped": _("Stopped. What was written so far is kept."),
        "partial": _("The answer is incomplete."),
        "max_tokens": _("The answer was cut at the longest length allowed."),
        "timeout": _("The run took too long and was ended."),
        "credits": _("The credits ran out. What was written so far is kept."),
        "tokens": _("tokens"),
        "credits_unit": _("credits"),
        "credits_short": pgettext("credits", "cr"),
        "copied": _("Copied"),
        "offline": _("The server cannot be reached. Your message is still here; try again."),
        "reconnecting": _("Connection lost. Reconnecting; the run goes on."),
        "version": _("Version {place} of {total}"),
        "lost": _("This run cannot be followed any more. Reload the page."),
    }

"""What the chat partial (templates/components/chat.html) needs, for the playground and the builder."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from agent_app import markdown
from agent_app.models import Agent, Conversation, Message, MessageRole, Run, RunStatus
from agent_app.selectors import branch


@dataclass(frozen=True)
class Shown:
    """A message as the chat shows it. ``html`` is only for answers; what people wrote is shown as they wrote it."""

    message: Message
    html: SafeString | None
    run: Run | None


def chat_context(agent: Agent, conversation: Conversation | None, *, builder: bool = False) -> dict[str, Any]:
    """The branch so far, the run that is answering now, and why the last one gave no answer, if so."""
    said = branch(conversation) if conversation else []
    runs = Run.objects.in_bulk({message.run_id for message in said if message.run_id})
    last = conversation.last_run if conversation else None
    live = last if last is not None and not last.ended else None
    unanswered = bool(said) and said[-1].role == MessageRole.USER
    failure = last if last is not None and last.status == RunStatus.FAILED else None
    return {
        "agent": agent,
        "conversation": conversation,
        "messages": [_shown(message, runs) for message in said],
        "live_run": live,
        "failure": failure if failure and (unanswered or failure.id == said[-1].run_id) else None,
        "starters": agent.starters,
        "labels": json.dumps(labels()),
        "builder": builder,
        "tokens": sum(run.total_tokens for run in runs.values()),
        "credits": sum(run.credits for run in runs.values()),
        "turns": sum(message.role == MessageRole.ASSISTANT for message in said),
    }


def _shown(message: Message, runs: dict[Any, Run]) -> Shown:
    html = markdown.render(message.content) if message.role == MessageRole.ASSISTANT else None
    return Shown(message, html, runs.get(message.run_id))


def labels() -> dict[str, str]:
    """The words that the browser puts into the chat while it is running."""
    return {
        "message": _("Write a message"),
        "queue_message": _("Queue a message"),
        "queued": _("Waiting for a free worker…"),
        "running": _("Running"),
        "waiting": _("Waiting for you"),
        "again": _("Starting again…"),
        "done": _("Done"),
        "failed": _("The run failed without saying why. Try again."),
        "stopped": _("Stopped. What was written so far is kept."),
        "partial": _("The answer is incomplete."),
        "max_tokens": _("The answer was cut at the longest length allowed."),
        "timeout": _("The run took too long and was ended."),
        "copied": _("Copied"),
        "offline": _("The server cannot be reached. Your message is still here; try again."),
        "reconnecting": _("Connection lost. Reconnecting; the run goes on."),
        "lost": _("This run cannot be followed any more. Reload the page."),
    }

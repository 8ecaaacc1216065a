"""A conversation as a file: JSON with everything that was said, Markdown with the shown branch. Pure, but for ``gather``."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext as _

from agent_app.models import Conversation, Feedback, Message, MessageRole, RunEvent
from agent_app.selectors import feedback_of, files_of, path_to
from community.files.names import clean
from community.models import StoredFile

VERSION = 1
_STARTED, _COMPLETED = "tool_use_start", "tool_use_complete"


@dataclass(frozen=True)
class Gathered:
    """A conversation with what belongs to its messages."""

    conversation: Conversation
    messages: list[Message]
    files: dict[UUID, StoredFile] = field(default_factory=dict)
    feedback: dict[UUID, Feedback] = field(default_factory=dict)
    tools: dict[UUID, list[dict[str, Any]]] = field(default_factory=dict)  # by run


def gather(conversation: Conversation, person_id: UUID) -> Gathered:
    """Four queries, however long the conversation is."""
    messages = list(Message.objects.filter(conversation_id=conversation.id).order_by("id"))
    given = feedback_of([message.id for message in messages], person_id)
    runs = {message.run_id for message in messages if message.run_id}
    rows = RunEvent.objects.filter(run_id__in=runs, type__in=(_STARTED, _COMPLETED)).order_by("run_id", "seq")
    events: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for run_id, data in rows.values_list("run_id", "data"):
        events[run_id].append(orjson.loads(data))
    return Gathered(
        conversation, messages, files_of(messages), given, {run_id: tool_calls(found) for run_id, found in events.items()},
    )  # fmt: skip


def tool_calls(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A run's calls of tools, from its events: what was asked and what came back (nothing where the run ended before)."""
    calls: dict[str, dict[str, Any]] = {}
    for event in events:
        call = calls.setdefault(str(event.get("call_id")), {"call_id": event.get("call_id")})
        if event.get("type") == _STARTED:
            call |= {"tool_name": event.get("tool_name"), "arguments": event.get("arguments")}
        else:
            call |= {name: event.get(name) for name in ("result", "duration_ms", "is_error")}
    return list(calls.values())


def file_name(conversation: Conversation, ending: str) -> str:
    """A name that every file system takes."""
    title = "".join("-" if character in '<>:"|?*/\\' else character for character in conversation.title)
    return clean(f"{clean(title or 'conversation')[:80].rstrip('. ')}.{ending}")


def as_json(gathered: Gathered) -> bytes:
    conversation = gathered.conversation
    document = {
        "format": "troupe.conversation", "version": VERSION, "id": conversation.id, "title": conversation.title,
        "agent": {"id": conversation.agent_id, "name": conversation.agent.name}, "head_id": conversation.head_id,
        "created_at": conversation.created_at, "messages": [_message(message, gathered) for message in gathered.messages],
    }  # fmt: skip
    return orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2)


def _message(message: Message, gathered: Gathered) -> dict[str, Any]:
    given = gathered.feedback.get(message.id)
    return {
        "id": message.id, "parent_id": message.parent_id, "role": message.role, "content": message.content,
        "reasoning": message.reasoning, "complete": message.complete, "created_at": message.created_at,
        "attachments": [_file(file_id, gathered) for file_id in message.attachments],
        "run_id": message.run_id, "usage": message.usage,
        "tool_calls": gathered.tools.get(message.run_id, []) if message.run_id and _is_answer(message) else [],
        "feedback": {"rating": given.rating, "reason": given.reason} if given else None,
    }  # fmt: skip


def _file(file_id: UUID, gathered: Gathered) -> dict[str, Any]:
    file = gathered.files.get(file_id)
    return {"id": file_id} | ({"name": file.name, "mime": file.mime, "size": file.size} if file else {"deleted": True})


def _is_answer(message: Message) -> bool:
    return bool(message.role == MessageRole.ASSISTANT)


def as_markdown(gathered: Gathered) -> str:
    """The shown branch for reading. What people and models wrote stays as it is."""
    conversation = gathered.conversation
    parts = [f"# {' '.join(conversation.title.split()) or _('Conversation')}"]
    for message in path_to(conversation.head_id, gathered.messages):
        name = conversation.agent.name if _is_answer(message) else _("Person")
        parts.append(f"## {name} · {message.created_at:%Y-%m-%d %H:%M} UTC")
        parts += [_attachment(file_id, gathered) for file_id in message.attachments]
        if message.run_id and _is_answer(message):
            parts += [_tool_call(call) for call in gathered.tools.get(message.run_id, [])]
        parts.append(message.content)
        if not message.complete:
            parts.append(f"*{_('The answer is incomplete.')}*")
    return "\n\n".join(part for part in parts if part) + "\n"


def _attachment(file_id: UUID, gathered: Gathered) -> str:
    file = gathered.files.get(file_id)
    return f"*{_('Attached:')} {file.name}*" if file else f"*{_('Attached: a file that was deleted')}*"


def _tool_call(call: dict[str, Any]) -> str:
    lines = [f"**{_('Tool')} `{call.get('tool_name') or call.get('call_id')}`**", _fenced(call.get("arguments"))]
    if "result" in call:
        lines += [_("Error:") if call.get("is_error") else _("Result:"), _fenced(call["result"])]
    return "\n\n".join(lines)


def _fenced(value: Any) -> str:
    """A block that its own content cannot end."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode()
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"

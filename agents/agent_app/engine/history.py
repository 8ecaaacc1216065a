"""What of a conversation is sent to the model: the agent's history policy, files, and a summary of what is left out.

The choosing is pure. ``prepare`` does what needs the outside: it reads files, and asks a model for a summary.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agent_app.attachments import NOTHING, Content, shortened
from agent_app.engine import tokens
from agent_app.models import Message, MessageRole

if TYPE_CHECKING:  # web processes choose too, and never import the SDK
    from agents.items import TResponseInputItem

logger = logging.getLogger(__name__)

ALL, LAST_N, TOKEN_BUDGET, SUMMARISE = "all", "last_n", "token_budget", "summarise"
POLICIES = (ALL, LAST_N, TOKEN_BUDGET, SUMMARISE)
SUMMARY_TOKENS = 400
TRANSCRIPT_TOKENS = 24_000  # what is summarised at once at most
_DEFAULT_N, _DEFAULT_TOKENS = 20, 4000

Weight = Callable[[Message], int]


@dataclass(frozen=True)
class Policy:
    """How much of what was said before goes along: everything, ``n`` messages, or what fits into ``tokens``."""

    kind: str = ALL
    n: int = _DEFAULT_N
    tokens: int = _DEFAULT_TOKENS


@dataclass(frozen=True)
class Chosen:
    """``kept`` goes along word for word and ends with the message to answer; ``older`` must be in the summary by then."""

    kept: list[Message]
    older: list[Message]
    summary: str = ""


def policy_of(definition: Mapping[str, Any]) -> Policy:
    """The policy of a definition; snapshots older than policies send everything."""
    found = definition.get("history") or {}
    kind = found.get("policy")
    return Policy(
        kind if kind in POLICIES else ALL,
        int(found.get("n") or _DEFAULT_N),
        int(found.get("tokens") or _DEFAULT_TOKENS),
    )


def weight_of(message: Message, files: Mapping[UUID, int]) -> int:
    """About how many tokens a message has; ``files`` says what those at messages cost."""
    return 4 + tokens.estimate(message.content) + files.get(message.id, 0)


def choose(
    history: list[Message], policy: Policy, weight: Weight, *, summary: str = "", until: UUID | None = None
) -> Chosen:
    """What of ``history`` is sent. ``summary`` tells everything up to the message ``until``, if that is on this branch."""
    before = history[:-1]
    if policy.kind == LAST_N:
        kept = before[-policy.n :] if policy.n else []
    elif policy.kind == TOKEN_BUDGET:
        kept = fitting(before, policy.tokens, weight)
    elif policy.kind == SUMMARISE:
        return _with_summary(history, policy, weight, summary, until)
    else:
        kept = before
    return Chosen([*from_person(kept), *history[-1:]], [])


def _with_summary(history: list[Message], policy: Policy, weight: Weight, summary: str, until: UUID | None) -> Chosen:
    """Word for word while it fits. Then all but the newest half of the budget is summarised, so that it lasts for a while."""
    before = history[:-1]
    told = next((place for place, message in enumerate(before, start=1) if message.id == until), 0)
    rest = before[told:]
    known = summary if told else ""
    if len(fitting(rest, policy.tokens, weight)) == len(rest):
        return Chosen([*rest, *history[-1:]], [], known)
    kept = from_person(fitting(rest, policy.tokens // 2, weight))
    return Chosen([*kept, *history[-1:]], rest[: len(rest) - len(kept)], known)


def fitting(messages: list[Message], budget: int, weight: Weight) -> list[Message]:
    """The newest messages that fit together; a message that does not fit ends it, so that there is no hole."""
    left = budget
    for place in range(len(messages) - 1, -1, -1):
        left -= weight(messages[place])
        if left < 0:
            return messages[place + 1 :]
    return messages


def from_person(messages: list[Message]) -> list[Message]:
    """Without answers at the beginning whose question is left out: some providers refuse to begin with an answer."""
    for place, message in enumerate(messages):
        if message.role == MessageRole.USER:
            return messages[place:]
    return []


def most_tokens(history: list[Message], policy: Policy, weight: Weight) -> int:
    """An upper bound of what is sent, known before the summary is: what is held for the first turn."""
    if policy.kind != SUMMARISE:
        return sum(weight(message) + 4 for message in choose(history, policy, weight).kept)
    before = sum(weight(message) + 4 for message in history[:-1])
    last = sum(weight(message) + 4 for message in history[-1:])
    asked = min(before, TRANSCRIPT_TOKENS) + 2 * SUMMARY_TOKENS  # the first turn may be the summary itself
    return max(last + min(before, 2 * policy.tokens) + SUMMARY_TOKENS, asked) + 64


# The items


def input_items(
    history: list[Message],
    *,
    budget: int | None = None,
    files: Mapping[UUID, Content] = NOTHING,
    sees: bool = True,
    summary: str = "",
) -> "list[TResponseInputItem]":
    """Messages as the SDK takes them. With a ``budget`` of tokens the oldest are left out; the last one never is."""
    kept = history
    if budget is not None:
        left = budget - tokens.estimate(summary)
        own = _parts(history[-1], files, sees, None) if history else []
        last = sum(_part_tokens(part) for part in own)
        kept = [*fitting(history[:-1], left - last, lambda message: _tokens_of(message, files, sees)), *history[-1:]]
    room = None if budget is None or not kept else budget - 4 - tokens.estimate(kept[-1].content)
    items = [_item(message, files, sees, room if message is kept[-1] else None) for message in kept]
    if summary:
        items.insert(0, {"role": "user", "content": f"[Summary of the conversation so far]\n{summary}"})
    return items  # type: ignore[return-value]  # roles are user and assistant


def _item(message: Message, files: Mapping[UUID, Content], sees: bool, room: int | None) -> dict[str, Any]:
    if not message.attachments:
        return {"role": message.role, "content": message.content}
    return {"role": message.role, "content": _parts(message, files, sees, room)}


def _parts(message: Message, files: Mapping[UUID, Content], sees: bool, room: int | None) -> list[dict[str, Any]]:
    """The message's own words as they are, then its files. ``room``: how many tokens these may have together."""
    parts: list[dict[str, Any]] = [{"type": "input_text", "text": message.content}]
    for number, file_id in enumerate(message.attachments):
        share = None if room is None else max(room, 0) // (len(message.attachments) - number)
        part = _file_part(files.get(file_id, Content("")), sees, share)
        parts.append(part)
        room = None if room is None else room - _part_tokens(part)
    return parts


def _file_part(file: Content, sees: bool, room: int | None) -> dict[str, Any]:
    if file.image and sees:
        return {"type": "input_image", "image_url": file.image, "detail": "auto"}
    if file.document and sees:
        return {"type": "input_file", "filename": file.name, "file_data": file.document}
    if file.document and file.document.text:
        text = text_file(file.name, file.document.text, file.document.cut, room)
    elif file.document:
        text = f"[The file “{file.name}” was attached here. You cannot read it.]"
    elif file.image:
        text = f"[The image “{file.name}” was attached here. You cannot see images.]"
    elif file.text:
        text = text_file(file.name, file.text, file.cut, room)
    else:
        text = f"[The file “{file.name}” was attached here and is not available any more.]"
    return {"type": "input_text", "text": text}


def text_file(name: str, text: str, cut: bool, room: int | None) -> str:
    """The words of a file as they stand in a message: all of them, or what ``room`` tokens hold."""
    content, shorter = (text, False) if room is None else shortened(text, (room - 60) * 3)
    note = ", shortened: only its beginning is shown" if cut or shorter else ""
    return f"[Attached file “{name}”{note}]\n{content}\n[End of “{name}”]"


def _tokens_of(message: Message, files: Mapping[UUID, Content], sees: bool) -> int:
    return 4 + sum(_part_tokens(part) for part in _parts(message, files, sees, None))


def _part_tokens(part: dict[str, Any]) -> int:
    if "file_data" in part:
        return int(part["file_data"].tokens)
    return tokens.estimate(part["text"]) if "text" in part else 1500

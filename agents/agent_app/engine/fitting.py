"""A request as one model can take it: without files that it cannot read, and for a local model that stands in for another
one no longer than its window, as it would be trimmed for an agent of its own. Pure.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from django.utils.translation import gettext as _

from agent_app import attachments
from agent_app.calls import local_max_tokens
from agent_app.engine import tokens
from agent_app.engine.history import text_file
from agent_app.engine.hosted_items import is_call
from agent_app.engine.items import Item, newest, role_of, without_tools
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.request import Request
from agent_app.engine.tokens import FileData
from agent_app.hosted import can_host
from agent_app.model_references import LOCAL_CONTEXT, ResolvedModel

FRAME = 64  # tokens that a chat template adds


def fitted(request: Request, resolved: ResolvedModel, *, stands_in: bool) -> Request:
    """``request`` for ``resolved``; ``stands_in``: it is asked because the chosen model failed.

    Raises ProviderError where nothing of the kind could be sent at all.
    """
    if (readable := _readable(request.input, resolved)) is not request.input:
        request = replace(request, input=cast(Any, readable))
    if not (stands_in and resolved.local):
        return request
    if request.tools or request.handoffs:
        text = _("%(model)s cannot call tools, so it cannot stand in here.") % {"model": resolved.reference}
        raise ProviderError("resting", text, cause="tools")
    return replace(request, input=cast(Any, _trimmed(request)))


def local_room(instructions: str | None, max_tokens: int) -> int:
    """How many tokens of conversation the local model's window has."""
    return LOCAL_CONTEXT - max_tokens - FRAME - tokens.estimate(instructions or "")


def _trimmed(request: Request) -> list[Item]:
    """The newest of what people and agents have said; the last of it always. It begins with a person's words."""
    room = local_room(request.instructions, local_max_tokens(request.wanted))
    kept = newest(without_tools(request.items), room)
    first = next((place for place, item in enumerate(kept) if role_of(item) == "user"), 0)
    return kept[first:]


# Files


def _readable(given: str | list[Item], resolved: ResolvedModel) -> str | list[Item]:
    """The very same where nothing in it must be left out."""
    if isinstance(given, str):
        return given
    if not can_host(resolved) and any(is_call(item) for item in given):  # of an agent with another model
        given = [item for item in given if not is_call(item)]
    refused = _refused(resolved)
    if not refused or not any(_has(item, refused) for item in given):
        return given
    return [_without(item, refused) if _has(item, refused) else item for item in given]


def _refused(resolved: ResolvedModel) -> dict[str, Callable[[Any], str]]:
    """The kinds of parts that a model cannot read, and what it is told instead."""
    refused: dict[str, Callable[[Any], str]] = {}
    if not attachments.sees(resolved):
        refused["input_image"] = lambda part: "[An image was attached here. You cannot see images.]"
    if not attachments.reads_documents(resolved):
        refused["input_file"] = _unread
    return refused


def _unread(part: Any) -> str:
    """Its words, where they were read; models that take no PDF take these."""
    data = part.get("file_data")
    if isinstance(data, FileData) and data.text:
        return text_file(str(part.get("filename") or ""), data.text, data.cut, None)
    return f"[The file “{part.get('filename') or ''}” was attached here. You cannot read it.]"


def _has(item: Any, kinds: dict[str, Any]) -> bool:
    return any(part.get("type") in kinds for part in _parts(item)[1])


def _parts(item: Any) -> tuple[str, list[Any]]:
    """Where an item has parts, and these: a message its content, a call of a tool its output."""
    name = "output" if item.get("type") == "function_call_output" else "content"
    return name, item[name] if isinstance(item.get(name), list) else []


def _without(item: Any, refused: dict[str, Callable[[Any], str]]) -> Item:
    name, found = _parts(item)
    parts = [
        {"type": "input_text", "text": refused[part["type"]](part)} if part.get("type") in refused else part
        for part in found
    ]
    return cast(Item, {**item, name: parts})

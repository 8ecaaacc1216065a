"""What a model is given, item by item, and how it becomes less. Pure."""

from typing import Any

from agents.items import TResponseInputItem

from agent_app.engine import tokens

Item = TResponseInputItem


def role_of(item: Item) -> str:
    return str(item.get("role") or "")


def text_of(item: Item) -> str:
    content: Any = item.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or part.get("refusal") or "") for part in content if isinstance(part, dict))


def without_tools(items: list[Item]) -> list[Item]:
    """Only what people and agents have said."""
    return [item for item in items if role_of(item)]


def last_messages(items: list[Item], kept: int) -> list[Item]:
    """The last ``kept`` messages and what happened between them; no answer of a tool without its call."""
    places = [place for place, item in enumerate(items) if role_of(item)]
    rest = items[places[-kept] :] if len(places) >= kept > 0 else items
    calls = {item.get("call_id") for item in rest if item.get("type") == "function_call"}
    return [item for item in rest if item.get("type") != "function_call_output" or item.get("call_id") in calls]


def newest(items: list[Item], budget: int) -> list[Item]:
    """As many of the newest messages as ``budget`` tokens hold; the last one always."""
    kept: list[Item] = []
    for item in reversed(items):
        budget -= 4 + tokens.estimate(text_of(item))
        if budget < 0 and kept:
            break
        kept.append(item)
    return kept[::-1]

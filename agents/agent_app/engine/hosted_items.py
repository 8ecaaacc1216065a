"""What OpenAI's Responses say of the calls that they make themselves. Pure."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]

# Item → our type; our type → what the SDK calls its tool.
KINDS = {
    "web_search_call": "web_search", "code_interpreter_call": "code_interpreter", "image_generation_call": "image",
    "file_search_call": "file_search",
}  # fmt: skip
TOOLS = {
    "web_search": "web_search", "code_interpreter": "code_interpreter", "image": "image_generation", "file_search": "file_search",
}  # fmt: skip
# What is only answered if it is asked for.
INCLUDED = {"code_interpreter": "code_interpreter_call.outputs", "web_search": "web_search_call.action.sources"}
_MOST = 50
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True)
class Cited:
    """A file in a container of the provider's, as an answer names it."""

    container: str
    file_id: str
    name: str


def named(tools: Iterable[Any]) -> list[str]:
    """The types of those of the SDK's tools that the provider runs itself."""
    types = {name: kind for kind, name in TOOLS.items()}
    return [types[tool.name] for tool in tools if not hasattr(tool, "on_invoke_tool") and tool.name in types]


def is_call(item: Any) -> bool:
    return item.get("type") in KINDS


def arguments(item: Item) -> dict[str, Any]:
    """What the provider's tool was called with, as far as it is said."""
    match item.get("type"):
        case "web_search_call":
            action = item.get("action") or {}
            return {name: action[name] for name in ("type", "query", "queries", "url", "pattern") if action.get(name)}
        case "code_interpreter_call":
            return {"code": item.get("code") or ""}
        case "image_generation_call":
            return {"prompt": item.get("revised_prompt") or ""}
        case "file_search_call":
            return {"queries": list(item.get("queries") or ())}
    return {}


def result(item: Item) -> dict[str, Any]:
    """What it came to, as far as that is said: the model knows more."""
    match item.get("type"):
        case "web_search_call":
            sources = (item.get("action") or {}).get("sources") or ()
            return {"sources": [each.get("url") for each in sources[:_MOST] if isinstance(each, Mapping)]}
        case "code_interpreter_call":
            outputs = item.get("outputs") or ()
            return {"logs": "\n".join(str(each.get("logs") or "") for each in outputs if each.get("type") == "logs")}
        case "file_search_call":
            found = item.get("results") or ()
            names = ("file_id", "filename", "score", "text")
            return {"results": [{name: each.get(name) for name in names} for each in found[:_MOST]]}
    return {}


def picture(item: Item) -> bytes:
    """The picture that was made; empty where there is none."""
    if item.get("type") != "image_generation_call" or not isinstance(item.get("result"), str):
        return b""
    try:
        return base64.b64decode(item["result"], validate=True)
    except binascii.Error:
        return b""


def cited(item: Item) -> Iterator[Cited]:
    """The files of its code interpreter that a message names."""
    parts = item.get("content") if item.get("type") == "message" else None
    for part in parts if isinstance(parts, list) else ():
        for note in part.get("annotations") or ():
            if note.get("type") != "container_file_citation":
                continue
            container, file_id = str(note.get("container_id")), str(note.get("file_id"))
            if _ID.fullmatch(container) and _ID.fullmatch(file_id):  # they become parts of an address
                yield Cited(container, file_id, str(note.get("filename") or file_id))


def without_picture(item: dict[str, Any]) -> dict[str, Any]:
    """The item as it goes along with the conversation: the provider knows the picture by the item's id."""
    return {**item, "result": None} if item.get("type") == "image_generation_call" else item

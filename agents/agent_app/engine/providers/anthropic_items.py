"""The SDK's items as Anthropic's messages. Pure."""

import re
from collections.abc import Iterable
from typing import Any

import orjson
from agents.exceptions import UserError

_DATA = re.compile(r"data:([^;,]+);base64,(.*)", re.DOTALL)
_NAME = re.compile(r"[^A-Za-z0-9_-]")


def messages(items: Iterable[Any], model: str) -> tuple[list[str], list[dict[str, Any]]]:
    """What stands in ``system``, and the messages: neighbours of one role are one message, results before words."""
    system: list[str] = []
    found: list[dict[str, Any]] = []
    for item in items:
        kind, role = item.get("type") or "message", item.get("role")
        if kind == "message" and role in ("system", "developer"):
            system.append(_text(item["content"]))
        elif kind == "message":
            _add(found, "assistant" if role == "assistant" else "user", _content(item["content"], role))
        elif kind == "reasoning":
            _add(found, "assistant", _thinking(item, model))
        elif kind == "function_call":
            _add(found, "assistant", [_tool_use(item)])
        elif kind == "function_call_output":
            _add(found, "user", [_tool_result(item)])
        else:
            raise UserError(f"Anthropic's models cannot be told of an item of type {kind}.")
    for message in found:
        if message["role"] == "user":
            message["content"].sort(key=lambda block: block["type"] != "tool_result")
    return system, found


def _add(found: list[dict[str, Any]], role: str, blocks: list[dict[str, Any]]) -> None:
    if not blocks:
        return
    if found and found[-1]["role"] == role:
        found[-1]["content"] += blocks
    else:
        found.append({"role": role, "content": blocks})


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _content(content: Any, role: str | None) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []  # an empty block is refused
    if role == "assistant":
        texts = [part.get("text") or part.get("refusal") or "" for part in content]
        return [{"type": "text", "text": text} for text in texts if text]
    return [_part(part) for part in content]


def _part(part: dict[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind in ("input_text", "text", "output_text"):
        return {"type": "text", "text": part["text"]}
    if kind == "input_image":
        return {"type": "image", "source": _source(part.get("image_url"))}
    if kind == "input_file":
        block = {"type": "document", "source": _source(part.get("file_data") or part.get("file_url"))}
        return block | ({"title": part["filename"]} if part.get("filename") else {})
    raise UserError(f"Anthropic's models cannot read a part of type {kind}.")


def _source(url: str | None) -> dict[str, str]:
    if not url:
        raise UserError("A file must be given with its content or its address; ids of OpenAI's files are unknown here.")
    if found := _DATA.fullmatch(url):
        return {"type": "base64", "media_type": found[1], "data": found[2]}
    return {"type": "url", "url": url}


def _thinking(item: dict[str, Any], model: str) -> list[dict[str, Any]]:
    """Thinking goes back exactly as it came, signature and all; another model's thoughts are none of its business."""
    origin = item.get("provider_data") or {}
    block = origin.get("anthropic_block")
    return [block] if block and origin.get("model") == model else []


def _tool_use(item: dict[str, Any]) -> dict[str, Any]:
    try:
        arguments = orjson.loads(item.get("arguments") or "{}")
    except orjson.JSONDecodeError:
        arguments = {}
    return {
        "type": "tool_use", "id": _NAME.sub("_", item["call_id"]), "name": item["name"],
        "input": arguments if isinstance(arguments, dict) else {},
    }  # fmt: skip


def _tool_result(item: dict[str, Any]) -> dict[str, Any]:
    output = item["output"]
    content = output if isinstance(output, str) else [_part(part) for part in output]
    return {"type": "tool_result", "tool_use_id": _NAME.sub("_", item["call_id"]), "content": content}

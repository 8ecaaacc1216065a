"""The smallest questions that show what a model can do, in each API, and how to read the answers. Pure."""

from collections.abc import Iterable
from typing import Any

import orjson

from agent_app.provider_types import ANTHROPIC_VERSION, Api

ROOM = 400  # tokens: models that think need some before the first word
_HELLO = "Answer with the single word: ok"
_CALL = "Call the tool report_number with the number 7. Do not answer in words."
_FILL = "What is 3 + 4? Fill in the answer."
_NUMBER = {
    "type": "object",
    "properties": {"number": {"type": "integer"}},
    "required": ["number"],
    "additionalProperties": False,
}

PATHS: dict[Api, str] = {
    "chat_completions": "/chat/completions",
    "responses": "/responses",
    "messages": "/v1/messages",
}


def headers(api: Api, key: str, organization_id: str = "") -> dict[str, str]:
    """What authenticates a request."""
    found = {"Content-Type": "application/json"}
    if key:
        found["Authorization"] = f"Bearer {key}"
    if api == "messages":
        found["anthropic-version"] = ANTHROPIC_VERSION
    if organization_id:
        found["OpenAI-Organization"] = organization_id
    return found


def hello(api: Api, model: str, *, newer: bool) -> dict[str, Any]:
    """A streamed word. ``newer``: OpenAI's own name for the longest answer, which others do not know."""
    return {**_body(api, model, _HELLO, newer), "stream": True}


def call(api: Api, model: str, *, newer: bool) -> dict[str, Any]:
    """Asks for a tool to be called. Not forced: some models refuse that and call tools all the same."""
    body = _body(api, model, _CALL, newer)
    description = "Takes a number."
    if api == "messages":
        tool: dict[str, Any] = {"name": "report_number", "description": description, "input_schema": _NUMBER}
    elif api == "responses":
        tool = {"type": "function", "name": "report_number", "description": description, "parameters": _NUMBER}
    else:
        function = {"name": "report_number", "description": description, "parameters": _NUMBER}
        tool = {"type": "function", "function": function}
    return {**body, "tools": [tool]}


def fill(api: Api, model: str, *, newer: bool) -> dict[str, Any]:
    """Asks for JSON of a schema."""
    body = _body(api, model, _FILL, newer)
    if api == "messages":
        return {**body, "output_config": {"format": {"type": "json_schema", "schema": _NUMBER}}}
    if api == "responses":
        chosen = {"type": "json_schema", "name": "sum", "schema": _NUMBER, "strict": True}
        return {**body, "text": {"format": chosen}}
    chosen = {"type": "json_schema", "json_schema": {"name": "sum", "schema": _NUMBER, "strict": True}}
    return {**body, "response_format": chosen}


def _body(api: Api, model: str, text: str, newer: bool) -> dict[str, Any]:
    if api == "responses":
        return {"model": model, "input": text, "max_output_tokens": ROOM, "store": False}
    limit = "max_completion_tokens" if newer and api == "chat_completions" else "max_tokens"
    return {"model": model, "messages": [{"role": "user", "content": text}], limit: ROOM}


def streamed(payloads: Iterable[bytes]) -> int:
    """How many pieces of an answer there are among the payloads of a stream. An error among them counts for nothing."""
    pieces = 0
    for payload in payloads:
        if payload == b"[DONE]":
            continue
        try:
            chunk = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return 0
        if not isinstance(chunk, dict) or chunk.get("error"):
            return 0
        kind = str(chunk.get("type", ""))
        pieces += bool(chunk.get("choices")) or kind.startswith("content_block") or kind.startswith("response.")
    return pieces


def called(api: Api, answer: Any) -> bool:
    """Whether the answer is a call of the tool with an argument that fits."""
    return any(_number(arguments) is not None for arguments in _arguments(api, answer))


def filled(api: Api, answer: Any) -> bool:
    """Whether the answer is JSON of the schema."""
    return _number(_text(api, answer)) is not None


def _arguments(api: Api, answer: Any) -> list[Any]:
    if api == "messages":
        return [part.get("input") for part in answer.get("content") or () if part.get("type") == "tool_use"]
    if api == "responses":
        return [part.get("arguments") for part in answer.get("output") or () if part.get("type") == "function_call"]
    message = _message(answer)
    return [(part.get("function") or {}).get("arguments") for part in message.get("tool_calls") or ()]


def _text(api: Api, answer: Any) -> str:
    if api == "messages":
        return "".join(part.get("text") or "" for part in answer.get("content") or ())
    if api == "responses":
        outputs = [part for part in answer.get("output") or () if part.get("type") == "message"]
        return "".join(piece.get("text") or "" for part in outputs for piece in part.get("content") or ())
    return str(_message(answer).get("content") or "")


def _message(answer: Any) -> dict[str, Any]:
    choices = answer.get("choices") or [{}]
    return choices[0].get("message") or {}


def _number(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    number = value.get("number") if isinstance(value, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None

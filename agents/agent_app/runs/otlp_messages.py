"""What was said in a span, as OpenTelemetry's conventions write messages. Pure."""

from typing import Any

import orjson

from agent_app.runs.spans import Recorded, body

_TEXTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})


def content_of(span: Recorded) -> dict[str, str]:
    """Attributes with what went in and came out: without keys, and shortened as in the span's row."""
    given, made = body(span.input), body(span.output)
    if span.type != "generation":
        called = span.type in ("tool", "handoff")
        names = ("tool.call.arguments", "tool.call.result") if called else ("input.messages", "output.messages")
        values = zip(names, (given, made), strict=True)
        return {f"gen_ai.{name}": _json(value) for name, value in values if value is not None}
    found: dict[str, str] = {}
    if isinstance(given, dict) and "items" in given:
        found["gen_ai.input.messages"] = _json([_message(item) for item in given["items"]])
        if given.get("instructions"):
            found["gen_ai.system_instructions"] = _json([{"type": "text", "content": given["instructions"]}])
    elif given is not None:  # too long for its row
        found["gen_ai.input.messages"] = _json(given)
    if isinstance(made, list):
        found["gen_ai.output.messages"] = _json([_message(item) for item in made])
    elif made is not None:
        found["gen_ai.output.messages"] = _json(made)
    return found


def _message(item: dict[str, Any]) -> dict[str, Any]:
    """One item of the SDK's."""
    kind = item.get("type")
    if kind == "function_call":
        call = {
            "type": "tool_call",
            "id": item.get("call_id"),
            "name": item.get("name"),
            "arguments": item.get("arguments"),
        }
        return {"role": "assistant", "parts": [call]}
    if kind == "function_call_output":
        answer = {"type": "tool_call_response", "id": item.get("call_id"), "response": item.get("output")}
        return {"role": "tool", "parts": [answer]}
    content = item.get("content")
    if isinstance(content, str):
        parts = [{"type": "text", "content": content}]
    else:
        parts = [_part(part) for part in content or item.get("summary") or [] if isinstance(part, dict)]
    if kind == "reasoning":
        parts = [part | {"type": "reasoning"} for part in parts]
    return {"role": item.get("role") or "assistant", "parts": parts}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("type") in _TEXTS:
        return {"type": "text", "content": part.get("text", "")}
    if part.get("type") == "refusal":
        return {"type": "text", "content": part.get("refusal", "")}
    return {"type": str(part.get("type") or "unknown")}  # pictures and files are named, not sent


def _json(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()

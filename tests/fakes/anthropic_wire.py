"""A provider that speaks Anthropic's Messages byte-truly, and refuses what this version of the API refuses.

By hand: ``python -m tests.fakes.anthropic_wire --port 9998``.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.recording import Exchange
from tests.fakes.script import Fault, Script
from tests.fakes.server import FakeServer, Handler
from tests.fakes.streaming import ID, Stream, begun, frame

VERSION = "2026-10-21"
SIGNATURE = "EqQBCkgIARABGAIiQL8="
STOP = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
ERRORS = {  # status: (type, message)
    400: ("invalid_request_error", "messages: at least one message is required"),
    401: ("authentication_error", "invalid credentials: {key}"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model: m"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "Number of requests has exceeded your rate limit."),
    500: ("api_error", "Internal server error"),
    529: ("overloaded_error", "Overloaded"),
}


@dataclass(frozen=True)
class MessagesWire:
    script: Script
    model: str

    @property
    def stop_reason(self) -> str | None:
        reason = self.script.finish_reason
        if reason == "stop" and self.script.tool_calls:
            return "tool_use"
        return STOP.get(reason, reason) if reason else None

    def usage(self, output: int) -> dict[str, Any]:
        script = self.script
        return {
            "input_tokens": script.prompt_tokens - script.cached_tokens - script.cache_write_tokens,
            "cache_creation_input_tokens": script.cache_write_tokens, "cache_read_input_tokens": script.cached_tokens,
            "cache_creation": {"ephemeral_5m_input_tokens": script.cache_write_tokens, "ephemeral_1h_input_tokens": 0},
            "output_tokens": output, "service_tier": "standard",
        }  # fmt: skip

    def head(self) -> bytes:
        message = {
            "id": f"msg_{ID}", "type": "message", "role": "assistant", "model": self.model, "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": self.usage(1),
        }  # fmt: skip
        if not self.script.usage:
            del message["usage"]
        return self._event("message_start", {"message": message})

    def deltas(self) -> Iterator[tuple[str, bytes]]:
        for index, (block, pieces) in enumerate(self._blocks()):
            before = self._event("content_block_start", {"index": index, "content_block": block})
            if index == 0:
                before += self._event("ping", {})
            last: tuple[str, bytes] | None = None
            for text, delta in pieces:
                if last is not None:
                    yield last
                last = (text, before + self._event("content_block_delta", {"index": index, "delta": delta}))
                before = b""
            text, data = last or ("", before)
            yield text, data + self._event("content_block_stop", {"index": index})

    def _blocks(self) -> Iterator[tuple[dict[str, Any], Iterator[tuple[str, dict[str, Any]]]]]:
        script = self.script
        if script.reasoning:
            yield {"type": "thinking", "thinking": "", "signature": ""}, self._thoughts()
        if script.deltas or not (script.tool_calls or script.refusal):
            said = ((text, {"type": "text_delta", "text": text}) for text in script.says())
            yield {"type": "text", "text": ""}, said
        for call in script.tool_calls:
            half = len(call.arguments) // 2
            halves = filter(None, (call.arguments[:half], call.arguments[half:]))
            pieces = (("", {"type": "input_json_delta", "partial_json": piece}) for piece in ("", *halves))
            yield {"type": "tool_use", "id": call.call_id, "name": call.name, "input": {}}, pieces

    def _thoughts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for part in self.script.reasoning:
            yield "", {"type": "thinking_delta", "thinking": part}
        yield "", {"type": "signature_delta", "signature": SIGNATURE}

    def tail(self) -> bytes:
        if self.script.finish_reason is None:
            return b""
        details = None
        if self.script.refusal or self.stop_reason == "refusal":
            details = {"type": "refusal", "category": None, "explanation": self.script.refusal or None}
        stop = "refusal" if self.script.refusal else self.stop_reason
        delta: dict[str, Any] = {
            "delta": {"stop_reason": stop, "stop_sequence": None, "stop_details": details, "container": None}
        }
        if self.script.usage:
            thought = {"thinking_tokens": len(self.script.reasoning)}
            delta["usage"] = {"output_tokens": self.script.completion_tokens, "output_tokens_details": thought}
        end = self._event("message_stop", {}) if self.script.fault is not Fault.NO_DONE else b""
        return self._event("message_delta", delta) + end

    def broken(self) -> bytes:
        good = self._event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "X"}})
        match self.script.fault:
            case Fault.BAD_JSON:
                return good.replace(b'"delta":', b'delta":')
            case Fault.NOT_UTF8:
                return good.replace(b'"X"', b'"\xff\xfe\xc3"')
            case Fault.JSON_ARRAY:
                return frame(self.script, b'["not", "an", "object"]')
        return self._event("error", error_document(529, self.script, ""))

    def whole(self) -> bytes:
        return _whole(self)

    def _event(self, kind: str, values: dict[str, Any]) -> bytes:
        return frame(self.script, orjson.dumps({"type": kind, **values}), kind)


@lru_cache(maxsize=64)
def _whole(wire: MessagesWire) -> bytes:
    """Rendered once: benchmarks ask for it by the thousand."""
    return wire.head() + b"".join(data for _, data in wire.deltas()) + wire.tail()


def error_document(status: int, script: Script, key: str) -> dict[str, Any]:
    kind, message = ERRORS.get(status, ERRORS[500])
    return {"type": "error", "error": {"type": kind, "message": (script.message or message).replace("{key}", key)}}


def refusal(exchange: Exchange, status: int, script: Script) -> web.Response:
    headers = {"request-id": f"req_{exchange.number}"} | dict(script.headers)
    if script.retry_after is not None:
        headers["retry-after"] = str(script.retry_after)
    document = error_document(status, script, exchange.key) | {"request_id": headers["request-id"]}
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json", headers=headers)


def complaint(exchange: Exchange) -> str:
    """What the real API has against a request, of the mistakes that an adapter can make."""
    body, headers = exchange.body, exchange.headers
    if headers.get("anthropic-version") != VERSION:
        return "anthropic-version: header is required"
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            return f"{name}: Extra inputs are not permitted"
    if not isinstance(body.get("max_tokens"), int):
        return "max_tokens: Field required"
    roles = [message["role"] for message in body["messages"]]
    if not roles or roles[0] != "user":
        return "messages: first message must use the user role"
    if any(not message["content"] for message in body["messages"]):
        return "messages: content must not be empty"
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled" and not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
        return "thinking.budget_tokens: must be at least 1024 and less than max_tokens"
    return _unanswered(body["messages"])


def _unanswered(messages: list[dict[str, Any]]) -> str:
    """Every tool_use has its result at the beginning of the next message."""
    for message, following in zip(messages, [*messages[1:], None], strict=False):
        if isinstance(message["content"], str):
            continue
        calls = {block["id"] for block in message["content"] if block["type"] == "tool_use"}
        if not calls:
            continue
        blocks = following["content"] if following else []
        results = {block.get("tool_use_id") for block in blocks[: len(calls)] if isinstance(block, dict)}
        if calls != results:
            return "messages: `tool_use` ids were found without `tool_result` blocks immediately after"
    return ""


class FakeAnthropic(FakeServer):
    """``/v1/messages``, streamed. The base URL is the client's: without ``/v1``."""

    def routes(self) -> dict[str, Handler]:
        return {"/v1/messages": _messages, "/v1/models": _models}


async def _messages(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    script = exchange.script
    await begun(exchange)
    if script.status != 200:
        return refusal(exchange, script.status, script)
    if wrong := complaint(exchange):
        return refusal(exchange, 400, Script(message=wrong))
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "request-id": f"req_{exchange.number}"}
    return await Stream(request, exchange, MessagesWire(script, exchange.body["model"]), headers).run()


async def _models(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    data = [{"type": "model", "id": "fake-200", "display_name": "Fake", "created_at": "2026-01-01T00:00:00Z"}]
    return web.json_response({"data": data, "has_more": False, "first_id": "fake-200", "last_id": "fake-200"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    FakeAnthropic(parser.parse_args().port, keep=False).main()

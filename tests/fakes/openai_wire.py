"""A provider that speaks OpenAI's Chat Completions, Responses, embeddings and images byte-truly.

By hand: ``python -m tests.fakes.openai_wire --port 9999``.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from aiohttp import web

from tests.fakes import media_wire, responses_wire
from tests.fakes.recording import Exchange
from tests.fakes.script import Fault, Script
from tests.fakes.server import FakeServer, Handler
from tests.fakes.streaming import ID, Stream, begun, frame

CREATED = 1_790_000_000
STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "openai-version": "2020-10-01",
}
HTML = "<html>\r\n<head><title>{0} {1}</title></head>\r\n<body><center><h1>{0} {1}</h1></center></body>\r\n</html>\r\n"
ERRORS = {  # status: (type, code, message)
    400: ("invalid_request_error", "invalid_value", "Invalid value for 'messages'."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: {key}."),
    403: ("insufficient_permissions", "forbidden", "You are not allowed to use this model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again in 1s."),
    500: ("server_error", None, "The server had an error while processing your request."),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
}


# Bytes


def chunk(
    script: Script, model: str, choices: list[dict[str, Any]], usage: dict[str, Any] | None, asked: bool
) -> bytes:
    data: dict[str, Any] = {
        "id": f"chatcmpl-{ID}",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": model,
    }
    data |= {"service_tier": "default", "system_fingerprint": "fp_fake", "choices": choices}
    if asked:
        data["usage"] = usage  # null in every chunk but the last
    return frame(script, orjson.dumps(data))


def delta_chunk(script: Script, model: str, delta: dict[str, Any], asked: bool, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return chunk(script, model, [choice], None, asked)


def usage_of(script: Script) -> dict[str, Any]:
    completion = script.completion_tokens
    return {
        "prompt_tokens": script.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": script.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": script.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": len(script.reasoning), "audio_tokens": 0},
    }


def deltas(script: Script, model: str, asked: bool) -> Iterator[tuple[str, bytes]]:
    """``(text, bytes)`` of each delta after the role's: reasoning, content, tool calls (name, then arguments in two)."""
    for part in script.reasoning:
        yield "", delta_chunk(script, model, {"reasoning_content": part}, asked)
    for part in script.says():
        yield part, delta_chunk(script, model, {"content": part}, asked)
    if script.refusal:
        yield "", delta_chunk(script, model, {"refusal": script.refusal}, asked)
    for index, call in enumerate(script.tool_calls):
        head: dict[str, Any] = {
            "id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": ""},
        }  # fmt: skip
        if call.signature:
            head["extra_content"] = {"google": {"thought_signature": call.signature}}
        yield "", delta_chunk(script, model, {"tool_calls": [{"index": index, **head}]}, asked)
        half = len(call.arguments) // 2
        for piece in filter(None, (call.arguments[:half], call.arguments[half:])):
            yield (
                "",
                delta_chunk(script, model, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, asked),
            )


def head(script: Script, model: str, asked: bool) -> bytes:
    return delta_chunk(script, model, {"role": "assistant", "content": "", "refusal": None}, asked)


def tail(script: Script, model: str, asked: bool) -> bytes:
    parts = []
    if script.finish_reason is not None:
        finish = "tool_calls" if script.tool_calls and script.finish_reason == "stop" else script.finish_reason
        parts.append(delta_chunk(script, model, {}, asked, finish))
    if asked and script.usage:
        parts.append(chunk(script, model, [], usage_of(script), asked))
    if script.fault is not Fault.NO_DONE:
        parts.append(frame(script, b"[DONE]"))
    return b"".join(parts)


@lru_cache(maxsize=64)
def whole(script: Script, model: str, asked: bool) -> bytes:
    """The body of an answer that nothing delays or breaks. Rendered once: benchmarks ask for it by the thousand."""
    return (
        head(script, model, asked)
        + b"".join(data for _, data in deltas(script, model, asked))
        + tail(script, model, asked)
    )


@lru_cache(maxsize=64)
def rendered(script: Script, model: str, asked: bool) -> tuple[tuple[str, bytes], ...]:
    return tuple(deltas(script, model, asked))


def broken(script: Script, model: str, asked: bool) -> bytes:
    """The chunk that a malformed stream holds between two good ones."""
    good = delta_chunk(script, model, {"content": "X"}, asked)
    match script.fault:
        case Fault.BAD_JSON:
            return good.replace(b'"choices"', b'choices"')
        case Fault.NOT_UTF8:
            return good.replace(b'"X"', b'"\xff\xfe\xc3"')
        case Fault.JSON_ARRAY:
            return frame(script, b'["not", "an", "object"]')
    return frame(script, orjson.dumps(error_document(500, script, "")))


@dataclass(frozen=True)
class ChatWire:
    """A completion as a stream; ``asked``: the caller wants its usage."""

    script: Script
    model: str
    asked: bool

    def head(self) -> bytes:
        return head(self.script, self.model, self.asked)

    def deltas(self) -> Iterable[tuple[str, bytes]]:
        render = deltas if self.script.endless or self.script.clock else rendered
        return render(self.script, self.model, self.asked)

    def tail(self) -> bytes:
        return tail(self.script, self.model, self.asked)

    def broken(self) -> bytes:
        return broken(self.script, self.model, self.asked)

    def whole(self) -> bytes:
        return whole(self.script, self.model, self.asked)


# Answers


def error_document(status: int, script: Script, key: str) -> dict[str, Any]:
    kind, code, message = ERRORS.get(status, ERRORS[500])
    message = (script.message or message).replace("{key}", key)
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refusal(exchange: Exchange) -> web.Response:
    script = exchange.script
    headers = {"x-request-id": f"req_{exchange.number}"} | dict(script.headers)
    if script.retry_after is not None:
        headers["Retry-After"] = str(script.retry_after)
    if script.html:
        text = HTML.format(script.status, script.message or "Bad Gateway")
        return web.Response(status=script.status, text=text, content_type="text/html", headers=headers)
    document = orjson.dumps(error_document(script.status, script, exchange.key))
    return web.Response(status=script.status, body=document, content_type="application/json", headers=headers)


def completion(exchange: Exchange, model: str) -> web.Response:
    script = exchange.script
    message: dict[str, Any] = {"role": "assistant", "content": script.text or None, "refusal": None}
    if script.reasoning:
        message["reasoning_content"] = "".join(script.reasoning)
    if script.tool_calls:
        message["tool_calls"] = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in script.tool_calls
        ]
    finish = "tool_calls" if script.tool_calls and script.finish_reason == "stop" else script.finish_reason
    document: dict[str, Any] = {
        "id": _own_id(exchange),
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "system_fingerprint": "fp_fake",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
    }
    if script.usage:
        document["usage"] = usage_of(script)
    body = orjson.dumps(document)
    if script.fault is Fault.BAD_JSON:
        body = body[: len(body) // 2]
    return web.Response(body=body, content_type="application/json")


def _own_id(exchange: Exchange) -> str:
    return f"chatcmpl-{exchange.number:029d}"


class FakeOpenAI(FakeServer):
    """``/v1/chat/completions`` and ``/v1/responses`` (streaming and not), ``/v1/embeddings``, ``/v1/images/generations``,
    ``/v1/models``, and the files of ``/v1/containers``."""

    prefix = "/v1"

    def __init__(self, port: int = 0, *, keep: bool = True) -> None:
        super().__init__(port, keep=keep)
        self.catalogue: Script | None = None  # how /v1/models refuses, where it does
        self.container_files: dict[str, bytes] = {}  # what the hosted code interpreter has made, by the file's id
        self.right_key = ""  # any other is refused, where one is said

    def routes(self) -> dict[str, Handler]:
        return {
            "/chat/completions": _chat, "/responses": _respond, "/embeddings": _embed,
            "/images/generations": _draw, "/moderations": _moderate, "/models": self._list_models,
            "/containers/{container}/files/{file}/content": self._container_file,
        }  # fmt: skip

    async def _container_file(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        found = self.container_files.get(request.match_info["file"])
        if request.method != "GET" or found is None:
            exchange.script = Script(status=404, message="Container file not found.")
            return refusal(exchange)
        return web.Response(body=found, content_type="application/octet-stream")

    def _route(self, path: str, handler: Handler) -> list[web.RouteDef]:
        async def guarded(request: web.Request, exchange: Exchange) -> web.StreamResponse:
            if self.right_key and exchange.key != self.right_key:
                exchange.script = Script(status=401)
                return refusal(exchange)
            return await handler(request, exchange)

        return super()._route(path, guarded)

    async def _list_models(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        if self.catalogue is not None:
            exchange.script = self.catalogue
            return refusal(exchange)
        names = {"fake-200", *self.models}
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "fake"} for name in sorted(names)]
        return web.Response(body=orjson.dumps({"object": "list", "data": data}), content_type="application/json")


def _stream_headers(exchange: Exchange) -> dict[str, str]:
    return STREAM_HEADERS | {"x-request-id": f"req_{exchange.number}"} | dict(exchange.script.headers)


async def _chat(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    script, body = exchange.script, exchange.body
    await begun(exchange)
    if script.status != 200:
        return refusal(exchange)
    if script.fault is Fault.ERROR_BODY:
        return web.json_response(error_document(500, script, exchange.key))
    if not body.get("stream"):
        return completion(exchange, body["model"])
    asked = bool((body.get("stream_options") or {}).get("include_usage"))
    return await Stream(request, exchange, ChatWire(script, body["model"], asked), _stream_headers(exchange)).run()


async def _respond(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    await begun(exchange)
    if exchange.script.status != 200:
        return refusal(exchange)
    wire = responses_wire.ResponsesWire(exchange.script, exchange.body["model"])
    if not exchange.body.get("stream"):
        document = orjson.dumps(wire.document(wire.status()))
        return web.Response(
            body=document.replace(ID.encode(), f"{exchange.number:029d}".encode()), content_type="application/json"
        )
    return await Stream(request, exchange, wire, _stream_headers(exchange)).run()


async def _embed(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    await begun(exchange)
    if exchange.script.status != 200:
        return refusal(exchange)
    return web.json_response(media_wire.embeddings(exchange.body))


async def _moderate(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    """Says the script's words as they are; without any, it finds harassment where the text has “darn”."""
    await begun(exchange)
    if exchange.script.status != 200:
        return refusal(exchange)
    if exchange.script.deltas:
        return web.Response(text=exchange.script.text, content_type="application/json")
    return web.json_response(media_wire.moderations(exchange.body))


async def _draw(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    await begun(exchange)
    if exchange.script.status != 200:
        return refusal(exchange)
    return web.json_response(media_wire.images(exchange.body, CREATED))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    FakeOpenAI(parser.parse_args().port, keep=False).main()

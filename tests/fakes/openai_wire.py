"""A provider that speaks OpenAI Chat Completions byte-truly.

By hand: ``python -m tests.fakes.openai_wire --port 9999``.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.recording import Exchange
from tests.fakes.script import Fault, Script
from tests.fakes.server import FakeServer, Handler, abort

ID = "chatcmpl-" + "0" * 29  # stands in rendered bytes where each answer's own id goes
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


def frame(script: Script, data: bytes) -> bytes:
    end = b"\r\n" if script.crlf else b"\n"
    comment = b": OPENROUTER PROCESSING" + end * 2 if script.comments else b""
    return comment + (b"data:" if script.bare_field else b"data: ") + data + end * 2


def chunk(
    script: Script, model: str, choices: list[dict[str, Any]], usage: dict[str, Any] | None, asked: bool
) -> bytes:
    data: dict[str, Any] = {"id": ID, "object": "chat.completion.chunk", "created": CREATED, "model": model}
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
    for index, call in enumerate(script.tool_calls):
        head = {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": ""}}
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


class Stream:
    """One streamed answer on its way out."""

    def __init__(self, request: web.Request, exchange: Exchange, model: str, asked: bool) -> None:
        self.request, self.exchange, self.model, self.asked = request, exchange, model, asked
        self.script = exchange.script
        self.id = _own_id(exchange).encode()
        self.response = web.StreamResponse(headers=STREAM_HEADERS | {"x-request-id": f"req_{exchange.number}"})

    async def run(self) -> web.StreamResponse:
        script = self.script
        await self.response.prepare(self.request)
        if not script.paced:
            await self.write(whole(script, self.model, self.asked))
        else:
            await self.write(head(script, self.model, self.asked))
            if not await self.body():
                self.exchange.end("faulted")
                return self.response
            if script.fault is not Fault.TRUNCATE:
                await self.write(tail(script, self.model, self.asked))
        await self.response.write_eof()
        if script.fault not in (None, Fault.NO_DONE):
            self.exchange.end("faulted")
        return self.response

    async def write(self, data: bytes) -> None:
        data = data.replace(ID.encode(), self.id)
        if not self.script.split:
            await self.response.write(data)
            return
        for start in range(0, len(data), self.script.split):
            await self.response.write(data[start : start + self.script.split])
            await asyncio.sleep(0)

    async def body(self) -> bool:
        """Send the deltas at their pace, with the fault among them; False where the answer ended there."""
        sent = 0
        async for text, data in self.due():
            if sent == self.script.hold_after:
                await self.exchange.gate.wait()
            if sent == self.script.after and not await self.fault():
                return False
            if self.script.fault is Fault.TRUNCATE and sent >= self.script.after:
                return True
            await self.write(data)
            self.exchange.sent(text)
            sent += 1
        if sent == self.script.hold_after:
            await self.exchange.gate.wait()
        return await self.fault() if sent <= self.script.after else True

    async def due(self) -> AsyncIterator[tuple[str, bytes]]:
        """The deltas, each when its time has come."""
        script, model, asked = self.script, self.model, self.asked
        parts = deltas(script, model, asked) if script.endless else rendered(script, model, asked)
        start = time.monotonic()
        for number, part in enumerate(parts):
            if script.rate and (wait := start + number / script.rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            elif number % 64 == 63:
                await asyncio.sleep(0)  # let a client's hang-up be seen between the writes of a full-speed stream
            yield part

    async def fault(self) -> bool:
        """Do what the script's fault is; True where the stream goes on."""
        match self.script.fault:
            case Fault.STALL:
                await self.exchange.gate.wait()
            case Fault.RESET:
                abort(self.request, reset=True)
                return False
            case Fault.DROP:
                abort(self.request, reset=False)
                return False
            case Fault.BAD_JSON | Fault.NOT_UTF8 | Fault.JSON_ARRAY:
                await self.write(broken(self.script, self.model, self.asked))
            case Fault.ERROR_OBJECT:
                await self.write(broken(self.script, self.model, self.asked))
                await self.response.write_eof()
                return False
        return True


class FakeOpenAI(FakeServer):
    """``/v1/chat/completions`` (streaming and not) and ``/v1/models``."""

    prefix = "/v1"

    def __init__(self, port: int = 0, *, keep: bool = True) -> None:
        super().__init__(port, keep=keep)
        self.catalogue: Script | None = None  # how /v1/models refuses, where it does

    def routes(self) -> dict[str, Handler]:
        return {"/chat/completions": _chat, "/models": self._list_models}

    async def _list_models(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        if self.catalogue is not None:
            exchange.script = self.catalogue
            return refusal(exchange)
        names = {"fake-200", *self.models}
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "fake"} for name in sorted(names)]
        return web.Response(body=orjson.dumps({"object": "list", "data": data}), content_type="application/json")


async def _chat(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    script, body = exchange.script, exchange.body
    if script.first_delay:
        await asyncio.sleep(script.first_delay)
    if script.fault is Fault.STALL_BEFORE_HEADERS:
        await exchange.gate.wait()
    if script.status != 200:
        return refusal(exchange)
    if not body.get("stream"):
        return completion(exchange, body["model"])
    asked = bool((body.get("stream_options") or {}).get("include_usage"))
    return await Stream(request, exchange, body["model"], asked).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    FakeOpenAI(parser.parse_args().port, keep=False).main()

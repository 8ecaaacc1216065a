"""Anthropic's Messages API: how an answer adds up. ``anthropic.py`` says what is asked."""

from typing import Any

import orjson
from agents.items import TResponseOutputItem
from django.utils.translation import gettext as _

from agent_app.engine.providers import errors, protocol
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.protocol import Answer
from agent_app.engine.providers.request import Request
from agent_app.engine.sink import Sink
from agent_app.runs.registry import Usage

FINAL_OUTPUT = "final_output"  # the tool whose input is the answer, where a schema cannot be enforced otherwise
_STATUS = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504,
    "overloaded_error": 529,
}  # fmt: skip
_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


class AnthropicAnswer(Answer):
    """The events of one message, or of several where the provider paused in between."""

    def __init__(self, endpoint: Endpoint, request: Request, sink: Sink) -> None:
        super().__init__(endpoint, sink)
        self._request = request
        self._output_is_tool = request.schema is not None
        self.stop_reason = ""
        self._stop_details: dict[str, Any] = {}
        self._blocks: list[dict[str, Any]] = []
        self._first = 0  # where the blocks of the present message begin
        self._parts: dict[int, list[str]] = {}  # of each block: its text, its thoughts, or the JSON of its input
        self._usage: dict[str, Any] = {}
        self._earlier: list[dict[str, Any]] = []

    def take(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "content_block_delta":
            self._take_delta(self._first + event["index"], event["delta"])
        elif kind == "content_block_start":
            self._begin_block(dict(event["content_block"]))
        elif kind == "message_start":
            self.id = self.id or event["message"]["id"]
            self._usage = dict(event["message"].get("usage") or {})
        elif kind == "message_delta":
            self.stop_reason = event["delta"].get("stop_reason") or self.stop_reason
            self._stop_details = event["delta"].get("stop_details") or {}
            # Counts are running totals; what does not apply any more is left out and stands as it was.
            self._usage |= {key: value for key, value in (event.get("usage") or {}).items() if value is not None}
        elif kind == "message_stop":
            self.done = True
        elif kind == "error":
            error: dict[str, Any] = event.get("error") or {}
            raise errors.broke_off(self.endpoint, event, _STATUS.get(str(error.get("type"))))

    def _begin_block(self, block: dict[str, Any]) -> None:
        parts: list[str] = []
        if text := block.get("text"):
            parts.append(text)
            self.say(text)
        elif block.get("input"):  # whole from the beginning: some servers do not stream it
            parts.append(orjson.dumps(block["input"]).decode())
            self.grow(parts[0])
        self._blocks.append(block)
        self._parts[len(self._blocks) - 1] = parts

    def _take_delta(self, index: int, delta: dict[str, Any]) -> None:
        kind, block = delta["type"], self._blocks[index]
        if kind == "text_delta":
            self._parts[index].append(delta["text"])
            self.say(delta["text"])
        elif kind == "thinking_delta":
            self._parts[index].append(delta["thinking"])
            self.think(delta["thinking"])
        elif kind == "signature_delta":
            block["signature"] = delta["signature"]
        elif kind == "input_json_delta":
            self._parts[index].append(delta["partial_json"])
            if self._is_final(block):
                self.say(delta["partial_json"])
            else:
                self.grow(delta["partial_json"])
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]

    def _is_final(self, block: dict[str, Any]) -> bool:
        return self._output_is_tool and block.get("type") == "tool_use" and block.get("name") == FINAL_OUTPUT

    @property
    def whole(self) -> bool:
        return bool(self.stop_reason)

    @property
    def truncated(self) -> bool:
        return self.stop_reason in ("max_tokens", "model_context_window_exceeded")

    def resume(self) -> list[dict[str, Any]]:
        """The content so far, to be sent back; the next message is read on top of it."""
        content = [self._whole_block(index) for index in range(self._first, len(self._blocks))]
        self._earlier.append(self._usage)
        self.stop_reason, self.done, self._first, self._usage = "", False, len(self._blocks), {}
        return content

    def _whole_block(self, index: int) -> dict[str, Any]:
        """The block as it would stand in an answer that is not streamed."""
        block, said = self._blocks[index], "".join(self._parts[index])
        match block.get("type"):
            case "text":
                return {**block, "text": said}
            case "thinking":
                return {**block, "thinking": said}
            case "tool_use" | "server_tool_use":
                return {**block, "input": orjson.loads(said or "{}")}
        return block

    def output(self) -> list[TResponseOutputItem]:
        if self.stop_reason == "refusal":
            return protocol.message("", self._refusal())
        origin = {"model": self.endpoint.model}
        seen = protocol.known_call_ids(self._request)
        output: list[TResponseOutputItem] = []
        text: list[str] = []
        for index, block in enumerate(self._blocks):
            said, kind = "".join(self._parts[index]), block.get("type")
            if kind in ("thinking", "redacted_thinking"):
                whole = self._whole_block(index)
                output.append(protocol.reasoning(whole.get("thinking", ""), {**origin, "anthropic_block": whole}))
            elif kind == "text":
                text.append(said)
            elif self._is_final(block):
                text = [said or "{}"]  # whatever was said before it is no part of the typed answer
            elif kind == "tool_use" and not (self.truncated and not protocol.is_object(said)):
                output += protocol.message("".join(text), provider_data=origin)
                text.clear()
                call_id = block["id"] if block.get("id") and block["id"] not in seen else protocol.new_call_id()
                seen.add(call_id)
                output.append(protocol.function_call(call_id, block["name"], said or "{}", origin))
        return [*output, *protocol.message("".join(text), provider_data=origin)]

    def _refusal(self) -> str:
        why = self._stop_details.get("explanation") or self._stop_details.get("category")
        if not why:
            return _("The model declined to answer this.")
        return _("The model declined to answer this: %(why)s") % {"why": why}

    def said_usage(self) -> Usage | None:
        """Input tokens do not hold those that were read from or written to the cache: here they do."""
        known = [usage for usage in (*self._earlier, self._usage) if "output_tokens" in usage]
        if not known or not self.stop_reason:  # until the end, what it says of its output is a beginning
            return None
        sums = {name: sum(int(usage.get(name) or 0) for usage in known) for name in _COUNTS}
        thought = sum(int((usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0) for usage in known)
        read, written = sums["cache_read_input_tokens"], sums["cache_creation_input_tokens"]
        return Usage(
            prompt_tokens=sums["input_tokens"] + read + written, completion_tokens=sums["output_tokens"],
            cached_tokens=read, cache_write_tokens=written, reasoning_tokens=thought,
        )  # fmt: skip

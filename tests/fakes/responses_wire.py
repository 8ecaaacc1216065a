"""An answer of OpenAI's Responses API as bytes: every event of the original, in its order."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

import orjson

from tests.fakes.script import Fault, Script, ToolCall
from tests.fakes.streaming import ID, frame

CREATED = 1_790_000_000
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass(frozen=True)
class ResponsesWire:
    script: Script
    model: str

    # Documents

    def document(self, status: str) -> dict[str, Any]:
        """The response object, as it stands in the first and the last event."""
        over = status != "in_progress"
        reason = INCOMPLETE.get(self.script.finish_reason or "")
        return {
            "id": f"resp_{ID}", "object": "response", "created_at": CREATED, "status": status, "background": False,
            "error": None, "incomplete_details": {"reason": reason} if status == "incomplete" else None,
            "instructions": None, "max_output_tokens": None, "model": self.model,
            "output": [item for item, _ in self._items()] if over else [], "parallel_tool_calls": True,
            "previous_response_id": None, "reasoning": {"effort": None, "summary": None}, "store": True,
            "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
            "truncation": "disabled", "usage": self._usage() if over and self.script.usage else None, "metadata": {},
        }  # fmt: skip

    def status(self) -> str:
        return "incomplete" if self.script.finish_reason in INCOMPLETE else "completed"

    def _usage(self) -> dict[str, Any]:
        script = self.script
        return {
            "input_tokens": script.prompt_tokens,
            "input_tokens_details": {"cached_tokens": script.cached_tokens, "cache_write_tokens": script.cache_write_tokens},
            "output_tokens": script.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": len(script.reasoning)},
            "total_tokens": script.prompt_tokens + script.completion_tokens,
        }  # fmt: skip

    def _items(self) -> list[tuple[dict[str, Any], Any]]:
        """Each output item as it is at its end, with what it was made from."""
        script, items = self.script, list[tuple[dict[str, Any], Any]]()
        if script.reasoning:
            summary = [{"type": "summary_text", "text": "".join(script.reasoning)}]
            items.append(({"id": f"rs_{ID}", "type": "reasoning", "summary": summary}, script.reasoning))
        items += [(orjson.loads(item), None) for item in script.hosted]
        if script.refusal:
            items.append((self._message({"type": "refusal", "refusal": script.refusal}), None))
        elif not script.tool_calls or script.deltas:
            part = {
                "type": "output_text",
                "annotations": [orjson.loads(each) for each in script.cites],
                "logprobs": [],
                "text": "" if script.endless else script.text,
            }
            items.append((self._message(part), None))
        for number, call in enumerate(script.tool_calls):
            items.append((_call(number, call), call))
        return items

    @staticmethod
    def _message(part: dict[str, Any]) -> dict[str, Any]:
        return {"id": f"msg_{ID}", "type": "message", "status": "completed", "content": [part], "role": "assistant"}

    # Events

    def head(self) -> bytes:
        started = {"response": self.document("in_progress")}
        numbers = count()
        return self._event(numbers, "response.created", started) + self._event(numbers, "response.in_progress", started)

    def deltas(self) -> Iterator[tuple[str, bytes]]:
        """``(text, bytes)``: what surrounds a delta in the original goes with the delta next to it."""
        numbers = count(2)
        for index, (item, source) in enumerate(self._items()):
            if item["type"] == "reasoning":
                yield from self._reasoning(numbers, index, item, source)
            elif item["type"].endswith("_call") and item["type"] != "function_call":
                started = {"id": item["id"], "type": item["type"], "status": "in_progress"}
                yield "", self._added(numbers, index, started) + self._done(numbers, index, item)
            elif item["type"] == "function_call":
                yield from self._function_call(numbers, index, item)
            else:
                yield from self._said(numbers, index, item)

    def _reasoning(
        self, numbers: Iterator[int], index: int, item: dict[str, Any], parts: tuple[str, ...]
    ) -> Iterator[tuple[str, bytes]]:
        place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
        yield (
            "",
            self._added(numbers, index, {**item, "summary": []})
            + self._event(
                numbers,
                "response.reasoning_summary_part.added",
                {**place, "part": {"type": "summary_text", "text": ""}},
            ),
        )
        for part in parts:
            yield "", self._event(numbers, "response.reasoning_summary_text.delta", {**place, "delta": part})
        text = "".join(parts)
        yield (
            "",
            self._event(numbers, "response.reasoning_summary_text.done", {**place, "text": text})
            + self._event(numbers, "response.reasoning_summary_part.done", {**place, "part": item["summary"][0]})
            + self._done(numbers, index, item),
        )

    def _said(self, numbers: Iterator[int], index: int, item: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
        place = {"item_id": item["id"], "output_index": index, "content_index": 0}
        part = item["content"][0]
        field = "refusal" if part["type"] == "refusal" else "text"
        name = "response.refusal" if field == "refusal" else "response.output_text"
        before = self._added(numbers, index, {**item, "status": "in_progress", "content": []})
        before += self._event(numbers, "response.content_part.added", {**place, "part": {**part, field: ""}})
        for text in [self.script.refusal] if self.script.refusal else self.script.says():
            delta: dict[str, Any] = {**place, "delta": text} | ({"logprobs": []} if field == "text" else {})
            yield text, before + self._event(numbers, f"{name}.delta", delta)
            before = b""
        end = self._event(
            numbers, f"{name}.done", {**place, field: part[field]} | ({"logprobs": []} if field == "text" else {})
        )
        end += self._event(numbers, "response.content_part.done", {**place, "part": part})
        yield "", before + end + self._done(numbers, index, item)

    def _function_call(self, numbers: Iterator[int], index: int, item: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
        place = {"item_id": item["id"], "output_index": index}
        before = self._added(numbers, index, {**item, "status": "in_progress", "arguments": ""})
        half = len(item["arguments"]) // 2
        for piece in filter(None, (item["arguments"][:half], item["arguments"][half:])):
            yield "", before + self._event(numbers, "response.function_call_arguments.delta", {**place, "delta": piece})
            before = b""
        done = {**place, "arguments": item["arguments"], "name": item["name"]}
        end = self._event(numbers, "response.function_call_arguments.done", done)
        yield "", before + end + self._done(numbers, index, item)

    def _added(self, numbers: Iterator[int], index: int, item: dict[str, Any]) -> bytes:
        return self._event(numbers, "response.output_item.added", {"output_index": index, "item": item})

    def _done(self, numbers: Iterator[int], index: int, item: dict[str, Any]) -> bytes:
        return self._event(numbers, "response.output_item.done", {"output_index": index, "item": item})

    def _event(self, numbers: Iterator[int], kind: str, values: dict[str, Any]) -> bytes:
        data = {"type": kind, "sequence_number": next(numbers), **values}
        return frame(self.script, orjson.dumps(data), kind)

    def tail(self) -> bytes:
        if self.script.finish_reason is None:
            return b""
        status, numbers = self.status(), count(9_000)
        if self.script.finish_reason == "failed":
            error = {"code": "server_error", "message": self.script.message or "The model failed."}
            document = {**self.document("failed"), "error": error, "output": []}
            return self._event(numbers, "response.failed", {"response": document})
        return self._event(numbers, f"response.{status}", {"response": self.document(status)})

    def broken(self) -> bytes:
        good = self._event(count(), "response.output_text.delta", {"item_id": "m", "delta": "X", "logprobs": []})
        match self.script.fault:
            case Fault.BAD_JSON:
                return good.replace(b'"delta":', b'delta":')
            case Fault.NOT_UTF8:
                return good.replace(b'"X"', b'"\xff\xfe\xc3"')
            case Fault.JSON_ARRAY:
                return frame(self.script, b'["not", "an", "object"]')
        words = self.script.message or "The server had an error while processing your request."
        return self._event(count(), "error", {"code": "server_error", "message": words, "param": None})

    def whole(self) -> bytes:
        return _whole(self)


@lru_cache(maxsize=64)
def _whole(wire: ResponsesWire) -> bytes:
    """Rendered once: benchmarks ask for it by the thousand."""
    return wire.head() + b"".join(data for _, data in wire.deltas()) + wire.tail()


def _call(number: int, call: ToolCall) -> dict[str, Any]:
    return {
        "id": f"fc_{number}_{ID}", "type": "function_call", "status": "completed", "arguments": call.arguments,
        "call_id": call.call_id, "name": call.name,
    }  # fmt: skip

"""Calls that a provider makes itself within an answer: offered, limited, held for, and written down as calls of ours are.

The provider makes them while it answers, so that their rows are written afterwards; what they may cost is held before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import orjson
from agents import (
    CodeInterpreterTool,
    FileSearchTool,
    FunctionTool,
    ImageGenerationTool,
    ModelSettings,
    Tool,
    WebSearchTool,
)
from django.utils import timezone
from openai.types.responses.file_search_tool_param import RankingOptions
from openai.types.responses.tool_param import CodeInterpreter, ImageGeneration
from openai.types.responses.web_search_tool import Filters
from openai.types.responses.web_search_tool_param import UserLocation

from agent_app import hosted
from agent_app.engine import hosted_items
from agent_app.engine.hosted_files import HostedFiles
from agent_app.engine.hosted_items import Cited
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.tools import Toolbox
from agent_app.engine.tracing import Recorder
from agent_app.models import ToolCall, ToolCallStatus
from agent_app.runs import events, tool_calls
from agent_app.runs.charges import HOSTED_STEP
from agent_app.runs.registry import RunContext
from agent_app.runs.spans import Recorded
from agent_app.tools import registry
from agent_app.tools.registry import ToolDefinition
from agent_app.tools.sandbox import outputs
from billing import rates
from config.lib import secrets
from config.lib.db import in_db
from config.lib.errors import AppError, NotEnoughCredits
from config.lib.ids import parse_uuid

MOST_A_TURN = 4  # what one answer may hold of them: each may cost
_SIZES = ((3, "low"), (8, "medium"))  # how much a search brings, by the results that are wanted


def is_hosted(tool: Tool) -> bool:
    return not isinstance(tool, FunctionTool)


def sdk_tool(tool: ToolDefinition) -> Tool:
    """A tool as the SDK offers the provider's own."""
    params = tool.params
    match tool.type:
        case "web_search":
            wished = int(params.get("max_search_results") or 5)
            size = next((name for most, name in _SIZES if wished <= most), "high")
            domains = [each.removeprefix("*.") for each in params.get("domains") or ()]
            region = params.get("region")
            return WebSearchTool(
                search_context_size=size,  # type: ignore[arg-type]  # one of the three
                filters=Filters(allowed_domains=domains) if domains else None,
                user_location=UserLocation(type="approximate", country=region.upper()) if region else None,
            )
        case "code_interpreter":
            return CodeInterpreterTool(CodeInterpreter(type="code_interpreter", container={"type": "auto"}))
        case "image":
            config: dict[str, Any] = {
                "type": "image_generation", "model": hosted.image_model(params), "size": params.get("size") or "auto",
                "output_format": "jpeg", "output_compression": 85,
            }  # fmt: skip
            return ImageGenerationTool(ImageGeneration(**config))  # type: ignore[typeddict-item]  # sizes are the builder's
        case "file_search":
            least = params.get("score_threshold")
            return FileSearchTool(
                vector_store_ids=list(params["vector_store_ids"]), max_num_results=params.get("max_num_results"),
                include_search_results=True,
                ranking_options=RankingOptions(score_threshold=float(least)) if least is not None else None,
            )  # fmt: skip
    raise ValueError(f"no provider has a tool of type {tool.type}")


@dataclass(frozen=True, kw_only=True)
class HostedCalls:
    """Those of one agent in a run. ``turns`` numbers the answers of the run in which there may be some."""

    agent_id: str
    tools: Mapping[str, ToolDefinition]  # by their types
    context: RunContext
    recorder: Recorder
    toolbox: Toolbox
    files: HostedFiles
    turns: "count[int]"

    async def begin(
        self, tools: Sequence[Tool], settings: ModelSettings
    ) -> tuple["HostedTurn", list[Tool], ModelSettings]:
        """Before a model is asked: hold what its calls may cost, and offer only what may be called as often as is held for."""
        turn, number, allowed = HostedTurn(self), next(self.turns), dict[str, int]()
        for tool in self.tools.values():
            most = max(min(MOST_A_TURN, self.toolbox.caps.left(tool)), 0)
            allowed[tool.type] = await turn.hold(tool, f"{HOSTED_STEP}{number}:{tool.type}", most)
        offered = {hosted_items.TOOLS[kind] for kind, most in allowed.items() if most}
        kept = [tool for tool in tools if not is_hosted(tool) or tool.name in offered]
        if not offered:
            return turn, kept, settings
        most = min(most for most in allowed.values() if most)
        limited = {**(settings.extra_args or {}), "max_tool_calls": most}
        return turn, kept, replace(settings, extra_args=limited)


@dataclass
class _Seen:
    """One call, as far as the provider has told of it."""

    tool: ToolDefinition
    row: ToolCall
    span: Recorded
    item: Mapping[str, Any]


class HostedTurn:
    """The calls within one answer."""

    def __init__(self, calls: HostedCalls) -> None:
        self._calls = calls
        self._run = calls.context.run
        self._held: dict[str, list[str]] = {}  # the steps that are held for each tool's calls, by its type
        self._seen: dict[str, _Seen] = {}  # by the provider's id
        self._cited: list[Cited] = []
        self._endpoint: Endpoint | None = None

    async def hold(self, tool: ToolDefinition, step: str, most: int) -> int:
        """How many calls can be held for."""
        rate = registry.get(tool.type).rate
        price = await in_db(rates.price_of, rate)
        if price.free:
            return most
        steps = self._held.setdefault(tool.type, [])
        most = min(most, await in_db(tool_calls.room_for_hosted, self._run, price))
        for number in range(1, most + 1):
            name = f"{step}:{number}"
            try:
                await in_db(
                    tool_calls.hold_hosted, self._run, rate=rate, price=price, step=name, since_seq=self._calls.context.log.seq,
                )  # fmt: skip
            except NotEnoughCredits:
                break
            steps.append(name)
        return len(steps)

    def takes(self, item: Mapping[str, Any], endpoint: Endpoint) -> None:
        """One of the provider's calls, told as it begins, and again as it ends; or a message, which may name files."""
        self._endpoint = endpoint
        self._cited += hosted_items.cited(item)
        tool = self._calls.tools.get(hosted_items.KINDS.get(str(item.get("type")), ""))
        if tool is None:
            return
        name = str(item.get("id") or "")
        if name not in self._seen:
            self._seen[name] = self._begun(tool, item)
        self._seen[name].item = item

    def _begun(self, tool: ToolDefinition, item: Mapping[str, Any]) -> _Seen:
        used = self._calls.toolbox.caps.used
        used[tool.id] += 1
        row = ToolCall(
            call_id=f"hosted_{self._run.attempt}_{used.total()}", agent_id=parse_uuid(self._calls.agent_id),
            tool_id=parse_uuid(tool.tool_id or tool.id), tool_name=tool.name, tool_type=tool.type,
            started_at=timezone.now(), arguments=hosted_items.arguments(item),
        )  # fmt: skip
        self._calls.context.log.append(
            events.TOOL_USE_START, tool_name=row.tool_name, call_id=row.call_id, arguments=row.arguments,
            tool_type=row.tool_type, agent_id=row.agent_id,
        )  # fmt: skip
        return _Seen(tool, row, self._calls.recorder.open("tool", tool.name, input=row.arguments), item)

    async def end(self, *, whole: bool) -> None:
        """The answer has ended, or broken off: write its calls down, book them, and give back what else was held."""
        if self._seen or any(self._held.values()):
            await self._written()
        own = [seen.row for seen in self._seen.values()]
        brought = []
        if whole and self._cited and self._endpoint is not None:
            brought = await self._calls.files.bring(self._cited, self._endpoint)
        for seen in self._seen.values():
            error = {"code": seen.row.error["code"], "error": seen.row.error["message"]} if seen.row.error else None
            seen.span.details["hosted"] = True
            self._calls.recorder.close(seen.span, self._told(seen.row), error)
        for row in brought:
            if row not in own:  # it was told before, without them
                self._told(row)

    async def _written(self) -> None:
        ended = [(await self._ended(seen), self._step(seen)) for seen in self._seen.values()]
        left = [step for steps in self._held.values() for step in steps]
        rate_of = {kind: registry.get(kind).rate for kind in self._calls.tools}
        await in_db(tool_calls.end_hosted, self._run, ended, left, rate_of)

    def _step(self, seen: _Seen) -> str:
        """The hold that pays for a call; what did not succeed costs nothing, and its hold is given back with the others."""
        steps = self._held.get(seen.tool.type) or []
        return steps.pop(0) if steps and seen.row.status == ToolCallStatus.SUCCEEDED else ""

    async def _ended(self, seen: _Seen) -> ToolCall:
        row, item, run = seen.row, seen.item, self._run
        said, result = item.get("status"), hosted_items.result(item)
        row.status = ToolCallStatus.SUCCEEDED if said in ("completed", None) else ToolCallStatus.FAILED
        if row.is_error:
            row.error = {"code": "hosted", "message": f"The provider's tool ended as: {str(said)[:60]}."}
        elif picture := hosted_items.picture(item):
            try:
                kept = await in_db(outputs.file_kept, picture, f"{row.tool_name}.jpg", run.workspace_id, run.actor_id)
                result["file"] = kept
            except AppError as error:
                result["not_kept"] = str(error.detail)
        row.arguments = seen.span.input = hosted_items.arguments(item)
        row.details = {"hosted": True, "item_id": str(item.get("id") or "")[:100]}
        row.ended_at = timezone.now()
        if container := item.get("container_id"):
            self._calls.files.made_in(str(container), row)
        await in_db(tool_calls.keep_result, run, row, secrets.redact(orjson.dumps(result).decode()))
        return row

    def _told(self, row: ToolCall) -> Any:
        """What is said of a call's end; answers what came of it."""
        result = row.result if row.is_cut else orjson.loads(row.result)
        self._calls.context.log.append(
            events.TOOL_USE_COMPLETE, call_id=row.call_id, result=result, is_error=row.is_error, tool_name=row.tool_name,
            duration_ms=row.duration_ms, status=row.status, credits=f"{row.credits:.4f}",
        )  # fmt: skip
        return result

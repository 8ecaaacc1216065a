"""The way of a tool call, the same for every type of tool.

::

    parse → schema → checks.before → approval → caps → hold and row → event → call → cap → checks.after → row and bill → event
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from time import monotonic
from typing import Any, Protocol

import orjson
from agents import AgentsException, FunctionTool
from agents.tool_context import ToolContext
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app import json_schemas
from agent_app.engine.approvals import Gate, NeedsApproval
from agent_app.engine.pictures import with_pictures
from agent_app.engine.sink import Sink
from agent_app.engine.tracing import Recorder
from agent_app.models import Approval, Decision, ToolCall, ToolCallStatus
from agent_app.runs import bodies, events, tool_calls
from agent_app.runs.charges import TOOL_STEP
from agent_app.runs.registry import RunContext, RunFailure
from agent_app.runs.spans import Recorded
from agent_app.tools import registry
from agent_app.tools.registry import Asks, CallContext, Function, OutboundBudget, ToolDefinition, ToolFailed, ToolType
from config.lib import secrets
from config.lib.db import in_db
from config.lib.errors import InvalidInput, NotEnoughCredits
from config.lib.http import parse_json
from config.lib.ids import parse_uuid

logger = logging.getLogger(__name__)

MOST_CALLS = 100  # of all tools in one run
MOST_OUTPUT = 1024 * 1024  # bytes that the model is given of one call
_MOST_SHOWN = 64 * 1024  # bytes of it in an event
_WAITS = "This call waits for an approval."  # what the SDK is told; the run pauses before a model could read it


class ToolChecks(Protocol):
    """What stands between an agent and its tools (guardrails). Raises ToolFailed to refuse, RunFailure to end the run."""

    async def before(self, tool: ToolDefinition, function: Function, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments to call with."""
        ...

    async def after(self, tool: ToolDefinition, function: Function, result: Any) -> Any:
        """The result to give to the model."""
        ...


class StopRun(AgentsException):
    """Carries what must end the run through the SDK, which would wrap anything else."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True, kw_only=True)
class Offered:
    """One function of a tool, as one agent of the run has it."""

    agent_id: str
    kind: ToolType
    tool: ToolDefinition
    function: Function
    checks: ToolChecks | None


@dataclass(kw_only=True)
class Call:
    """One call on its way."""

    offered: Offered
    row: ToolCall
    span: Recorded
    arguments: dict[str, Any] = field(default_factory=dict)
    begun_at: float = field(default_factory=monotonic)
    announced: bool = False


class Toolbox:
    """The tools of one run. ``used`` counts their calls; ``given`` are call ids that were given to calls beforehand."""

    def __init__(self, context: RunContext, sink: Sink, recorder: Recorder, *, asks: Asks | None = None) -> None:
        self._context = context
        self._sink = sink
        self._recorder = recorder
        self.asks = asks
        self.gate = Gate(context)
        self.used: Counter[str] = Counter()
        self.outbound = OutboundBudget()
        self.earlier: dict[str, ToolCall] = {}  # by call id, of attempts before this one
        self._offered: dict[str, dict[str, Offered]] = {}
        self._ids: set[str] = set()
        self._pictures: dict[str, tuple[str, ...]] = {}  # by call id, until the model is shown them
        self._given: dict[str, list[str]] = {}
        self._steps = 0

    def sdk_tools(
        self, agent_id: str, definition: Mapping[str, Any], checks: ToolChecks | None = None
    ) -> list[FunctionTool]:
        """What an agent's model is offered. Raises RunFailure where a tool cannot be had on this installation."""
        found = []
        for content in definition.get("tools") or []:
            tool = ToolDefinition.of(content)
            if not tool.enabled:
                continue
            kind = registry.find(tool.type)
            why = kind.unavailable() if kind else _("This installation has no such type of tool.")
            if kind is None or why:
                raise RunFailure("tool_error", f"{tool.name}: {why}", code="tool_unavailable")
            for function in kind.functions(tool):
                offered = Offered(agent_id=agent_id, kind=kind, tool=tool, function=function, checks=checks)
                self._offered.setdefault(agent_id, {})[function.name] = offered
                found.append(self._sdk_tool(offered))
        return found

    def offered_to(self, agent_id: str) -> Mapping[str, Offered]:
        """An agent's functions by their names."""
        return self._offered.get(agent_id, {})

    def _sdk_tool(self, offered: Offered) -> FunctionTool:
        function = offered.function
        return FunctionTool(
            name=function.name, description=function.description, params_json_schema=function.parameters,
            on_invoke_tool=partial(self._invoke, offered), strict_json_schema=False,
        )  # fmt: skip

    # Names

    def name_calls(self, model_ids: Iterable[str]) -> list[tuple[str, str]]:
        """Give the calls of one answer their ids in the run: providers may use the same one again."""
        named = []
        for model_id in model_ids:
            number, name = 1, model_id[:100] or "call"
            while name in self._ids:
                number += 1
                name = f"{model_id[:100] or 'call'}~{number}"
            self._ids.add(name)
            self._given.setdefault(model_id, []).append(name)
            named.append((model_id, name))
        return named

    def resume(self, earlier: dict[str, ToolCall], named: Iterable[tuple[str, str]], state: Mapping[str, Any]) -> None:
        """Go on after another worker: with its names, and what it has used."""
        self.earlier = earlier
        self._ids = {*earlier, *self.gate.known}
        for model_id, name in named:
            self._ids.add(name)
            self._given.setdefault(model_id, []).append(name)
        self.used = Counter(state.get("used") or {})
        self.outbound.left = int(state.get("outbound", self.outbound.left))

    def _name(self, model_id: str) -> str:
        if not self._given.get(model_id):
            self.name_calls([model_id])
        return self._given[model_id].pop(0)

    # The call

    async def _invoke(self, offered: Offered, context: ToolContext[Any], text: str) -> Any:
        """What the SDK calls. Answers text for the model, also where something went wrong, and pictures; raises StopRun."""
        name = self._name(context.tool_call_id)
        answer = await self.call(offered, name, text)
        return with_pictures(answer, self._pictures.pop(name, ()))

    async def again(self, offered: Offered, model_id: str, text: str) -> str:
        """A call that an earlier worker may have made."""
        return await self.call(offered, self._name(model_id), text)

    async def call(self, offered: Offered, call_id: str, text: str) -> str:
        self._context.produced.called = True
        try:
            earlier = self.earlier.pop(call_id, None)
            if earlier is not None:
                known = await self._known(earlier)
                if known is not None:
                    return known
            call = self._new(offered, call_id, text, earlier)
            return await self._made(call, text)
        except NeedsApproval:
            return _WAITS
        except (RunFailure, NotEnoughCredits) as error:
            raise StopRun(error) from error

    async def _known(self, row: ToolCall) -> str | None:
        """What came of a call of an earlier attempt; None where it may be made again."""
        if row.status == ToolCallStatus.STARTED:
            if row.idempotent:
                return None
            await in_db(tool_calls.mark_unknown, self._context.run, row)
            text = _error_text(row.error["code"], row.error["message"])
            self._completed(row, text)
            return text
        whole = await in_db(bodies.whole_result, row)
        return (
            whole if whole is not None else f"{row.result}\n[The output was cut here: {row.result_bytes} bytes in all.]"
        )

    def _new(self, offered: Offered, call_id: str, text: str, earlier: ToolCall | None) -> Call:
        tool, function = offered.tool, offered.function
        row = earlier or ToolCall(
            call_id=call_id, agent_id=parse_uuid(offered.agent_id), tool_id=parse_uuid(tool.tool_id or tool.id),
            tool_name=function.name, tool_type=tool.type, idempotent=function.idempotent,
        )  # fmt: skip
        row.arguments, row.started_at = text, timezone.now()
        return Call(offered=offered, row=row, span=self._recorder.open("tool", function.name, input=text))

    async def _made(self, call: Call, text: str) -> str:
        """The whole way. A refusal or failure is told to the model."""
        begun: tool_calls.Begun | None = None
        error: dict[str, str] | None = {"code": "cancelled", "error": ""}
        said: Any = None
        recorded = True
        try:
            try:
                call.arguments = await self._allowed(call, text)
                begun = await self._begin(call)
                value, details = await self._result(call)
                said = value
                call.row.status, call.row.details = ToolCallStatus.SUCCEEDED, details
                answer, error = _capped(secrets.redact(_text(value))), None
            except ToolFailed as failure:
                answer, error = self._failed(call, failure, begun)
            await self._end(call, begun, answer)
            return answer
        except (RunFailure, NotEnoughCredits) as stopped:
            code = getattr(stopped, "code", "") or "credits"
            error = {
                "code": str(code),
                "error": str(getattr(stopped, "error", "") or getattr(stopped, "detail", stopped)),
            }
            raise
        except NeedsApproval:
            recorded = False
            raise
        finally:
            call.span.step = begun.step if begun else ""
            if recorded:
                self._recorder.close(call.span, said, error)
            else:  # it was not made yet
                self._recorder.drop(call.span)

    async def _allowed(self, call: Call, text: str) -> dict[str, Any]:
        """The arguments, if the call may be made. Raises ToolFailed, and NeedsApproval."""
        tool, function, checks = call.offered.tool, call.offered.function, call.offered.checks
        if (answer := self.gate.answer_to(call.row.call_id)) is not None:
            return await self._decided(call, answer)
        try:
            arguments = parse_json(text.encode("utf-8", "replace"))
        except InvalidInput as error:
            raise ToolFailed(f"The arguments are not JSON: {error.detail}", code="invalid_arguments") from error
        call.row.arguments = call.span.input = arguments
        if problems := json_schemas.errors_in({"type": "object", **function.parameters}, arguments):
            raise ToolFailed(f"The arguments do not fit: {'; '.join(problems)}", code="invalid_arguments")
        self._check_room(tool)
        if checks is not None:
            arguments = await checks.before(tool, function, arguments)
            call.row.arguments = call.span.input = arguments
        agent_id, speaker = call.offered.agent_id, self._recorder.agent
        await self.gate.check(
            tool, function, dict(arguments), self._values(), call_id=call.row.call_id,
            agent=(agent_id, speaker.name if speaker else ""), span_id=speaker.id if speaker else None,
            within=self._sink.silenced,
        )  # fmt: skip
        self._count(tool)
        return dict(arguments)

    async def _decided(self, call: Call, answer: Approval) -> dict[str, Any]:
        """What a person has let through. What they have written themselves goes by the guardrails too. Raises ToolFailed."""
        offered = call.offered
        call.row.arguments = call.span.input = answer.arguments
        arguments = call.row.arguments = call.span.input = await self.gate.decided(answer)
        if answer.decision == Decision.EDIT and offered.checks is not None:
            arguments = await offered.checks.before(offered.tool, offered.function, arguments)
        call.row.arguments = call.span.input = arguments
        self._count(offered.tool)
        return arguments

    def _count(self, tool: ToolDefinition) -> None:
        """Raises ToolFailed past what the tool, or the run, may be called."""
        self._check_room(tool)
        self.used[tool.id] += 1

    def _check_room(self, tool: ToolDefinition) -> None:
        if tool.max_calls is not None and self.used[tool.id] >= tool.max_calls:
            text = f"This tool may be called {tool.max_calls} times in one run, and was. Answer with what you have."
            raise ToolFailed(text, code="max_calls")
        if self.used.total() >= MOST_CALLS:
            raise ToolFailed("This run has used all of its tool calls. Answer with what you have.", code="max_calls")

    async def _begin(self, call: Call) -> tool_calls.Begun:
        self._steps += 1
        begun = await in_db(
            tool_calls.begin, self._context.run, call.row, rate=call.offered.kind.rate, step=f"{TOOL_STEP}{self._steps}",
            since_seq=self._context.log.seq,
        )  # fmt: skip
        self._started(call)
        return begun

    def _started(self, call: Call) -> None:
        call.announced = True
        call.begun_at = monotonic()
        self._context.log.append(
            events.TOOL_USE_START, tool_name=call.row.tool_name, call_id=call.row.call_id, arguments=call.row.arguments,
            tool_type=call.row.tool_type, agent_id=call.row.agent_id,
        )  # fmt: skip

    async def _result(self, call: Call) -> tuple[Any, dict[str, Any]]:
        """What the tool answers, within its time. Raises ToolFailed."""
        offered = call.offered
        tool, function = offered.tool, offered.function
        limit = float(tool.timeout_s or offered.kind.default_timeout_s)
        try:
            async with asyncio.timeout(limit):
                with self._recorder.below(call.span):
                    result = await offered.kind.call(tool, function, call.arguments, self._call_context(call, limit))
                value = result.value
                if offered.checks is not None:
                    value = await offered.checks.after(tool, function, value)
        except TimeoutError as error:
            raise ToolFailed(f"The tool did not answer within {limit:.0f} seconds.", code="timeout") from error
        except (ToolFailed, RunFailure, NotEnoughCredits):
            raise
        except AgentsException as error:
            if isinstance(error, StopRun):
                raise error.cause from error
            raise ToolFailed(str(error), code="tool_error") from error
        except Exception as error:
            logger.exception("a tool broke", extra={"tool_type": tool.type})
            raise ToolFailed("The tool broke on our side. The fault was recorded.", code="tool_fault") from error
        self._pictures[call.row.call_id] = result.pictures
        return value, dict(result.details)

    def _call_context(self, call: Call, limit: float) -> CallContext:
        run = self._context.run
        return CallContext(
            workspace_id=run.workspace_id, actor_id=run.actor_id, call_id=call.row.call_id, run_id=run.id,
            agent_id=parse_uuid(call.offered.agent_id), conversation_id=run.conversation_id, timeout_s=limit,
            values=self._values(), outbound=self.outbound, asks=self.asks,
        )  # fmt: skip

    def _values(self) -> dict[str, Any]:
        """What templates and conditions may name."""
        run = self._context.run
        context = run.input.get("context") or {}
        return {"context": context, "user": {"name": run.actor_name}, "message": run.input.get("message", "")}

    def _failed(self, call: Call, failure: ToolFailed, begun: tool_calls.Begun | None) -> tuple[str, dict[str, str]]:
        message = secrets.redact(failure.message)
        call.row.status = ToolCallStatus.FAILED if begun else ToolCallStatus.REFUSED
        call.row.error = {"code": failure.code, "message": message[:2000]}
        call.row.details = failure.details
        return _error_text(failure.code, message), {"code": failure.code, "error": message}

    async def _end(self, call: Call, begun: tool_calls.Begun | None, answer: str) -> None:
        run, row = self._context.run, call.row
        await in_db(tool_calls.keep_result, run, row, answer)
        if begun is not None:
            await in_db(tool_calls.end, run, begun, rate=call.offered.kind.rate)
        else:
            await in_db(tool_calls.refuse, run, row)
            self._started(call)
        self._completed(row, answer, round((monotonic() - call.begun_at) * 1000))

    def _completed(self, row: ToolCall, answer: str, duration_ms: int | None = None) -> None:
        self._context.log.append(
            events.TOOL_USE_COMPLETE, call_id=row.call_id, result=_shown(answer),
            duration_ms=row.duration_ms if duration_ms is None else duration_ms, is_error=row.is_error,
            tool_name=row.tool_name, status=row.status, credits=f"{row.credits or Decimal(0):.4f}",
        )  # fmt: skip


def _error_text(code: str, message: str) -> str:
    return orjson.dumps({"error": {"code": code, "message": message}}).decode()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("\0", "")
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode().replace("\\u0000", "")


def _capped(text: str) -> str:
    data = text.encode("utf-8", "replace")
    if len(data) <= MOST_OUTPUT:
        return data.decode()
    head = data[:MOST_OUTPUT].decode("utf-8", "ignore")
    return f"{head}\n[The output was cut here: {len(data)} bytes in all.]"


def _shown(answer: str) -> Any:
    """A result in an event: JSON as such, a long one cut."""
    data = answer.encode()
    if len(data) > _MOST_SHOWN:
        return data[:_MOST_SHOWN].decode("utf-8", "ignore") + "…"
    try:
        return orjson.loads(data) if answer[:1] in "{[" else answer
    except orjson.JSONDecodeError:
        return answer

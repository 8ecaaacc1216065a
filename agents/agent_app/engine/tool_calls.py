"""The way of a tool call, the same for every type of tool.

::

    parse → schema → checks.before → approval → caps → hold and row → event → call → cap → checks.after → row and bill → event
"""

import asyncio
import logging
from dataclasses import dataclass, field
from decimal import Decimal
from time import monotonic
from typing import Any, Protocol

from agents import AgentsException
from django.utils import timezone

from agent_app import json_schemas
from agent_app.attachments import pictures_of
from agent_app.engine import tool_texts
from agent_app.engine.approvals import Gate, NeedsApproval
from agent_app.engine.frames import Frames
from agent_app.engine.tool_caps import Caps
from agent_app.engine.tracing import Recorder
from agent_app.engine.under_way import UnderWay
from agent_app.models import Approval, Decision, ToolCall, ToolCallStatus
from agent_app.runs import bodies, events, tool_calls
from agent_app.runs.charges import TOOL_STEP
from agent_app.runs.registry import RunContext, RunFailure
from agent_app.runs.spans import Recorded
from agent_app.tools.registry import Asks, CallContext, Function, OutboundBudget, ToolDefinition, ToolFailed, ToolType
from config.lib import secrets
from config.lib.db import in_db
from config.lib.errors import InvalidInput, NotEnoughCredits
from config.lib.http import parse_json
from config.lib.ids import parse_uuid

logger = logging.getLogger(__name__)

_PICTURES = "pictures"  # in the details of a call's row: the files of what its model was shown
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
    goes_on: bool = False  # it is an agent's answer, which another worker had begun to wait for


class ToolCalls:
    """Those of one run."""

    def __init__(self, context: RunContext, recorder: Recorder, *, asks: Asks | None) -> None:
        self._context = context
        self._recorder = recorder
        self.asks = asks
        self.frames = Frames()
        self.gate = Gate(context, self.frames)
        self.caps = Caps()
        self.outbound = OutboundBudget()
        self.earlier: dict[str, ToolCall] = {}  # by call id, of attempts before this one
        self.pictures: dict[str, tuple[str, ...]] = {}  # by call id, until the model is shown them
        self._steps = 0
        self.under_way = UnderWay(context.run.id)

    async def call(self, offered: Offered, call_id: str, text: str) -> str:
        with self.under_way.one():
            return await self._call(offered, call_id, text)

    async def _call(self, offered: Offered, call_id: str, text: str) -> str:
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
            if row.idempotent or self._goes_on(row):
                return None
            text = tool_texts.of_error(tool_calls.UNKNOWN["code"], tool_calls.UNKNOWN["message"])
            await in_db(tool_calls.mark_unknown, self._context.run, row, text)
            self._completed(row, text)
            return text
        whole = await in_db(bodies.whole_result, row)
        if files := row.details.get(_PICTURES):
            self.pictures[row.call_id] = await in_db(pictures_of, row.workspace_id, files)
        return (
            whole if whole is not None else f"{row.result}\n[The output was cut here: {row.result_bytes} bytes in all.]"
        )

    def _goes_on(self, row: ToolCall) -> bool:
        """Whether the call is that of an agent which goes on where another worker has left it."""
        return row.status == ToolCallStatus.STARTED and self.frames.message_of(row.call_id) is not None

    def _new(self, offered: Offered, call_id: str, text: str, earlier: ToolCall | None) -> Call:
        tool, function = offered.tool, offered.function
        row = earlier or ToolCall(
            call_id=call_id, agent_id=parse_uuid(offered.agent_id), tool_id=parse_uuid(tool.tool_id or tool.id),
            tool_name=function.name, tool_type=tool.type, idempotent=function.idempotent,
        )  # fmt: skip
        call = Call(offered=offered, row=row, span=self._recorder.open_call(function.name, call_id, text))
        call.goes_on = self._goes_on(row)
        row.arguments, row.started_at = text, timezone.now()
        return call

    async def _made(self, call: Call, text: str) -> str:
        """The whole way. A refusal or failure is told to the model."""
        begun: tool_calls.Begun | None = None
        error: dict[str, str] | None = {"code": "cancelled", "error": ""}
        said: Any = None
        waits = False
        try:
            try:
                call.arguments = await self._allowed(call, text)
                begun = await self._begin(call)
                value, details = await self._result(call)
                said = value
                call.row.status, call.row.details = ToolCallStatus.SUCCEEDED, details
                answer, error = tool_texts.capped(secrets.redact(tool_texts.of_value(value))), None
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
            waits = True
            raise
        finally:
            call.span.step = begun.step if begun else ""
            if waits and begun is None:  # it was not made yet
                self._recorder.drop(call.span)
            elif waits:
                self._recorder.call_waits(call.span, call.row.call_id)
            else:
                self._recorder.close(call.span, said, error)

    async def _allowed(self, call: Call, text: str) -> dict[str, Any]:
        """The arguments, if the call may be made. Raises ToolFailed, and NeedsApproval."""
        tool, function, checks = call.offered.tool, call.offered.function, call.offered.checks
        if call.goes_on:  # it was allowed then
            call.row.arguments = call.span.input = arguments = {"input": self.frames.message_of(call.row.call_id)}
            return arguments
        if (answer := self.gate.answer_to(call.row.call_id)) is not None:
            return await self._decided(call, answer)
        try:
            arguments = parse_json(text.encode("utf-8", "replace"))
        except InvalidInput as error:
            raise ToolFailed(f"The arguments are not JSON: {error.detail}", code="invalid_arguments") from error
        call.row.arguments = call.span.input = arguments
        if problems := json_schemas.errors_in({"type": "object", **function.parameters}, arguments):
            raise ToolFailed(f"The arguments do not fit: {'; '.join(problems)}", code="invalid_arguments")
        self.caps.check(tool)
        if checks is not None:
            arguments = await checks.before(tool, function, arguments)
            call.row.arguments = call.span.input = arguments
        agent_id, speaker = call.offered.agent_id, self._recorder.agent
        await self.gate.check(
            tool, function, dict(arguments), self._values(), call_id=call.row.call_id,
            agent=(agent_id, speaker.name if speaker else ""), span_id=speaker.id if speaker else None,
        )  # fmt: skip
        self.caps.count(tool, call.row.call_id)
        return dict(arguments)

    async def _decided(self, call: Call, answer: Approval) -> dict[str, Any]:
        """What a person has let through. What they have written themselves goes by the guardrails too. Raises ToolFailed."""
        offered = call.offered
        call.row.arguments = call.span.input = answer.arguments
        arguments = call.row.arguments = call.span.input = await self.gate.decided(answer)
        if answer.decision == Decision.EDIT and offered.checks is not None:
            arguments = await offered.checks.before(offered.tool, offered.function, arguments)
        call.row.arguments = call.span.input = arguments
        self.caps.count(offered.tool, call.row.call_id)
        return arguments

    async def _begin(self, call: Call) -> tool_calls.Begun:
        self._steps += 1
        begun = await in_db(
            tool_calls.begin, self._context.run, call.row, rate=call.offered.kind.rate, step=f"{TOOL_STEP}{self._steps}",
            since_seq=self._context.log.seq,
        )  # fmt: skip
        if call.goes_on:
            call.begun_at = monotonic()
        else:
            self._started(call)
        return begun

    def _started(self, call: Call) -> None:
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
                try:
                    with self._recorder.below(call.span):
                        result = await offered.kind.call(
                            tool, function, call.arguments, self._call_context(call, limit)
                        )
                except ToolFailed as failure:
                    raise await self._failure(offered, failure) from failure
                value = result.value
                if offered.checks is not None:
                    value = await offered.checks.after(tool, function, value)
        except TimeoutError as error:
            raise ToolFailed(f"The tool did not answer within {limit:.0f} seconds.", code="timeout") from error
        except (ToolFailed, RunFailure, NotEnoughCredits, NeedsApproval):
            raise
        except AgentsException as error:
            if isinstance(error, StopRun):
                raise error.cause from error
            raise ToolFailed(str(error), code="tool_error") from error
        except Exception as error:
            logger.exception("a tool broke", extra={"tool_type": tool.type})
            raise ToolFailed("The tool broke on our side. The fault was recorded.", code="tool_fault") from error
        details = dict(result.details)
        if result.pictures:
            self.pictures[call.row.call_id] = tuple(each.address for each in result.pictures)
            details[_PICTURES] = [each.file_id for each in result.pictures]
        return value, details

    @staticmethod
    async def _failure(offered: Offered, failure: ToolFailed) -> ToolFailed:
        """What went wrong may be told in a stranger's words, which are checked like any that a tool answers. Raises ToolFailed."""
        if offered.checks is None:
            return failure
        said = await offered.checks.after(offered.tool, offered.function, failure.message)
        return ToolFailed(str(said), code=failure.code, details=failure.details)

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
        return tool_texts.of_error(failure.code, message), {"code": failure.code, "error": message}

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
            events.TOOL_USE_COMPLETE, call_id=row.call_id, result=tool_texts.shown(answer),
            duration_ms=row.duration_ms if duration_ms is None else duration_ms, is_error=row.is_error,
            tool_name=row.tool_name, status=row.status, credits=f"{row.credits or Decimal(0):.4f}",
        )  # fmt: skip

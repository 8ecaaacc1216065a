"""The tools of a run, as the models of its agents are offered them."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from agents import FunctionTool
from agents.tool_context import ToolContext
from django.utils.translation import gettext as _

from agent_app.engine.approvals import Gate
from agent_app.engine.call_ids import CallIds
from agent_app.engine.frames import Frames
from agent_app.engine.pictures import as_output, with_pictures
from agent_app.engine.tool_calls import Offered, ToolCalls, ToolChecks
from agent_app.engine.tool_caps import Caps
from agent_app.engine.tracing import Recorder
from agent_app.models import ToolCall
from agent_app.runs.registry import RunContext, RunFailure
from agent_app.tools import registry
from agent_app.tools.registry import Asks, ToolDefinition


class Toolbox:
    """Those of one run, by agent, and what has become of their calls."""

    def __init__(self, context: RunContext, recorder: Recorder, *, asks: Asks | None = None) -> None:
        self._calls = ToolCalls(context, recorder, asks=asks)
        self._ids = CallIds()
        self._offered: dict[str, dict[str, Offered]] = {}

    @property
    def gate(self) -> Gate:
        return self._calls.gate

    @property
    def frames(self) -> Frames:
        return self._calls.frames

    @property
    def caps(self) -> Caps:
        return self._calls.caps

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

    # The calls

    def name_calls(self, model_ids: Iterable[str]) -> list[tuple[str, str]]:
        """Give the calls of one answer their ids in the run: providers may use the same one again."""
        return self._ids.give(model_ids, within=self._within)

    def used(self) -> dict[str, Any]:
        """What ``resume`` is given by the next worker."""
        caps = self.caps
        return {"used": dict(caps.used), "counted": sorted(caps.counted), "outbound": self._calls.outbound.left}

    def resume(self, earlier: dict[str, ToolCall], named: Iterable[tuple[str, str]], state: Mapping[str, Any]) -> None:
        """Go on after another worker: with its names, and what it has used."""
        calls = self._calls
        calls.earlier = earlier
        self._ids.restore({*earlier, *self.gate.known, *self.frames.names()})
        self.renew(named)
        calls.caps.restore(state.get("used") or {}, state.get("counted") or [])
        calls.outbound.left = int(state.get("outbound", calls.outbound.left))

    def renew(self, named: Iterable[tuple[str, str]]) -> None:
        """The last calls of this conversation are made again, by the names that they were given."""
        self._ids.renew(named, within=self._within)

    @property
    def _within(self) -> str:
        return self.frames.current.call_id

    async def _invoke(self, offered: Offered, context: ToolContext[Any], text: str) -> Any:
        """What the SDK calls. Answers text for the model, also where something went wrong, and pictures; raises StopRun."""
        name = self._ids.take(context.tool_call_id, within=self._within)
        answer = await self._calls.call(offered, name, text)
        return with_pictures(answer, self._calls.pictures.pop(name, ()))

    async def ended(self) -> None:
        """Until no call is under way."""
        await self._calls.under_way.ended()

    async def again(self, offered: Offered, model_id: str, text: str) -> Any:
        """A call that an earlier worker may have made: the output of its item."""
        name = self._ids.take(model_id, within=self._within)
        answer = await self._calls.call(offered, name, text)
        return as_output(answer, self._calls.pictures.pop(name, ()))

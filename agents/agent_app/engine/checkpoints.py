"""Where a run can go on after its worker was lost: after what its model has said last, with what the tools have answered.

It is kept before the tools of an answer are called, and when another agent begins. Calls that have ended are not made
again; what became of one that was under way is told to the model as unknown, unless it may be repeated. A run that waits
for people goes on in the same way: what was asked is a call that was not begun. So do the agents that were called as tools,
each in its own conversation (``frames``).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import agents
import orjson
from django.utils.translation import gettext as _

from agent_app.engine.build import Team
from agent_app.engine.frames import Frame
from agent_app.engine.member import Member
from agent_app.engine.sink import Sink
from agent_app.engine.tools import Toolbox
from agent_app.engine.tracing import Recorder
from agent_app.runs import tool_calls
from agent_app.runs.registry import RunContext, RunFailure
from agent_app.tools.registry import ToolFailed
from config.lib.db import in_db

Items = list[Any]

# What a state must have been written by to be read: our own form of it, and the SDK whose items stand in it. Whoever knows the
# first form only, does not know of conversations within others.
FORMAT, WITHIN = 1, 2
SDK = ".".join(agents.__version__.split(".")[:2])


@dataclass(frozen=True)
class Resumed:
    """Who goes on, with which items."""

    member: Member
    items: Items


class Checkpoints:
    """Those of one run."""

    def __init__(self, context: RunContext, sink: Sink, recorder: Recorder, toolbox: Toolbox, team: Team) -> None:
        self._context = context
        self._sink = sink
        self._recorder = recorder
        self._toolbox = toolbox
        self._team = team
        self._frames = toolbox.frames
        self._frames.root.agent_id = team.root.agent_id
        self._start: Items = []
        self._saving = asyncio.Lock()
        self._state: dict[str, Any] | None = None
        self._last: tuple[Items, dict[str, Any]] = ([], {})

    def watch(self, start: Items) -> None:
        """From now on. ``start`` are the items that the run begins with: the next worker makes them again by itself."""
        self._start = start
        for member in self._team.members.values():
            member.model.before = partial(self._before, member)
            member.model.after = partial(self._after, member)

    async def _before(self, member: Member, asked: Items) -> None:
        """Calls of the last answer may wait for people. Another agent begins: what was handed over to it is kept."""
        frame = self._frames.current
        self._toolbox.gate.hold()
        frame.turns += 1
        if member.agent_id != frame.agent_id:
            frame.agent_id = member.agent_id
            await self._save(frame, asked, [], [])

    async def _after(self, member: Member, asked: Items, said: Items) -> None:
        """Before the tools of an answer are called."""
        names = {tool.name for tool in member.agent.tools}
        called = [item for item in said if item.get("type") == "function_call"]
        if any(item.get("name") in names for item in called):
            ids = [str(item.get("call_id")) for item in called if item.get("name") in names]
            await self._save(self._frames.current, asked, said, self._toolbox.name_calls(ids))

    async def _save(self, frame: Frame, asked: Items, said: Items, named: list[tuple[str, str]]) -> None:
        self._frames.keep(frame, asked=asked, said=said, named=named)
        if frame.above is None:
            self._keep_own(frame, asked, said, named)
        self._context.produced.called = True
        async with self._saving:  # what is written later was so later
            await in_db(tool_calls.checkpoint_save, self._context.run, self._now())

    def _keep_own(self, frame: Frame, asked: Items, said: Items, named: list[tuple[str, str]]) -> None:
        """The run's own conversation."""
        produced = self._context.produced
        known = len(self._start) if asked[: len(self._start)] == self._start else 0
        self._last = (self._start[:known], {
            "sdk": SDK, "agent_id": frame.agent_id, "known": known, "asked": asked[known:], "said": said, "named": named,
            "turns": produced.turns, "text": produced.content, "reasoning": "".join(produced.reasoning),
            "agent_name": produced.agent_name, "handoff": self._team.context.get("handoff"),
        })  # fmt: skip

    def _now(self) -> dict[str, Any]:
        """Where the run, and whoever was called in it, would go on."""
        within = self._frames.kept()
        more = {"format": WITHIN if within else FORMAT, "within": within, "spans": self._recorder.waiting.begun()}
        return self._last[1] | self._toolbox.used() | more

    def paused(self) -> dict[str, Any]:
        """Where the run goes on when people have answered: complete, whatever becomes of the conversation meanwhile."""
        known, state = self._last
        whole = {"whole": True, "known": 0, "asked": [*known, *state["asked"]], "guards": self._team.guards.kept()}
        return self._now() | whole

    async def load(self) -> bool:
        """Read where an earlier worker has left the run. Answers whether that is all that is needed to go on.

        Raises RunFailure where another version of us wrote it, or it is gone.
        """
        run = self._context.run
        if run.attempt < 2:
            return False
        state = await in_db(tool_calls.checkpoint_of, run)
        if state is None and self._context.waited:
            raise RunFailure(
                "error", _("Where this run had stopped is not known any more. Run it again."), code="state_lost"
            )
        if state is not None and (state.get("format") not in (FORMAT, WITHIN) or state.get("sdk") != SDK):
            for agent_id in self._team.members:  # whoever has spoken, all check what is kept of it
                self._team.guards.speaks(agent_id)
            self._restore_text(state)
            raise RunFailure(
                "error", _(
                    "Troupe was updated while this run waited, and the new version cannot go on where the old one stopped. What it had "
                    "produced is kept; you can run it again."
                ), code="state_version",
            )  # fmt: skip
        self._state = state
        return state is not None and bool(state.get("whole"))

    def _restore_text(self, state: Mapping[str, Any]) -> None:
        produced = self._context.produced
        produced.turns, produced.agent_name = state.get("turns") or 0, state.get("agent_name") or ""
        if reasoning := state.get("reasoning"):
            produced.reasoning.append(reasoning)
        self._sink.restore(state.get("text") or "", again=not self._context.waited)

    async def resume(self, start: Items) -> Resumed | None:
        """Where an earlier worker has left the run; None where it begins anew. After ``load``."""
        if (state := self._state) is None:
            return None
        member = self._team.members.get(state["agent_id"])
        if member is None:
            return None
        run = self._context.run
        self._restore_text(state)
        if state["handoff"]:
            self._team.context["handoff"] = state["handoff"]
        if state.get("whole"):
            self._team.guards.restore(state["guards"], state.get("passed") or [])
        self._frames.root.agent_id = member.agent_id
        self._frames.restore(state.get("within") or {})
        self._last = (start[: state["known"]], state)
        self._recorder.waiting.restore(state.get("spans") or {})
        await self._toolbox.gate.load()
        self._toolbox.resume(await in_db(tool_calls.calls_of, run.id), _pairs(state["named"]), state)
        items = [*start[: state["known"]], *state["asked"], *state["said"]]
        self._recorder.agent_resumes(member.agent.name, member.agent_id, {"items": items[-1:], "attempt": run.attempt})
        return Resumed(member, [*items, *await self._outputs(member, state["said"])])

    async def resume_within(self, frame: Frame) -> Resumed:
        """The same for an agent that was called as a tool. Raises ToolFailed where it is not there any more."""
        state = frame.kept or {}
        if (member := self._team.members.get(frame.agent_id)) is None:
            raise ToolFailed("This agent is not there any more.", code="agent_gone")
        if state["handoff"]:
            frame.context["handoff"] = state["handoff"]
        self._toolbox.renew(_pairs(state["named"]))
        items = [*state["asked"], *state["said"]]
        return Resumed(member, [*items, *await self._outputs(member, state["said"])])

    async def _outputs(self, member: Member, said: Items) -> Items:
        """What the calls of the last answer have come to: known, made now, or unknown."""
        offered = self._toolbox.offered_to(member.agent_id)
        called = [item for item in said if item.get("type") == "function_call"]
        return [
            {"type": "function_call_output", "call_id": item["call_id"], "output": await self._output(offered, item)}
            for item in called
        ]

    async def _output(self, offered: Mapping[str, Any], item: Mapping[str, Any]) -> Any:
        if (tool := offered.get(str(item.get("name")))) is None:
            error = {"code": "interrupted", "message": "This did not happen: the run was interrupted. Call it again."}
            return orjson.dumps({"error": error}).decode()
        return await self._toolbox.again(tool, str(item["call_id"]), str(item.get("arguments") or ""))


def _pairs(named: Items) -> list[tuple[str, str]]:
    return [(str(model_id), str(name)) for model_id, name in named]

"""Where a run can go on after its worker was lost: after what its model has said last, with what the tools have answered.

It is kept before the tools of an answer are called, and when another agent begins. Calls that have ended are not made
again; what became of one that was under way is told to the model as unknown, unless it may be repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from agent_app.engine.build import Member, Team
from agent_app.engine.sink import Sink
from agent_app.engine.tools import Toolbox
from agent_app.engine.tracing import Recorder
from agent_app.runs import tool_calls
from agent_app.runs.registry import RunContext
from config.lib.db import in_db

Items = list[Any]


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
        self._start: Items = []
        self._speaker = team.root.agent_id

    def watch(self, start: Items) -> None:
        """From now on. ``start`` are the items that the run begins with: the next worker makes them again by itself."""
        self._start = start
        for member in self._team.members.values():
            member.model.before = partial(self._before, member)
            member.model.after = partial(self._after, member)

    async def _before(self, member: Member, asked: Items) -> None:
        """Another agent begins: what was handed over to it is kept."""
        if member.agent_id != self._speaker:
            self._speaker = member.agent_id
            await self._save(member, asked, [], [])

    async def _after(self, member: Member, asked: Items, said: Items) -> None:
        """Before the tools of an answer are called."""
        names = {tool.name for tool in member.agent.tools}
        called = [item for item in said if item.get("type") == "function_call"]
        if any(item.get("name") in names for item in called):
            ids = [str(item.get("call_id")) for item in called if item.get("name") in names]
            await self._save(member, asked, said, self._toolbox.name_calls(ids))

    async def _save(self, member: Member, asked: Items, said: Items, named: list[tuple[str, str]]) -> None:
        produced = self._context.produced
        known = len(self._start) if asked[: len(self._start)] == self._start else 0
        state = {
            "agent_id": member.agent_id, "known": known, "asked": asked[known:], "said": said, "named": named,
            "turns": produced.turns, "text": produced.content, "agent_name": produced.agent_name,
            "used": dict(self._toolbox.used), "outbound": self._toolbox.outbound.left,
            "handoff": self._team.context.get("handoff"),
        }  # fmt: skip
        produced.called = True
        await in_db(tool_calls.checkpoint_save, self._context.run, state)

    async def resume(self, start: Items) -> Resumed | None:
        """Where an earlier worker has left the run; None where it begins anew."""
        run = self._context.run
        if run.attempt < 2 or (state := await in_db(tool_calls.checkpoint_of, run)) is None:
            return None
        member = self._team.members.get(state["agent_id"])
        if member is None:
            return None
        produced = self._context.produced
        produced.turns, produced.agent_name = state["turns"], state["agent_name"]
        self._sink.restore(state["text"])
        if state["handoff"]:
            self._team.context["handoff"] = state["handoff"]
        self._speaker = member.agent_id
        named = [(str(model_id), str(name)) for model_id, name in state["named"]]
        self._toolbox.resume(await in_db(tool_calls.calls_of, run.id), named, state)
        items = [*start[: state["known"]], *state["asked"], *state["said"]]
        self._recorder.agent_resumes(member.agent.name, member.agent_id, {"items": items[-1:], "attempt": run.attempt})
        return Resumed(member, [*items, *await self._outputs(member, state["said"])])

    async def _outputs(self, member: Member, said: Items) -> Items:
        """What the calls of the last answer have come to: known, made now, or unknown."""
        offered = self._toolbox.offered_to(member.agent_id)
        outputs = []
        for item in said:
            if item.get("type") != "function_call":
                continue
            outputs.append(
                {
                    "type": "function_call_output",
                    "call_id": item["call_id"],
                    "output": await self._output(offered, item),
                }
            )
        return outputs

    async def _output(self, offered: Mapping[str, Any], item: Mapping[str, Any]) -> str:
        if (tool := offered.get(str(item.get("name")))) is None:
            error = {"code": "interrupted", "message": "This did not happen: the worker was lost. Call it again."}
            return orjson.dumps({"error": error}).decode()
        return await self._toolbox.again(tool, str(item["call_id"]), str(item.get("arguments") or ""))

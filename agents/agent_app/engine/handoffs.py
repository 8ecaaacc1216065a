"""Handing a conversation over: the tool that the model calls, what goes along, and what the next agent sees of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from agents import Agent, Handoff, HandoffInputData, ModelSettings, RunContextWrapper
from agents.models.interface import ModelTracing

from agent_app import json_schemas
from agent_app.definition.content import default_tool_name
from agent_app.engine.approvals import Gate
from agent_app.engine.guardrails import Guards
from agent_app.engine.items import Item, last_messages, newest, role_of, text_of, without_tools
from agent_app.engine.member import Member
from agent_app.engine.sink import Sink
from agent_app.engine.tracing import Recorder
from agent_app.guardrails.registry import INPUT
from agent_app.runs import events
from agent_app.runs.log import RunLog

_SUMMARY_TOKENS = 400
_SUMMARISE = (
    "Summarise the conversation for a colleague who takes it over: what the person wants, what is known, what was done and "
    "promised, what is still open. Names, numbers and dates stay exact. Write the summary only."
)


@dataclass(kw_only=True)
class Transfer(Handoff[Any, Agent[Any]]):
    """A handoff that may be refused: then the same agent goes on, and its model is told why."""

    refusal: str = ""

    def get_transfer_message(self, agent: Any) -> str:
        return self.refusal or orjson.dumps({"assistant": agent.name}).decode()


class Handover:
    """One handoff of one run: from ``source`` to ``target``, as ``definition`` says."""

    def __init__(
        self, definition: dict[str, Any], source: Member, target: Member, *, sink: Sink, log: RunLog, recorder: Recorder,
        guards: Guards, gate: Gate,
    ) -> None:  # fmt: skip
        self._definition = definition
        self._source = source
        self._target = target
        self._sink = sink
        self._log = log
        self._recorder = recorder
        self._guards = guards
        self._gate = gate
        self._schema: dict[str, Any] = definition.get("payload_schema") or {}
        self._payload: Any = None
        self.tool_name = str(definition.get("tool_name") or default_tool_name(target.agent.name))

    def tool(self) -> Transfer:
        description = self._definition.get("tool_description") or Handoff.default_tool_description(self._target.agent)
        self._tool = Transfer(
            tool_name=self.tool_name, tool_description=description.strip(), input_json_schema=self._schema,
            on_invoke_handoff=self._invoke, agent_name=self._target.agent.name, input_filter=self._filter,
            strict_json_schema=bool(self._schema) and not json_schemas.loose_parts(self._schema),
        )  # fmt: skip
        return self._tool

    # The model calls it

    async def _invoke(self, context: RunContextWrapper[Any], arguments: str) -> Agent[Any]:
        self._gate.hold()  # whoever hands over while a call waits may do so afterwards
        span = self._recorder.open("handoff", self.tool_name, input=arguments)
        problems = self._take(arguments)
        if problems:
            self._tool.refusal = "The conversation was not handed over. The arguments do not fit: " + "; ".join(
                problems
            )
            self._recorder.close(span, error={"code": "invalid_payload", "error": "; ".join(problems)})
            return self._source.agent
        self._tool.refusal = ""
        self._sink.another_answer(self._target.agent.name)
        names = {"from": self._source.agent.name, "to": self._target.agent.name}
        if not self._sink.silenced:
            self._log.append(
                events.HANDOFF, **names, from_agent_id=self._source.agent_id, to_agent_id=self._target.agent_id,
                tool_name=self.tool_name, payload=self._payload,
            )  # fmt: skip
        self._recorder.close(
            span, {**names, "from_agent_id": self._source.agent_id, "to_agent_id": self._target.agent_id}
        )
        context.context["handoff"] = {"from": self._source.agent.name, "payload": self._payload}
        return self._target.agent

    def _take(self, arguments: str) -> list[str]:
        """The payload out of the call's arguments; why they do not fit."""
        if not self._schema:
            self._payload = None
            return []
        try:
            self._payload = orjson.loads(arguments or "{}")
        except orjson.JSONDecodeError as error:
            return [f"this is not JSON ({error})"]
        return json_schemas.errors_in(self._schema, self._payload)

    # What the next agent sees

    async def _filter(self, data: HandoffInputData) -> HandoffInputData:
        if self._tool.refusal:
            return data
        kind, kept = filter_of(self._definition.get("input_filter"))
        items = _items(data)
        given = self._given()
        own = self._target.budget
        guarded = bool(self._guards.of(self._target.agent_id, INPUT))
        if kind == "all" and own is None and given is None and not guarded:
            await self._begin(items, 1)
            return data
        if kind == "summary":
            items = await self._summarised(items)
        elif kind == "last_n":
            items = last_messages(items, kept)
        if kind == "remove_tools" or own is not None:
            items = without_tools(items)
        if own is not None:
            items = newest(items, own)
        if given is not None:
            items.append(given)
        # The target checks what is asked, and what it is told of it: the summary, the payload.
        said = len(items) if kind == "summary" else 1 + (given is not None)
        items = await self._begin(items, said)
        return data.clone(input_history=tuple(items), pre_handoff_items=(), input_items=())

    async def _begin(self, items: list[Item], said: int) -> list[Item]:
        """The target takes over what its guardrails leave of it."""
        self._recorder.agent_starts(self._target.agent.name, self._target.agent_id, {})
        left = await self._guards.enter(self._target.agent_id, items, said=said)
        self._recorder.given({"items": left[-1:]})
        return left

    def _given(self) -> Item | None:
        """The payload for the target's model: as something it is told, not as instructions that it must obey."""
        if self._payload is None:
            return None
        text = orjson.dumps(self._payload, option=orjson.OPT_INDENT_2).decode()
        return {
            "role": "user",
            "content": f"[{self._source.agent.name} handed this conversation over and says:]\n{text}",
        }

    async def _summarised(self, items: list[Item]) -> list[Item]:
        """A summary by the source's own model, and the person's last message word for word."""
        said = without_tools(items)
        last = [item for item in said if role_of(item) == "user"][-1:]
        before = said[: said.index(last[0])] if last else said
        if not before:
            return said
        transcript = "\n\n".join(f"{role_of(item)}: {text_of(item)}" for item in said)
        with self._sink.silent():
            answer = await self._source.model.apart().get_response(
                _SUMMARISE, [{"role": "user", "content": transcript}], ModelSettings(max_tokens=_SUMMARY_TOKENS), [],
                None, [], ModelTracing.DISABLED, previous_response_id=None, conversation_id=None, prompt=None,
            )  # fmt: skip
        summary = "".join(
            part.text for item in answer.output for part in getattr(item, "content", []) if hasattr(part, "text")
        )
        return [{"role": "user", "content": f"[Summary of the conversation so far:]\n{summary}"}, *last]


# Filters


def filter_of(value: Any) -> tuple[str, int]:
    """The kind of a stored filter, and how many messages ``last_n`` keeps."""
    if isinstance(value, dict):
        return str(value.get("type") or "all"), int(value.get("n") or 0)
    return str(value or "all"), 0


def _items(data: HandoffInputData) -> list[Item]:
    """Everything up to the handoff, its own call and answer left out: the next agent need not see how it got the word."""
    history: Sequence[Item] = data.input_history if not isinstance(data.input_history, str) else (
        {"role": "user", "content": data.input_history},
    )  # fmt: skip
    before = [item.to_input_item() for item in data.pre_handoff_items]
    spoken = [item.to_input_item() for item in data.new_items if item.type == "message_output_item"]
    return [*history, *before, *spoken]

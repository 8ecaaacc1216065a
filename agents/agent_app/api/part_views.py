"""What the API does with each kind of an agent's parts (handoffs, contexts, tools, guardrails): its list, and one by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access
from agent_app.api.views import valid
from agent_app.definition.content import READ
from agent_app.models import Agent
from agent_app.services import agent_parts
from community.api.authentication import identify
from config.lib import lists

Values = dict[str, Any]
Serializer = type[serializers.Serializer[Any]]


def _as_it_is(agent: Agent, parts: list[Values]) -> list[Values]:
    return parts


@dataclass(frozen=True)
class Part:
    """A kind of part. ``masked``: the parts as they are answered, without their secrets."""

    kind: str
    input: Serializer
    update: Serializer
    output: Serializer
    masked: Callable[[Agent, list[Values]], list[Values]] = _as_it_is
    of_list: str | None = None
    of_create: str | None = None

    def shown(self, agent: Agent, part: Values) -> Values:
        return dict(self.output(self.masked(agent, [part])[0]).data)


# What follows has no docstrings where the schema would take them for descriptions of the operations.
class _PartsView(APIView):
    part: ClassVar[Part]

    def get(self, request: Request, agent_id: UUID) -> Response:
        agent = access.get_agent(identify(request), agent_id)
        return lists.answer(request, self.part.masked(agent, READ[self.part.kind](agent)), self.part.output)

    def post(self, request: Request, agent_id: UUID) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        values = valid(self.part.input(data=request.data))
        added = agent_parts.part_add(actor=actor, agent=agent, kind=self.part.kind, values=values)
        return Response(self.part.shown(agent, added), status=201)


class _PartView(APIView):
    part: ClassVar[Part]

    def get(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        agent = access.get_agent(identify(request), agent_id)
        return Response(self.part.shown(agent, access.get_part(agent, self.part.kind, item_id)))

    # A PUT says everything (its serializer requires it); what it leaves out becomes the default.
    def put(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        return self._change(request, agent_id, item_id, self.part.input, agent_parts.part_replace)

    def patch(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        return self._change(request, agent_id, item_id, self.part.update, agent_parts.part_change)

    def delete(self, request: Request, agent_id: UUID, item_id: UUID) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        agent_parts.part_remove(actor=actor, agent=agent, kind=self.part.kind, part_id=item_id)
        return Response(status=204)

    def _change(
        self, request: Request, agent_id: UUID, item_id: UUID, serializer: Serializer, change: Callable[..., Values]
    ) -> Response:
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        values = valid(serializer(data=request.data))
        changed = change(actor=actor, agent=agent, kind=self.part.kind, part_id=item_id, values=values)
        return Response(self.part.shown(agent, changed))


def parts_view(part: Part) -> type[APIView]:
    """The list of a kind of part, and adding to it."""
    name, output = f"agent_{part.kind}", part.output
    described = extend_schema_view(
        get=lists.describe(f"{name}_list", output, description=part.of_list),
        post=extend_schema(
            operation_id=f"{name}_create", request=part.input, responses={201: output}, description=part.of_create
        ),
    )
    return described(type("PartsView", (_PartsView,), {"part": part}))


def part_view(part: Part) -> type[APIView]:
    """One part of a kind: read, replaced, changed, removed."""
    name, output = f"agent_{part.kind}", part.output
    described = extend_schema_view(
        get=extend_schema(operation_id=f"{name}_retrieve", responses=output),
        put=extend_schema(operation_id=f"{name}_replace", request=part.input, responses=output),
        patch=extend_schema(operation_id=f"{name}_update", request=part.update, responses=output),
        delete=extend_schema(operation_id=f"{name}_delete", responses={204: None}),
    )
    return described(type("PartView", (_PartView,), {"part": part}))

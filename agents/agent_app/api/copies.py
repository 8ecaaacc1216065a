"""Agents made of other agents (clones, imports), exports, and changing several at once."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers as rest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, selectors
from agent_app.api.serializers_agents import AgentInput, AgentOutput
from agent_app.api.views import valid
from agent_app.definition import bundle
from agent_app.definition.choice import DRAFT
from agent_app.models import AgentStatus
from agent_app.services import agents, copies
from community.api.authentication import identify
from config.lib import http, lists
from config.lib.errors import InvalidInput
from config.lib.serializers import Strict

_VERSION = lists.parameter("version", str, 'A published number, or "draft" (where it is left out).')


class CloneInput(Strict):
    version = rest.JSONField(required=False, allow_null=True, help_text='A published number, or "draft".')
    name = rest.CharField(max_length=120, required=False, allow_blank=True)


class BulkInput(Strict):
    ids = rest.ListField(child=rest.UUIDField(), min_length=1, max_length=200)
    add_tags = rest.ListField(child=rest.CharField(max_length=40), max_length=20, required=False)
    remove_tags = rest.ListField(child=rest.CharField(max_length=40), max_length=20, required=False)
    status = rest.ChoiceField(choices=AgentStatus.choices, required=False)
    delete = rest.BooleanField(required=False, help_text="Delete them, with their conversations and runs; by itself.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("delete") and values.keys() - {"ids", "delete"}:
            raise rest.ValidationError({"delete": [_("What is deleted is not changed as well.")]})
        return values


class ImportInput(Strict):
    document = rest.DictField(help_text="What an export answered.")
    models = rest.DictField(
        child=rest.CharField(max_length=200, allow_blank=True),
        required=False,
        help_text="Which model each becomes here.",
    )
    dry_run = rest.BooleanField(required=False)


class ImportedAgent(rest.Serializer[Any]):
    key = rest.CharField()
    name = rest.CharField()
    agent_id = rest.UUIDField(allow_null=True)


class ImportedModel(rest.Serializer[Any]):
    reference = rest.CharField()
    becomes = rest.CharField(allow_blank=True, help_text="Empty: the workspace's default.")
    why = rest.CharField(allow_blank=True)


class ImportedHandoff(rest.Serializer[Any]):
    target = rest.CharField()
    becomes = rest.ChoiceField(choices=["imported", "existing", "left_out"])

    def get_fields(self) -> dict[str, Any]:
        return {"from": rest.CharField(), **super().get_fields()}


class ImportedTool(rest.Serializer[Any]):
    agent = rest.CharField()
    name = rest.CharField()
    type = rest.CharField()
    becomes = rest.ChoiceField(choices=["imported", "left_out"])


class LeftOut(rest.Serializer[Any]):
    path = rest.CharField()
    why = rest.CharField()


class ImportReport(rest.Serializer[Any]):
    dry_run = rest.BooleanField()
    agents = ImportedAgent(many=True)
    models = ImportedModel(many=True)
    handoffs = ImportedHandoff(many=True)
    tools = ImportedTool(many=True)
    left_out = LeftOut(many=True)


class CloneView(APIView):
    @extend_schema(operation_id="agents_clone", request=CloneInput, responses={201: AgentOutput})
    def post(self, request: Request, agent_id: UUID) -> Response:
        """A new draft with the same content; `cloned_from` remembers the agent and the version."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "agent.write")
        asked = valid(CloneInput(data=request.data))
        wanted = asked.get("version")
        version = None if wanted in (None, DRAFT) else access.get_version(agent, wanted)
        clone = copies.agent_clone(actor=actor, agent=agent, version=version, name=asked.get("name", ""))
        return Response(AgentOutput(clone).data, status=201)


class BulkView(APIView):
    @extend_schema(
        operation_id="agents_bulk",
        request=BulkInput,
        responses=inline_serializer("BulkOutput", {"changed": rest.IntegerField()}),
    )
    def post(self, request: Request) -> Response:
        """Add and remove tags and set the status of several agents, or delete them. Those of other workspaces are passed over."""
        actor = identify(request, "agent.write")
        asked = valid(BulkInput(data=request.data))
        if asked.pop("delete", False):
            return Response({"changed": agents.agents_delete(actor=actor, ids=asked["ids"])})
        return Response({"changed": agents.agents_change(actor=actor, **asked)})


class ExportView(APIView):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """`format` is ours here, not REST framework's parameter of that name."""
        return self.get_renderers()[0], "application/json"

    @extend_schema(
        operation_id="agents_export",
        parameters=[OpenApiParameter("format", str, enum=["json", "python"]), _VERSION],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/x-python"): OpenApiTypes.STR},
    )
    def get(self, request: Request, agent_id: UUID) -> HttpResponse:
        """The agent and those it hands over to, as a document to import or a script for the Agents SDK; no secret is in it."""
        agent = access.get_agent(identify(request), agent_id)
        which = request.query_params.get("version") or DRAFT
        if lists.choice(request, "format", ["json", "python"]) == "python":
            made = selectors.script_of(agent, which)
            return _file(made.source.encode(), "text/x-python; charset=utf-8", made.file)
        name = f"{slugify(agent.name) or 'agent'}.json"
        return _file(http.json_response(selectors.export_of(agent, which)).content, "application/json", name)


def _file(body: bytes, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": content_disposition_header(True, name) or "", "Cache-Control": "no-store"}
    return HttpResponse(body, content_type=content_type, headers=headers)


class ImportView(APIView):
    @extend_schema(operation_id="agents_import", request=ImportInput, responses={201: ImportReport, 200: ImportReport})
    def post(self, request: Request) -> Response:
        """Make drafts of an export's agents. With `dry_run` nothing is made and the report is the same (200)."""
        actor = identify(request, "agent.write")
        asked = valid(ImportInput(data=request.data))
        dry_run = asked.get("dry_run", False)
        report = copies.agents_import(
            actor=actor, imported=read_import(asked["document"]), models=asked.get("models") or {}, dry_run=dry_run
        )
        return Response(report, status=200 if dry_run else 201)


def read_import(document: Any) -> list[bundle.Imported]:
    """The agents of a document with their fields validated. Raises InvalidInput that says where."""
    imported = bundle.read(document)
    for each in imported:
        handoffs = [handoff | {"target_agent_id": UUID(int=0)} for handoff in each.handoffs]
        plain = [{name: value for name, value in handoff.items() if name != "target"} for handoff in handoffs]
        serializer = AgentInput(data=each.fields | {"handoffs": plain})
        if not serializer.is_valid():
            raise InvalidInput(
                errors={f"{each.path}.{name}": _flat(found) for name, found in serializer.errors.items()}
            )
        values = dict(serializer.validated_data)
        for handoff, checked in zip(each.handoffs, values.pop("handoffs"), strict=True):
            handoff.update({name: value for name, value in checked.items() if name != "target_agent_id"})
        each.fields = values
    return imported


def _flat(found: Any) -> list[str]:
    if isinstance(found, dict):
        return [f"{name}: {message}" for name, inner in found.items() for message in _flat(inner)]
    if isinstance(found, list):
        return [message for inner in found for message in _flat(inner)]
    return [str(found)]

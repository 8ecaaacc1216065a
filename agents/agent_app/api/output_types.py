"""The library of output types. The same for everybody; asking for it needs no more than reading agents."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import output_types
from community.api.authentication import identify
from config.lib import lists
from config.lib.errors import NotFound


class OutputTypeOutput(serializers.Serializer[Any]):
    type_name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    options = serializers.DictField(help_text="JSON Schema of what stands beside `type_name`.")
    example = serializers.DictField(help_text="A filled `output_type`.")
    schema = serializers.DictField(allow_null=True, help_text="The example's JSON Schema; null for text.")
    answer = serializers.JSONField(help_text="An answer that fits the example.")


class OutputTypesView(APIView):
    @lists.describe("agents_output_types_available", OutputTypeOutput)
    def get(self, request: Request) -> Response:
        """What an agent's `output_type` can be."""
        identify(request, "agent.read")
        return lists.answer(request, output_types.available(), OutputTypeOutput)


class OutputTypeView(APIView):
    @extend_schema(operation_id="agents_output_types_retrieve", responses=OutputTypeOutput)
    def get(self, request: Request, type_name: str) -> Response:
        identify(request, "agent.read")
        entry = output_types.describe(type_name)
        if entry is None:
            raise NotFound(_("There is no such output type."))
        return Response(entry)

"""What helps while an agent is written: what is sent, what could be better, what to start from."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers as rest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, selectors
from agent_app.api import definition
from agent_app.definition.preview import preview
from agent_app.instruction_templates import TEMPLATES
from community.api.authentication import identify
from config.lib import lists


class SentTool(rest.Serializer[Any]):
    type = rest.CharField()
    name = rest.CharField()
    description = rest.CharField()
    parameters = rest.DictField()


class TokenCounts(rest.Serializer[Any]):
    """Estimates that err upwards."""

    instructions = rest.IntegerField()
    tools = rest.IntegerField()
    output_type = rest.IntegerField()
    files = rest.IntegerField()
    total = rest.IntegerField()


class SentFile(rest.Serializer[Any]):
    file_id = rest.UUIDField()
    name = rest.CharField()
    sent_as = rest.ChoiceField(
        choices=["text", "image", "document"], allow_null=True, help_text="Null: it is not sent."
    )
    tokens = rest.IntegerField(help_text="At most.")
    whole = rest.BooleanField()
    why = rest.CharField(allow_blank=True, help_text="Why it is not sent, or not whole.")


class PreviewOutput(rest.Serializer[Any]):
    model = rest.CharField(allow_blank=True)
    system_prompt = rest.CharField(allow_blank=True)
    tools = SentTool(many=True)
    output_schema = definition.SchemaField(allow_null=True)
    files = SentFile(many=True, help_text="The agent's own files, as they stand before each conversation.")
    tokens = TokenCounts()
    problems = rest.ListField(child=rest.CharField(), help_text="Why it could not be run.")

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "context": definition.ContextOutput(allow_null=True)}


class SuggestionOutput(rest.Serializer[Any]):
    code = rest.CharField()
    severity = rest.ChoiceField(choices=["hint", "warning"])
    message = rest.CharField()
    start = rest.IntegerField(allow_null=True, help_text="Where in the instructions; null: all of them.")
    end = rest.IntegerField(allow_null=True)


class TemplateOutput(rest.Serializer[Any]):
    key = rest.CharField()
    name = rest.CharField()
    description = rest.CharField()
    instructions = rest.CharField()
    example = rest.CharField()
    practices = rest.ListField(child=rest.CharField())


class PreviewView(APIView):
    @extend_schema(
        operation_id="agents_preview", parameters=[lists.parameter("context_id", UUID)], responses=PreviewOutput
    )
    def get(self, request: Request, agent_id: UUID) -> Response:
        """Exactly what the draft sends to the model before the conversation, with an estimate of its tokens."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id)
        wanted = lists.identifier(request, "context_id")
        if wanted is not None:
            access.get_part(agent, "contexts", wanted)
        return Response(preview(agent, user_name=actor.user.display_name, context_id=str(wanted or "")))


class SuggestionsView(APIView):
    @extend_schema(
        operation_id="agents_suggestions",
        responses=inline_serializer("SuggestionsOutput", {"suggestions": SuggestionOutput(many=True)}),
    )
    def get(self, request: Request, agent_id: UUID) -> Response:
        """What could be better in the draft's instructions. Nothing is refused for it."""
        found = selectors.suggestions_of(access.get_agent(identify(request), agent_id))
        return Response({"suggestions": [each.as_dict() for each in found]})


class TemplatesView(APIView):
    @lists.describe("agents_templates", TemplateOutput)
    def get(self, request: Request) -> Response:
        """Instructions to start from."""
        identify(request, "agent.read")
        return lists.answer(request, [each.as_dict() for each in TEMPLATES], TemplateOutput)

"""A person's conversations: the list, one with its messages, feedback, sharing, export."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, exports, selectors
from agent_app.api import serializers_conversations as serializers
from agent_app.models import Message, Rating
from agent_app.services import conversations, feedback, shares
from community.api.authentication import identify
from config.lib import lists

FORMATS = {"json": "application/json", "md": "text/markdown; charset=utf-8"}


def _valid(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class ConversationsView(APIView):
    @lists.describe(
        "conversations_list",
        serializers.ConversationOutput,
        search=True,
        filters=[lists.parameter("agent_id", UUID), lists.parameter("pinned", bool)],
    )
    def get(self, request: Request) -> Response:
        """The person's own, pinned ones first. `search` looks at titles and messages."""
        rows = selectors.conversation_list(
            identify(request),
            lists.identifier(request, "agent_id"),
            lists.text(request),
            lists.flag(request, "pinned"),
        )
        rows = rows.select_related(None)  # pages show how the last run ended; here its id is enough
        return lists.answer(request, rows, serializers.ConversationOutput)

    @extend_schema(
        operation_id="conversations_create",
        request=serializers.ConversationInput,
        responses={201: serializers.ConversationOutput},
    )
    def post(self, request: Request) -> Response:
        """An empty one, to be filled by runs with its `conversation_id`. A run without one makes its own."""
        actor = identify(request, "conversation.write")
        fields = _valid(serializers.ConversationInput(data=request.data))
        agent = access.get_agent(actor, fields.pop("agent_id"), "agent.run")
        conversation = conversations.conversation_create(actor=actor, agent=agent, **fields)
        return Response(serializers.ConversationOutput(conversation).data, status=201)


class ConversationView(APIView):
    @extend_schema(operation_id="conversations_retrieve", responses=serializers.ConversationOutput)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return Response(
            serializers.ConversationOutput(access.get_conversation(identify(request), conversation_id)).data
        )

    @extend_schema(
        operation_id="conversations_replace",
        request=serializers.ConversationReplace,
        responses=serializers.ConversationOutput,
    )
    def put(self, request: Request, conversation_id: UUID) -> Response:
        return self._update(request, conversation_id, serializers.ConversationReplace)

    @extend_schema(
        operation_id="conversations_update",
        request=serializers.ConversationUpdate,
        responses=serializers.ConversationOutput,
    )
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        return self._update(request, conversation_id, serializers.ConversationUpdate)

    @extend_schema(operation_id="conversations_delete", responses={204: None})
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        actor = identify(request)
        conversation = access.get_conversation(actor, conversation_id, "conversation.write")
        conversations.conversation_delete(actor=actor, conversation=conversation)
        return Response(status=204)

    @staticmethod
    def _update(request: Request, conversation_id: UUID, serializer: Any) -> Response:
        actor = identify(request)
        conversation = access.get_conversation(actor, conversation_id, "conversation.write")
        changes = _valid(serializer(data=request.data))
        conversation = conversations.conversation_update(
            actor=actor, conversation=conversation, title=changes.get("title"), pinned=changes.get("pinned")
        )
        return Response(serializers.ConversationOutput(conversation).data)


class MessagesView(APIView):
    @lists.describe("conversation_messages_list", serializers.MessageOutput)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """All branches, in the order they were said; `parent_id` says what each answers or follows."""
        actor = identify(request)
        conversation = access.get_conversation(actor, conversation_id)
        rows = Message.objects.filter(conversation_id=conversation.id).order_by("id")

        def beside(page: list[Message]) -> dict[str, Any]:
            given = selectors.feedback_of([message.id for message in page], actor.id)
            return {"feedback": given, "files": selectors.files_of(page)}

        return lists.answer(request, rows, serializers.MessageOutput, beside)


class FeedbackView(APIView):
    @extend_schema(
        operation_id="messages_feedback_give", request=serializers.FeedbackInput, responses=serializers.FeedbackOutput
    )
    def put(self, request: Request, conversation_id: UUID, message_id: UUID) -> Response:
        """A thumb on an answer; sending another one replaces it."""
        actor = identify(request)
        answer = access.get_answer(actor, conversation_id, message_id, "feedback.write")
        given = feedback.feedback_give(
            actor=actor, answer=answer, **_valid(serializers.FeedbackInput(data=request.data))
        )
        return Response(serializers.FeedbackOutput(given).data)

    @extend_schema(operation_id="messages_feedback_withdraw", responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, message_id: UUID) -> Response:
        actor = identify(request)
        answer = access.get_answer(actor, conversation_id, message_id, "feedback.write")
        feedback.feedback_withdraw(actor=actor, answer=answer)
        return Response(status=204)


class AgentFeedbackView(APIView):
    @lists.describe(
        "agents_feedback_list",
        serializers.AgentFeedbackOutput,
        filters=[lists.parameter("rating", enum=Rating.values)],
    )
    def get(self, request: Request, agent_id: UUID) -> Response:
        """For editors. `summary` counts all thumbs: `{"up", "down"}`."""
        actor = identify(request)
        agent = access.get_agent(actor, agent_id, "feedback.read")
        rows = selectors.feedback_list(actor, agent.id, lists.choice(request, "rating", Rating.values))
        answer = lists.answer(request, rows, serializers.AgentFeedbackOutput)
        answer.data["summary"] = selectors.feedback_counts([agent.id])[agent.id]
        return answer


class ShareView(APIView):
    @extend_schema(operation_id="conversations_share_read", responses=serializers.ShareOutput)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """404 (`not_shared`) where it is not shared."""
        share = access.get_share(identify(request), conversation_id)
        return Response(serializers.ShareOutput(share, context={"request": request}).data)

    @extend_schema(
        operation_id="conversations_share",
        request=serializers.ShareInput,
        responses={200: serializers.ShareOutput, 201: serializers.ShareOutput},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """A copy of the shown branch at a public address (201). One that is shared already stays as it is (200)."""
        actor = identify(request)
        conversation = access.get_conversation(actor, conversation_id, "conversation.share")
        wanted = _valid(serializers.ShareInput(data=request.data))
        share, is_new = shares.conversation_share(actor=actor, conversation=conversation, refresh=wanted["refresh"])
        document = serializers.ShareOutput(share, context={"request": request}).data
        return Response(document, status=201 if is_new else 200)

    @extend_schema(operation_id="conversations_unshare", responses={204: None})
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        """The address stops working and the copy is deleted."""
        actor = identify(request)
        shares.share_revoke(actor=actor, share=access.get_share(actor, conversation_id, "conversation.unshare"))
        return Response(status=204)


class ExportView(APIView):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever ``Accept`` says: ``format`` decides, and it is not REST framework's parameter of that name."""
        return self.get_renderers()[0], "application/json"

    @extend_schema(
        operation_id="conversations_export",
        parameters=[OpenApiParameter("format", str, enum=list(FORMATS), description="json where it is left out.")],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/markdown"): OpenApiTypes.STR},
    )
    def get(self, request: Request, conversation_id: UUID) -> HttpResponse:
        """JSON holds every branch, Markdown the shown one."""
        actor = identify(request)
        conversation = access.get_conversation(actor, conversation_id)
        ending = lists.choice(request, "format", FORMATS) or "json"
        return export(actor.id, conversation, ending)


def export(person_id: UUID, conversation: Any, ending: str) -> HttpResponse:
    """The conversation as a file to be saved."""
    gathered = exports.gather(conversation, person_id)
    body = exports.as_json(gathered) if ending == "json" else exports.as_markdown(gathered).encode()
    name = content_disposition_header(True, exports.file_name(conversation, ending))
    return HttpResponse(
        body, content_type=FORMATS[ending], headers={"Content-Disposition": name, "Cache-Control": "no-store"}
    )  # fmt: skip

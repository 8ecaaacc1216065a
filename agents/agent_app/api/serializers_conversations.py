"""What the endpoints of conversations take and answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agent_app import share_links
from agent_app.models import Conversation, Feedback, Message, Rating, Share
from community.models import StoredFile
from config.lib.serializers import Strict


class AttachedFile(serializers.ModelSerializer[StoredFile]):
    class Meta:
        model = StoredFile
        fields = ("id", "name", "size", "mime")
        read_only_fields = fields


class FeedbackOutput(serializers.ModelSerializer[Feedback]):
    class Meta:
        model = Feedback
        fields = ("rating", "reason", "created_at", "updated_at")
        read_only_fields = fields


class FeedbackInput(Strict):
    rating = serializers.ChoiceField(choices=Rating.choices)
    reason = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class AgentFeedbackOutput(FeedbackOutput):
    """One thumb with what it is about, for whoever may change the agent."""

    message_id = serializers.UUIDField()
    run_id = serializers.UUIDField(source="message.run_id", allow_null=True)
    author = serializers.CharField(source="author.handle")

    class Meta(FeedbackOutput.Meta):
        fields = ("id", "message_id", "run_id", "author", *FeedbackOutput.Meta.fields)  # type: ignore[assignment]


# The context holds ``feedback`` and ``files`` by their ids; a message without them has none.
class MessageOutput(serializers.ModelSerializer[Message]):
    usage = serializers.DictField(read_only=True)
    files = serializers.SerializerMethodField()
    feedback = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = (
            "id", "role", "content", "attachments", "files", "run_id", "parent_id", "usage", "created_at", "complete", "agent_name",
            "feedback",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(AttachedFile(many=True))
    def get_files(self, message: Message) -> list[Any]:
        known = self.context.get("files", {})
        return [AttachedFile(known[file_id]).data for file_id in message.attachments if file_id in known]

    @extend_schema_field(FeedbackOutput(allow_null=True))
    def get_feedback(self, message: Message) -> dict[str, Any] | None:
        given = self.context.get("feedback", {}).get(message.id)
        return dict(FeedbackOutput(given).data) if given else None


class ConversationOutput(serializers.ModelSerializer[Conversation]):
    class Meta:
        model = Conversation
        fields = ("id", "agent_id", "title", "pinned", "last_message_at", "last_run_id", "created_at")
        read_only_fields = fields


class ConversationInput(Strict):
    agent_id = serializers.UUIDField()
    title = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    pinned = serializers.BooleanField(required=False, default=False)


class ConversationUpdate(Strict):
    title = serializers.CharField(max_length=120, required=False)
    pinned = serializers.BooleanField(required=False)


class ConversationReplace(Strict):
    title = serializers.CharField(max_length=120)
    pinned = serializers.BooleanField()


class ShareInput(Strict):
    refresh = serializers.BooleanField(
        required=False, default=False, help_text="Copy the conversation anew, at the same address."
    )


class ShareOutput(serializers.ModelSerializer[Share]):
    url = serializers.SerializerMethodField(help_text="The public page. Whoever has it can read the copy.")
    conversation_id = serializers.UUIDField()
    messages = serializers.SerializerMethodField(help_text="How many messages the copy has.")

    class Meta:
        model = Share
        fields = ("id", "conversation_id", "title", "url", "messages", "shared_at", "created_at")
        read_only_fields = fields

    def get_url(self, share: Share) -> str:
        request = self.context.get("request")
        path = share_links.address(share)
        return str(request.build_absolute_uri(path)) if request else path

    def get_messages(self, share: Share) -> int:
        return len(share.snapshot.get("messages", ()))

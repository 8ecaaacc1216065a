"""What the endpoints of notifications and of the inbox take and answer."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from community.models import Channel, Notification, NotificationKind
from community.registry import InboxAction, InboxItem


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    read = serializers.BooleanField(read_only=True)

    class Meta:
        model = Notification
        fields = ("id", "kind", "title", "text", "url", "read", "snoozed_until", "workspace_id", "created_at")


class NotificationUpdate(serializers.Serializer[Any]):
    read = serializers.BooleanField(required=False)
    snoozed_until = serializers.DateTimeField(required=False, allow_null=True)


class ReadAllSerializer(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread.")


class PreferenceSerializer(serializers.Serializer[Mapping[str, Any]]):
    kind = serializers.ChoiceField(choices=NotificationKind.choices)
    label = serializers.CharField()  # type: ignore[assignment]  # a field's own attribute of that name
    in_app = serializers.BooleanField()
    email = serializers.BooleanField()
    digest = serializers.BooleanField()


class PreferencesSerializer(serializers.Serializer[Any]):
    results = PreferenceSerializer(many=True)


class PreferenceInput(serializers.Serializer[Any]):
    """Channels that are left out stay as they are."""

    kind = serializers.ChoiceField(choices=NotificationKind.choices)
    in_app = serializers.BooleanField(required=False)
    email = serializers.BooleanField(required=False)
    digest = serializers.BooleanField(required=False)


class PreferencesInput(serializers.Serializer[Any]):
    results = PreferenceInput(many=True, allow_empty=False)

    def choices(self) -> dict[tuple[str, str], bool]:
        return {
            (row["kind"], channel): row[channel]
            for row in self.validated_data["results"]
            for channel in Channel.values
            if channel in row
        }


class InboxActionSerializer(serializers.Serializer[InboxAction]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    method = serializers.CharField()
    url = serializers.CharField(source="api")
    body = serializers.DictField(source="fields", child=serializers.CharField(), help_text="What to send there.")


class InboxItemSerializer(serializers.Serializer[InboxItem]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    url = serializers.CharField()
    due_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    dismissible = serializers.BooleanField()
    actions = InboxActionSerializer(many=True)


class DismissInput(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=20)
    id = serializers.UUIDField()

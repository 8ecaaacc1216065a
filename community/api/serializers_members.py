"""What the endpoints of members, invitations, API tokens and the audit log take and answer. Output is an allow-list."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from community.models import ApiToken, AuditEntry, Invitation, Membership, Role, User
from community.policies import SCOPES
from config.lib.serializers import Strict


class MemberInput(Strict):
    role = serializers.ChoiceField(choices=Role.choices)


class TransferInput(Strict):
    to = serializers.UUIDField(help_text="The id of a member.")
    confirm = serializers.CharField(max_length=80, help_text="The name of the workspace.")


class MemberOutput(serializers.ModelSerializer[Membership]):
    """A person in a workspace. ``id`` is the person's."""

    id = serializers.UUIDField(source="user_id", read_only=True)
    email = serializers.SerializerMethodField()
    handle = serializers.CharField(source="user.handle", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    avatar = serializers.CharField(source="user.avatar", read_only=True)
    joined_at = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "email", "handle", "name", "avatar", "role", "joined_at")
        read_only_fields = fields

    @extend_schema_field(serializers.EmailField(allow_null=True))
    def get_email(self, member: Membership) -> str | None:
        return member.user.email if self.context.get("addresses") else None


class PersonOutput(serializers.ModelSerializer[User]):
    """As much of a person as everybody in a workspace may see."""

    class Meta:
        model = User
        fields = ("id", "handle", "name")
        read_only_fields = fields


class InvitationInput(Strict):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices, default=Role.VIEWER)


class InvitationOutput(serializers.ModelSerializer[Invitation]):
    invited_by = PersonOutput(read_only=True, allow_null=True)
    expired = serializers.BooleanField(read_only=True)

    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "invited_by", "sent_at", "expires_at", "expired", "created_at")
        read_only_fields = fields


class MyInvitationOutput(serializers.ModelSerializer[Invitation]):
    """An invitation as the invited person sees it."""

    workspace = serializers.CharField(source="workspace.name", read_only=True)
    invited_by = PersonOutput(read_only=True, allow_null=True)

    class Meta:
        model = Invitation
        fields = ("id", "workspace", "email", "role", "invited_by", "sent_at", "expires_at")
        read_only_fields = fields


class AcceptInput(Strict):
    token = serializers.CharField(max_length=200, help_text="What stands in the invitation's link.")


class ApiTokenInput(Strict):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), min_length=1, max_length=len(SCOPES))
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ApiTokenOutput(serializers.ModelSerializer[ApiToken]):
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), read_only=True)
    created_by = PersonOutput(source="user", read_only=True)
    expired = serializers.BooleanField(read_only=True)

    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "scopes", "created_by", "expires_at", "expired", "last_used_at", "created_at")
        read_only_fields = fields


class NewApiTokenOutput(ApiTokenOutput):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(ApiTokenOutput.Meta):
        fields = ("token", *ApiTokenOutput.Meta.fields)  # type: ignore[assignment]  # one more
        read_only_fields = fields  # type: ignore[assignment]


class AuditOutput(serializers.ModelSerializer[AuditEntry]):
    actor = serializers.SerializerMethodField()
    before = serializers.DictField(read_only=True)
    after = serializers.DictField(read_only=True)

    class Meta:
        model = AuditEntry
        fields = (
            "id", "created_at", "action", "actor_id", "actor", "token_id", "object_type", "object_id", "ip", "request_id",
            "before", "after",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(PersonOutput(allow_null=True))
    def get_actor(self, entry: AuditEntry) -> dict[str, Any] | None:
        """Null where nobody is behind it, or the person is gone."""
        people: dict[Any, dict[str, Any]] = self.context["people"]
        return people.get(entry.actor_id)

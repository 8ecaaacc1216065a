"""What people's and workspaces' endpoints take and answer. Output is an allow-list."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from community import policies
from community.models import Role, User, Workspace
from community.services.sessions import Tokens


class PasswordField(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            trim_whitespace=False, max_length=256, write_only=True, style={"input_type": "password"}, **options
        )


class RegisterInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    password = PasswordField()
    name = serializers.CharField(max_length=120)


class LoginInput(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=254)
    password = PasswordField()


class MfaInput(serializers.Serializer[Any]):
    mfa_token = serializers.CharField(max_length=2000)
    code = serializers.CharField(max_length=20)


class RefreshInput(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=2000)


class PersonSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "handle", "name")


class SessionSerializer(serializers.Serializer[Tokens]):
    user = PersonSerializer()
    access = serializers.CharField()
    refresh = serializers.CharField()


class RegisteredSerializer(serializers.Serializer[Any]):
    """Tokens, or ``verification_required`` where the address must be confirmed first."""

    user = PersonSerializer()
    access = serializers.CharField(required=False)
    refresh = serializers.CharField(required=False)
    verification_required = serializers.BooleanField(required=False)


class RefreshedSerializer(serializers.Serializer[Tokens]):
    access = serializers.CharField()
    refresh = serializers.CharField()


class MeSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = (
            "id", "email", "handle", "name", "avatar", "bio", "language", "timezone", "current_workspace_id", "created_at",
        )  # fmt: skip


class MeInput(serializers.Serializer[Any]):
    """What a person may change about themselves. PUT needs the name and the handle; what is missing there is emptied."""

    name = serializers.CharField(max_length=120)
    handle = serializers.CharField(max_length=40)
    bio = serializers.CharField(max_length=2000, allow_blank=True, default="")
    language = serializers.CharField(max_length=12, allow_blank=True, default="")
    timezone = serializers.CharField(max_length=64, default="UTC")
    current_workspace_id = serializers.UUIDField(
        required=False,
        help_text="The workspace that is meant without `X-Workspace`, and that the pages open in. Kept where it is left out.",
    )


class DeleteMeInput(serializers.Serializer[Any]):
    """The password again, or a code of the second factor: a token alone must not be enough to delete an account."""

    password = PasswordField(required=False, default="")
    code = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    role = serializers.SerializerMethodField()
    personal = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()

    class Meta:
        model = Workspace
        fields = (
            "id",
            "name",
            "personal",
            "role",
            "email",
            "default_model",
            "credits_first",
            "created_at",
            "updated_at",
        )

    def get_role(self, workspace: Workspace) -> Role:
        return Role(self.context.get("role") or workspace.role)  # type: ignore[attr-defined]  # annotated by the list

    @extend_schema_field(serializers.EmailField(allow_null=True))
    def get_email(self, workspace: Workspace) -> str | None:
        """Where bills go; null to who may not change it."""
        return workspace.email if policies.allows(self.get_role(workspace), "workspace.update") else None

    def get_personal(self, workspace: Workspace) -> bool:
        return workspace.personal_of_id is not None


class WorkspaceInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    email = serializers.EmailField(required=False, help_text="Where bills go. Admins and owners see and change it.")
    default_model = serializers.CharField(
        max_length=260,
        required=False,
        allow_blank=True,
        help_text="A model reference; empty: the local model or the first provider's.",
    )
    credits_first = serializers.BooleanField(
        required=False,
        help_text="Whether the site's own provider keys are used, for credits, before the workspace's. Owners only.",
    )

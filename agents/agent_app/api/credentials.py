"""Credentials of tools: what may be known of them, and the account that they are connected with."""

from uuid import UUID

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access
from agent_app.models import Credential
from agent_app.services import connections
from community.api.authentication import identify


class CredentialSecretOutput(serializers.Serializer[object]):
    path = serializers.CharField(help_text="Where it stands in the tool's params.")
    set = serializers.BooleanField()
    hint = serializers.CharField()


class CredentialOutput(serializers.ModelSerializer[Credential]):
    secrets = serializers.SerializerMethodField()
    connected = serializers.SerializerMethodField(help_text="OAuth: whether there are tokens.")
    connect_url = serializers.SerializerMethodField(help_text="OAuth: where a person connects it, in a browser.")

    class Meta:
        model = Credential
        fields = (
            "id", "kind", "audience", "secrets", "connected", "connect_url", "tokens_expire_at", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(CredentialSecretOutput(many=True))
    def get_secrets(self, row: Credential) -> list[dict[str, object]]:
        return [{"path": path, "set": True, "hint": hint} for path, hint in row.hints.items()]

    @extend_schema_field(bool)
    def get_connected(self, row: Credential) -> bool:
        return bool(row.tokens_encrypted)

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_connect_url(self, row: Credential) -> str | None:
        if row.config.get("grant") != "authorization_code":
            return None
        return settings.BASE_URL.rstrip("/") + reverse("agents:connect", args=[row.id])


class CredentialView(APIView):
    @extend_schema(operation_id="credentials_retrieve", responses=CredentialOutput)
    def get(self, request: Request, credential_id: UUID) -> Response:
        return Response(CredentialOutput(access.get_credential(identify(request), credential_id)).data)


class DisconnectView(APIView):
    @extend_schema(operation_id="credentials_disconnect", request=None, responses=CredentialOutput)
    def post(self, request: Request, credential_id: UUID) -> Response:
        """Forget the tokens that the account has given; the secrets stay."""
        actor = identify(request)
        credential = access.get_credential(actor, credential_id, "agent.write")
        connections.credential_disconnect(actor=actor, credential=credential)
        credential.refresh_from_db()
        return Response(CredentialOutput(credential).data)

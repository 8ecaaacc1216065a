"""Integrations: one credential for a group of tools."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, credentials, selectors
from agent_app.api.views import valid
from agent_app.models import Credential, Integration
from agent_app.services import integrations
from agent_app.tools import http_params
from agent_app.tools.integration import INTEGRATION
from community.api.authentication import identify
from config.lib import lists
from config.lib.serializers import Strict

_ORDERINGS = ("name", "updated_at", "created_at")


def _as_openapi(schema: Any) -> Any:
    """A JSON Schema whose parts may be of several types, as OpenAPI 3.0 says that."""
    if isinstance(schema, list):
        return [_as_openapi(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _as_openapi(part) for name, part in schema.items()}
    if isinstance(kinds := schema.get("type"), list):
        some = [kind for kind in kinds if kind != "null"]
        del found["type"]
        found |= {"type": some[0]} if len(some) == 1 else {"oneOf": [{"type": kind} for kind in some]}
        found["nullable"] = "null" in kinds
    return found


@extend_schema_field(_as_openapi(http_params.AUTH_SCHEMA))
class AuthField(serializers.DictField):
    pass


class IntegrationUpdate(Strict):
    name = serializers.CharField(max_length=64, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    url = serializers.CharField(max_length=2000, required=False, help_text="The host that it is for.")
    auth = AuthField(required=False, help_text="As of an http tool. Secrets go in and come out masked.")
    revision = serializers.IntegerField(min_value=1, required=False)


class IntegrationInput(IntegrationUpdate):
    name = serializers.CharField(max_length=64)
    url = serializers.CharField(max_length=2000, help_text="The host that it is for.")
    auth = AuthField(help_text="As of an http tool. Secrets go in and come out masked.")


class IntegrationOutput(serializers.ModelSerializer[Integration]):
    url = serializers.CharField(read_only=True)
    auth = serializers.SerializerMethodField()
    needs = serializers.SerializerMethodField(help_text="What a person has to do before tools can use it.")
    tools = serializers.IntegerField(read_only=True, default=0, help_text="How many use it.")

    class Meta:
        model = Integration
        fields = (
            "id", "name", "description", "url", "auth", "credential_id", "needs", "tools", "revision", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_auth(self, row: Integration) -> dict[str, Any]:
        auth: dict[str, Any] = credentials.masked(row.params, self._credential(row))["auth"]
        return auth

    @extend_schema_field({"type": "string", "enum": ["", "secrets", "account"]})
    def get_needs(self, row: Integration) -> str:
        return credentials.needs_with(INTEGRATION, row.params, self._credential(row))

    def _credential(self, row: Integration) -> Credential | None:
        """As the list has fetched it, else asked for."""
        known = self.context.get("credentials")
        found = credentials.credentials_of(row.workspace_id, [row.credential_id]) if known is None else known
        credential: Credential | None = found.get(str(row.credential_id))
        return credential


class IntegrationsView(APIView):
    @lists.describe("integrations_list", IntegrationOutput, search=True, orderings=_ORDERINGS)
    def get(self, request: Request) -> Response:
        actor = identify(request)
        rows = selectors.integration_rows(
            actor, search=lists.text(request), ordering=lists.ordering(request, _ORDERINGS, "name")
        )

        def known(page: list[Integration]) -> dict[str, Any]:
            ids = [row.credential_id for row in page]
            return {"credentials": credentials.credentials_of(actor.workspace_id, ids)}

        return lists.answer(request, rows, IntegrationOutput, known)

    @extend_schema(operation_id="integrations_create", request=IntegrationInput, responses={201: IntegrationOutput})
    def post(self, request: Request) -> Response:
        """Tools name it in `params.integration` instead of having `auth` of their own."""
        actor = identify(request, "tool.write")
        fields = valid(IntegrationInput(data=request.data))
        return Response(IntegrationOutput(integrations.integration_create(actor=actor, fields=fields)).data, status=201)


class IntegrationView(APIView):
    @extend_schema(operation_id="integrations_retrieve", responses=IntegrationOutput)
    def get(self, request: Request, integration_id: UUID) -> Response:
        return Response(IntegrationOutput(access.get_integration(identify(request), integration_id)).data)

    @extend_schema(operation_id="integrations_update", request=IntegrationUpdate, responses=IntegrationOutput)
    def patch(self, request: Request, integration_id: UUID) -> Response:
        """A new secret is used by the next call of every tool that names it."""
        actor = identify(request)
        row = access.get_integration(actor, integration_id, "tool.write")
        changes = valid(IntegrationUpdate(data=request.data))
        revision = changes.pop("revision", None)
        saved = integrations.integration_update(actor=actor, integration=row, changes=changes, revision=revision)
        saved.tools = row.tools  # type: ignore[attr-defined]  # how many use it has not changed
        return Response(IntegrationOutput(saved).data)

    @extend_schema(operation_id="integrations_delete", responses={204: None})
    def delete(self, request: Request, integration_id: UUID) -> Response:
        """409 `in_use` with the names of the tools that use it."""
        actor = identify(request)
        row = access.get_integration(actor, integration_id, "tool.write")
        integrations.integration_delete(actor=actor, integration=row)
        return Response(status=204)

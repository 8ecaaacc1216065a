"""Keys for providers: a person's own and the workspace's. They go in and never come out."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, model_reports
from agent_app.api import serializers_models as output
from agent_app.api.models import valid
from agent_app.models import KeyPurpose, KeyScope, ProviderKey
from agent_app.services import provider_keys
from community.api.authentication import identify
from config.lib import lists


def shown(key: ProviderKey, status: int = 200) -> Response:
    context = {"usage": model_reports.key_usage([key.id])}
    return Response(output.KeyOutput(key, context=context).data, status=status)


class KeysView(APIView):
    @lists.describe(
        "api_keys_list", output.KeyOutput,
        filters=[
            lists.parameter("provider"),
            lists.parameter("scope", enum=KeyScope.values),
            lists.parameter("purpose", enum=KeyPurpose.values),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The workspace's keys and your own, masked, in the order in which they are used."""
        rows = model_reports.key_rows(identify(request))
        asked = {
            "type": lists.text(request, "provider"), "scope": lists.choice(request, "scope", KeyScope.values),
            "purpose": lists.choice(request, "purpose", KeyPurpose.values),
        }  # fmt: skip
        rows = rows.filter(**{name: value for name, value in asked.items() if value})
        return lists.answer(
            request, rows, output.KeyOutput, lambda page: {"usage": model_reports.key_usage([key.id for key in page])}
        )

    @extend_schema(operation_id="api_keys_create", request=output.KeyInput, responses={201: output.KeyOutput})
    def post(self, request: Request) -> Response:
        """The key is tried first: 422 with the provider's words, and nothing saved, where it is refused."""
        actor = identify(request)
        fields = valid(output.KeyInput(data=request.data))
        return shown(provider_keys.provider_key_create(actor=actor, **fields), status=201)


class KeyView(APIView):
    @extend_schema(operation_id="api_keys_retrieve", responses=output.KeyOutput)
    def get(self, request: Request, key_id: UUID) -> Response:
        return shown(access.get_key(identify(request), key_id))

    @extend_schema(operation_id="api_keys_update", request=output.KeyUpdate, responses=output.KeyOutput)
    def patch(self, request: Request, key_id: UUID) -> Response:
        """A new key in its place is tried first, like a new one."""
        actor = identify(request)
        key = access.get_key(actor, key_id, write=True)
        changes = valid(output.KeyUpdate(data=request.data, partial=True))
        return shown(provider_keys.provider_key_update(actor=actor, key=key, changes=changes))

    @extend_schema(operation_id="api_keys_delete", responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        actor = identify(request)
        provider_keys.provider_key_delete(actor=actor, key=access.get_key(actor, key_id, write=True))
        return Response(status=204)

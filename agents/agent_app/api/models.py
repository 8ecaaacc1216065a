"""Providers, their models, and what is known of both. ``/models/providers/{slug}`` are types, ``/providers/{id}`` configured ones."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agent_app import access, model_reports, provider_types, selectors
from agent_app.api import serializers_models as output
from agent_app.api.serializers_providers import ProviderInput, ProviderOutput
from agent_app.models import ProviderModel
from agent_app.services import provider_models, providers
from community.access import Actor
from community.api.authentication import identify
from config.lib import lists
from config.lib.errors import NotFound

_MOST_DAYS = 90


def valid(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def read(request: Request) -> Actor:
    actor = identify(request)
    actor.require("provider.read")
    return actor


class ProvidersView(APIView):
    @lists.describe("providers_list", ProviderOutput)
    def get(self, request: Request) -> Response:
        return lists.answer(request, selectors.provider_rows(identify(request)), ProviderOutput)

    @extend_schema(operation_id="providers_create", request=ProviderInput, responses={201: ProviderOutput})
    def post(self, request: Request) -> Response:
        """With `test` the provider must answer first: 422 with its own words, and nothing saved, where it does not."""
        actor = identify(request, "provider.write")
        fields = valid(ProviderInput(data=request.data))
        provider = providers.provider_create(actor=actor, fields=providers.provider_tried(actor=actor, fields=fields))
        return Response(ProviderOutput(provider).data, status=201)


class ProviderView(APIView):
    @extend_schema(operation_id="providers_retrieve", responses=ProviderOutput)
    def get(self, request: Request, provider_id: UUID) -> Response:
        return Response(ProviderOutput(access.get_provider(identify(request), provider_id)).data)

    @extend_schema(operation_id="providers_replace", request=ProviderInput, responses=ProviderOutput)
    def put(self, request: Request, provider_id: UUID) -> Response:
        """A missing key keeps the old one."""
        return self._update(request, provider_id, partial=False)

    @extend_schema(operation_id="providers_update", request=ProviderInput, responses=ProviderOutput)
    def patch(self, request: Request, provider_id: UUID) -> Response:
        return self._update(request, provider_id, partial=True)

    @extend_schema(operation_id="providers_delete", responses={204: None})
    def delete(self, request: Request, provider_id: UUID) -> Response:
        actor = identify(request)
        providers.provider_delete(actor=actor, provider=access.get_provider(actor, provider_id, "provider.write"))
        return Response(status=204)

    def _update(self, request: Request, provider_id: UUID, *, partial: bool) -> Response:
        actor = identify(request)
        provider = access.get_provider(actor, provider_id, "provider.write")
        changes = valid(ProviderInput(data=request.data, partial=partial))
        if not partial:
            changes = {**providers.EMPTY, **changes}
        changes = providers.provider_tried(actor=actor, fields=changes, provider=provider)
        provider = providers.provider_update(actor=actor, provider=provider, changes=changes)
        return Response(ProviderOutput(provider).data)


def shown(row: ProviderModel) -> Response:
    return Response(output.ModelOutput(model_reports.described([row])[0]).data)


class ModelsView(APIView):
    @lists.describe("models_list", output.ModelOutput, search=True, filters=[lists.parameter("provider_id", UUID)])
    def get(self, request: Request) -> Response:
        """The models of the workspace's providers. What any provider has is in the catalogue: `/models/providers/{slug}/models/`."""
        rows = model_reports.model_rows(identify(request))
        if (provider_id := lists.identifier(request, "provider_id")) is not None:
            rows = rows.filter(provider_id=provider_id)
        if text := lists.text(request):
            rows = rows.filter(model_id__icontains=text)
        return lists.answer(request, Described(rows), output.ModelOutput)

    @extend_schema(operation_id="models_create", request=output.ModelInput, responses={201: output.ModelOutput})
    def post(self, request: Request) -> Response:
        actor = identify(request, "provider.write")
        fields = valid(output.ModelInput(data=request.data))
        provider = access.get_provider(actor, fields.pop("provider_id"), "provider.write")
        row = provider_models.provider_model_create(actor=actor, provider=provider, fields=fields)
        answer = shown(row)
        answer.status_code = 201
        return answer


class Described:
    """Rows that are described a page at a time."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def count(self) -> int:
        return int(self._rows.count())

    def __getitem__(self, part: Any) -> list[Any]:
        return list(model_reports.described(self._rows[part]))


class ModelView(APIView):
    @extend_schema(operation_id="models_retrieve", responses=output.ModelOutput)
    def get(self, request: Request, model_id: UUID) -> Response:
        return shown(access.get_provider_model(identify(request), model_id))

    @extend_schema(operation_id="models_replace", request=output.ModelUpdate, responses=output.ModelOutput)
    def put(self, request: Request, model_id: UUID) -> Response:
        return self._update(request, model_id, provider_models.EMPTY)

    @extend_schema(operation_id="models_update", request=output.ModelUpdate, responses=output.ModelOutput)
    def patch(self, request: Request, model_id: UUID) -> Response:
        return self._update(request, model_id, {})

    @extend_schema(operation_id="models_delete", responses={204: None})
    def delete(self, request: Request, model_id: UUID) -> Response:
        actor = identify(request)
        row = access.get_provider_model(actor, model_id, "provider.write")
        provider_models.provider_model_delete(actor=actor, row=row)
        return Response(status=204)

    def _update(self, request: Request, model_id: UUID, missing: dict[str, Any]) -> Response:
        actor = identify(request)
        row = access.get_provider_model(actor, model_id, "provider.write")
        changes = missing | valid(output.ModelUpdate(data=request.data, partial=True))
        return shown(provider_models.provider_model_update(actor=actor, row=row, changes=changes))


class ModelTestView(APIView):
    @extend_schema(operation_id="models_test", request=None, responses=output.ModelOutput)
    def post(self, request: Request, model_id: UUID) -> Response:
        """A few tiny real calls with the workspace's own key: time to the first token, streaming, a tool call, JSON by a schema.
        What it can do is noted; `test` has what was found, with the provider's words where it refused."""
        actor = identify(request)
        row = access.get_provider_model(actor, model_id, "provider.write")
        return shown(provider_models.provider_model_test(actor=actor, row=row))


def known(slug: str) -> str:
    if slug not in provider_types.TYPES:
        raise NotFound(_("There is no such type of provider."))
    return slug


class TypesView(APIView):
    @lists.describe("models_providers_list", output.TypeOutput)
    def get(self, request: Request) -> Response:
        """The types of providers there are, and what of each is set up here."""
        return lists.answer(request, model_reports.types(identify(request)), output.TypeOutput)


class TypeModelsView(APIView):
    @lists.describe("models_providers_models_list", output.CatalogueOutput, search=True)
    def get(self, request: Request, slug: str) -> Response:
        """The catalogue's models of a type; retired ones last, with what to use instead."""
        read(request)
        rows = model_reports.catalogue_of(known(slug))
        if text := lists.text(request):
            rows = rows.filter(model_id__icontains=text)
        return lists.answer(
            request, rows, output.CatalogueOutput, lambda page: {"prices": model_reports.catalogue_prices(page)}
        )


class TypeCapabilitiesView(APIView):
    @extend_schema(operation_id="models_providers_capabilities", responses=output.CapabilitiesOutput)
    def get(self, request: Request, slug: str) -> Response:
        read(request)
        return Response(output.CapabilitiesOutput(model_reports.type_capabilities(known(slug))).data)


class TypeStatisticsView(APIView):
    @extend_schema(
        operation_id="models_providers_stats",
        parameters=[
            lists.parameter("days", {"type": "integer", "minimum": 1, "maximum": _MOST_DAYS}, "30 where left out.")
        ],
        responses=output.StatisticsOutput,
    )
    def get(self, request: Request, slug: str) -> Response:
        """How its models did in this workspace's runs: calls, errors, times, cost."""
        actor = read(request)
        text = request.query_params.get("days", str(model_reports.DAYS))
        days = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
        if not 1 <= days <= _MOST_DAYS:
            raise lists.invalid("days", _("This is a number from 1 to %(most)d.") % {"most": _MOST_DAYS})
        return Response(output.StatisticsOutput(model_reports.statistics(actor.workspace_id, known(slug), days)).data)

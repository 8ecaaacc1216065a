"""The API's composition: every app's endpoints under ``/api/v1/``, the schema, and its explorer."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import include, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.lib.errors import MethodNotAllowed, NotFound
from config.lib.http import json_response
from config.lib.routes import api_path
from config.views import VERSION


def api_root(request: HttpRequest) -> HttpResponse:
    """``/api/``: where a program begins."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
    return json_response(
        {
            "name": "Troupe API",
            "version": VERSION,
            "v1": "/api/v1/",
            "schema": reverse("api-schema"),
            "docs": reverse("api-docs"),
        }
    )


def not_found(request: HttpRequest, rest: str) -> HttpResponse:
    """A problem document, also where DEBUG would show Django's page of URL patterns."""
    raise NotFound(_("There is no such endpoint. %(schema)s lists them all.") % {"schema": reverse("api-schema")})


class SchemaView(SpectacularAPIView):
    """In one language for everybody, as in docs/openapi.yaml."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with override(settings.LANGUAGE_CODE):
            return super().dispatch(request, *args, **kwargs)


urlpatterns = [
    path("", csrf_exempt(api_root), name="api-root"),
    path("v1/", include("community.api.urls")),
    path("v1/", include("billing.api.urls")),
    path("v1/", include("agent_app.api.urls")),
    api_path("schema/", SchemaView.as_view(), "api-schema"),
    api_path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), "api-docs"),
    path("<path:rest>", csrf_exempt(not_found), name="api-not-found"),
]

"""The API's composition: every app's endpoints under ``/api/v1/``, the schema, and its explorer."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, reverse
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.lib.http import json_response
from config.lib.routes import api_path
from config.views import VERSION


@require_safe
def api_root(request: HttpRequest) -> HttpResponse:
    """``/api/``: where a program begins."""
    return json_response(
        {
            "name": "Troupe API",
            "version": VERSION,
            "v1": "/api/v1/",
            "schema": reverse("api-schema"),
            "docs": reverse("api-docs"),
        }
    )


urlpatterns = [
    path("", api_root, name="api-root"),
    path("v1/", include("community.api.urls")),
    path("v1/", include("billing.api.urls")),
    path("v1/", include("agent_app.api.urls")),
    api_path("schema/", SpectacularAPIView.as_view(), "api-schema"),
    api_path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), "api-docs"),
]

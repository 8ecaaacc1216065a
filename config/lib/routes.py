"""URL patterns of the API: every path answers with and without the trailing slash, without a redirect that loses a body."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

from config.lib.deprecation import announced


class SlashOptionalPattern(RoutePattern):
    """Matches ``agents/<uuid:id>/`` and ``agents/<uuid:id>``; ``reverse()`` gives the first."""

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        return super().match(path if path.endswith("/") or not path else path + "/")


def api_path(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    """Like ``path()``, with converters, for an endpoint whose ``route`` is written with its trailing slash."""
    if not route.endswith("/"):
        raise ValueError(f"Write {route!r} with its trailing slash")
    return URLPattern(SlashOptionalPattern(route, name=name, is_endpoint=True), announced(view), None, name)

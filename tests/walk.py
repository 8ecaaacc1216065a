"""Walks everything this house answers to, so that a new address cannot be forgotten by the tests that guard addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

NOBODYS_ID = "01900000-0000-7000-8000-00000000dead"
_SAMPLES = {"uuid": NOBODYS_ID, "int": "1", "slug": "x", "str": "x", "path": "x"}
_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """One leaf of the URLconf: its route as it is written, a path that leads there, and its view."""

    route: str
    view: Any

    @property
    def path(self) -> str:
        return "/" + _PARAMETER.sub(lambda found: _SAMPLES.get(found[1] or "str", "x"), self.route)

    @property
    def api(self) -> bool:
        return self.route.startswith("api/")


def addresses() -> list[Address]:
    return sorted(set(_walk(get_resolver(), "")), key=lambda address: address.route)


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        text = str(pattern.pattern)
        part = text if isinstance(pattern.pattern, RoutePattern) else simplify_regex(text).lstrip("/")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, prefix + part)
        elif isinstance(pattern, URLPattern):
            yield Address(prefix + part, pattern.callback)

"""What the page frame shows. Apps register their parts in ``AppConfig.ready()``; the frame knows none of them.

A part is a function of the request and is called once a page, so it must stay cheap (one query at most).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """One line of the sidebar. ``mobile`` puts it into the bottom bar of a phone; ``count`` may answer a badge."""

    key: str
    label: Text
    icon: str
    route: str
    order: int
    mobile: bool = False
    count: Callable[[HttpRequest], int] | None = None

    @property
    def url(self) -> str:
        return reverse(self.route)


@dataclass(frozen=True, kw_only=True)
class PaletteEntry:
    """One line of the command palette."""

    label: Text
    url: str
    icon: str
    group: Text
    hint: Text = ""


@dataclass(frozen=True, kw_only=True)
class HomePanel:
    """One block of the home page: a template and the function that gives its context."""

    key: str
    template: str
    order: int
    context: Callable[[HttpRequest], dict[str, Any]]
    aside: bool = False


@dataclass
class Registry:
    navigation: dict[str, NavItem] = field(default_factory=dict)
    palette: list[Callable[[HttpRequest, str], Sequence[PaletteEntry]]] = field(default_factory=list)
    panels: dict[str, HomePanel] = field(default_factory=dict)
    badges: dict[str, Callable[[Any], int]] = field(default_factory=dict)
    settings: dict[str, NavItem] = field(default_factory=dict)
    balance: Callable[[HttpRequest], Any] | None = None
    workspaces: Callable[[HttpRequest], Any] | None = None

    def add_navigation(self, item: NavItem) -> None:
        self.navigation[item.key] = item

    def add_badge(self, name: str, count: Callable[[Any], int]) -> None:
        """A number that open pages keep true: ``count`` of the actor. A navigation item of this ``key`` shows it too."""
        self.badges[name] = count

    def add_settings(self, item: NavItem) -> None:
        """A tab of the person's settings pages."""
        self.settings[item.key] = item

    def add_palette(self, source: Callable[[HttpRequest, str], Sequence[PaletteEntry]]) -> None:
        if source not in self.palette:
            self.palette.append(source)

    def add_panel(self, panel: HomePanel) -> None:
        self.panels[panel.key] = panel


registry = Registry()


def palette_entries(request: HttpRequest, query: str) -> list[PaletteEntry]:
    """Everything the palette offers for ``query`` (empty: the fixed destinations and actions)."""
    return [entry for source in registry.palette for entry in source(request, query)]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar's lines with their badge and whether the page belongs to them."""
    lines = []
    for item in sorted(registry.navigation.values(), key=lambda item: item.order):
        url = item.url
        active = request.path == url or (url != "/" and request.path.startswith(url))
        lines.append(
            {"key": item.key, "label": item.label, "icon": item.icon, "url": url, "active": active, "mobile": item.mobile,
             "count": item.count(request) if item.count else 0}
        )  # fmt: skip
    return lines


def badges(actor: Any) -> dict[str, int]:
    """Every badge of ``actor`` by its name."""
    return {name: count(actor) for name, count in registry.badges.items()}

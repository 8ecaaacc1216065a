"""What every page's frame needs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from community.access import page_actor
from config.lib import shell as kernel
from config.lib.shell import NavItem, PaletteEntry, registry

THEMES = ("light", "dark", "system")


@dataclass(frozen=True)
class Shell:
    """Computed on first use: fragments and sign-in pages pay for none of it."""

    request: HttpRequest

    @cached_property
    def navigation(self) -> list[dict[str, Any]]:
        return kernel.navigation(self.request)

    @cached_property
    def mobile(self) -> list[dict[str, Any]]:
        """Up to four lines for the bottom bar; its fifth place is the menu."""
        return [item for item in self.navigation if item["mobile"]][:4]

    @property
    def settings(self) -> list[NavItem]:
        """The tabs of the person's settings pages, which say themselves which of them is open."""
        return sorted(registry.settings.values(), key=lambda item: item.order)

    @cached_property
    def palette(self) -> list[PaletteEntry]:
        return sorted(kernel.palette_entries(self.request, ""), key=lambda entry: str(entry.group))

    @cached_property
    def _switcher(self) -> dict[str, Any]:
        found = registry.workspaces(self.request) if registry.workspaces else None
        return found or {"all": [], "current": None}

    @property
    def workspaces(self) -> list[dict[str, Any]]:
        return list(self._switcher["all"])

    @property
    def workspace(self) -> dict[str, Any] | None:
        current: dict[str, Any] | None = self._switcher["current"]
        return current

    @cached_property
    def balance(self) -> Any:
        return registry.balance(self.request) if registry.balance else None

    @cached_property
    def unread(self) -> int:
        """The number at the bell."""
        count = registry.badges.get("notifications")
        return count(page_actor(self.request)) if count else 0

    @property
    def languages(self) -> list[dict[str, Any]]:
        """What the switch offers; each language says its own name."""
        now = get_language()
        return [{"code": code, "name": name, "current": code == now} for code, name in settings.LANGUAGES]

    @property
    def theme(self) -> str:
        """light, dark or system: what the person chose, kept in a cookie so that the first paint is right."""
        chosen = self.request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else "system"


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}

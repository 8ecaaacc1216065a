"""What a sign-in came from, for people to recognise it: pure readings of what browsers and proxies say."""

from dataclasses import dataclass
from ipaddress import ip_address

from django.utils.translation import gettext as _

# In this order: most browsers name several.
_PROGRAMS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl"), ("python-requests", "Python"),
    ("python-httpx", "Python"), ("aiohttp", "Python"), ("axios", "JavaScript"), ("node", "JavaScript"), ("Go-http", "Go"),
    ("okhttp", "Java"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
_PHONES = ("iPhone", "Android")


@dataclass(frozen=True)
class Device:
    words: str
    icon: str


def describe(user_agent: str) -> Device:
    """``Firefox on Linux``, as far as the ``User-Agent`` header lets it be told."""
    program = next((name for mark, name in _PROGRAMS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    icon = "smartphone" if system in _PHONES else "monitor" if system else "terminal"
    if program and system:
        return Device(_("%(program)s on %(system)s") % {"program": program, "system": system}, icon)
    return Device(program or system or _("Unknown device"), icon)


def address(text: str | None) -> str | None:
    """``text`` where it is an IP address: behind proxies it comes from a header."""
    try:
        return str(ip_address(text)) if text else None
    except ValueError:
        return None

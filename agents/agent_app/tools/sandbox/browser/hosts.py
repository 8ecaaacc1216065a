"""Where a browser may go: a list of hosts, each with a port if it is not one of the web's own, and with a path where not all of it is
meant. Pure.

The proxy lets nothing through to another host. Paths it cannot see (TLS): they are kept by the browser, for the pages that it opens.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from yarl import URL

PORTS = {"http": 80, "https": 443}
_ENTRY = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<below>\*\.)?(?P<host>[^\s/@?#*:\[\]]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^\s?#*]{0,200})?(?:(?<=/)\*)?"
)


@dataclass(frozen=True)
class _Place:
    """One entry. ``path`` has no slash at its end; empty: all of the host."""

    below: bool
    name: str
    ports: frozenset[int]
    path: str

    def is_at(self, host: str, port: int) -> bool:
        if not host or port not in self.ports:
            return False
        return host.endswith(f".{self.name}") if self.below else host == self.name

    def has(self, path: str) -> bool:
        said = _plain(path)
        return all(each == self.path or each.startswith(f"{self.path}/") for each in (said, posixpath.normpath(said)))


def problem(entry: str) -> bool:
    """Whether ``entry`` names no host: a pattern, a whole top-level domain, an address with a query."""
    return _read(entry) is None


def names(host: str) -> str:
    """A host as it is compared: small letters, digits and hyphens."""
    try:
        return (URL.build(scheme="http", host=host.strip("[]").rstrip(".")).raw_host or "").lower()
    except ValueError:
        return ""


def allows(entries: Iterable[str], host: str, port: int) -> bool:
    """Whether one of ``entries`` means this host. ``*.example.com`` is all below example.com, and not itself."""
    wanted = names(host)
    return any(place.is_at(wanted, port) for place in filter(None, map(_read, entries)))


def covers(entries: Iterable[str], url: str) -> bool:
    """Whether one of ``entries`` means the page at ``url``: its host, and its path where the entry has one."""
    try:
        parts = urlsplit(url)
        host, port = names(parts.hostname or ""), parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return False
    return any(
        place.is_at(host, port) and (not place.path or place.has(parts.path))
        for place in filter(None, map(_read, entries))
    )


def has_paths(entries: Iterable[str]) -> bool:
    return any(place.path for place in filter(None, map(_read, entries)))


def _read(entry: str) -> _Place | None:
    found = _ENTRY.fullmatch(entry)
    name = names(found["host"]) if found else ""
    if found is None or not name or (found["below"] and "." not in name):  # all of a top-level domain is no list
        return None
    port = int(found["port"]) if found["port"] else PORTS.get(found["scheme"] or "")
    if port is not None and not 0 < port < 65536:
        return None
    path = posixpath.normpath(_plain(found["path"] or "/"))
    ports = frozenset(PORTS.values() if port is None else (port,))
    return _Place(bool(found["below"]), name, ports, "" if path == "/" else path)


def _plain(path: str) -> str:
    """A path as the most generous server would read it."""
    for _time in range(3):
        path = unquote(path)
    return "/" + path.replace("\\", "/").lstrip("/")

"""Which hosts a browser may visit: a list of names, each with a port if it is not one of the web's own. Pure."""

import re
from collections.abc import Iterable

from yarl import URL

PORTS = (80, 443)
_ENTRY = re.compile(
    r"(?P<below>\*\.)?(?P<host>[^\s/@?#*:\[\]]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
)


def problem(entry: str) -> bool:
    """Whether ``entry`` names no host: an address, a path, a pattern."""
    return _read(entry) is None


def names(host: str) -> str:
    """A host as it is compared: small letters, digits and hyphens."""
    try:
        return (URL.build(scheme="http", host=host.strip("[]").rstrip(".")).raw_host or "").lower()
    except ValueError:
        return ""


def allows(entries: Iterable[str], host: str, port: int) -> bool:
    """Whether one of ``entries`` means this place. ``*.example.com`` is all below example.com, and not itself."""
    wanted = names(host)
    for below, name, own_port in filter(None, map(_read, entries)):
        if port not in (PORTS if own_port is None else (own_port,)):
            continue
        if wanted.endswith(f".{name}") if below else wanted == name:
            return bool(wanted)
    return False


def _read(entry: str) -> tuple[bool, str, int | None] | None:
    found = _ENTRY.fullmatch(entry)
    name = names(found["host"]) if found else ""
    if found is None or not name or (found["below"] and "." not in name):  # all of a top-level domain is no list
        return None
    port = int(found["port"]) if found["port"] else None
    return None if port is not None and not 0 < port < 65536 else (bool(found["below"]), name, port)

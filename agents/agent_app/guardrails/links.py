"""``url``: only addresses of the hosts that are named."""

import re
from collections.abc import Collection
from typing import ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.guardrails.personal import ascii_digits
from agent_app.guardrails.registry import Config, Problems, PureKind
from agent_app.guardrails.verdict import PASSED, Match, Verdict
from agent_app.json_schemas import Schema

# With a scheme, with none (//host), or as people write them (www.host, host.tld/path).
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,20}:[/\\]{2}|(?<![:\w/\\])[/\\]{2}|(?<![\w@.-])www\.)[^\s<>\"'`|^{}]{1,2000}"
    r"|(?<![\w@.:/\\-])(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}/[^\s<>\"'`|^{}]{0,2000}"
    r"|(?<!\w)(?:javascript|data|vbscript):[^\s<>\"'`]{1,2000}",
    re.IGNORECASE,
)
_HOST = re.compile(r"^(?:\*\.)?(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){0,8}[^\W_](?:[\w-]{0,61}[^\W_])?$")
_TRAILING = ".,;:!?)]}…"


class Links(PureKind):
    name = "url"
    label = gettext_lazy("Links")
    summary = gettext_lazy("Lets only links to your hosts pass.")
    icon = "link"
    finds = True
    properties: ClassVar[Schema] = {
        "allow": {
            "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 253}, "maxItems": 500,
            "title": gettext_lazy("Hosts that are allowed, with all below them, one a line"),
        },
        "deny": {
            "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 253}, "maxItems": 500,
            "title": gettext_lazy("Hosts that are not allowed, one a line"),
        },
        "schemes": {
            "type": "array", "items": {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*$"}, "minItems": 1, "maxItems": 10,
            "title": gettext_lazy("Schemes; http and https where none is named"),
        },
    }  # fmt: skip

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        wrong = {
            name: [
                _("“%(host)s” is not a host's name.") % {"host": host}
                for host in config.get(name) or []
                if not _HOST.match(host.strip().rstrip("."))
            ]
            for name in ("allow", "deny")
        }
        return {name: texts for name, texts in wrong.items() if texts}

    def check(self, text: str, config: Config) -> Verdict:
        schemes = set(config.get("schemes") or ("http", "https"))
        allow, deny = (host_names(config.get(name) or []) for name in ("allow", "deny"))
        only = "allow" in config or not deny  # no list at all: no link at all
        found = [
            Match(start, end, "link")
            for start, end, address in links_in(text)
            if not passes(address, schemes, allow if only else None, deny)
        ]
        if not found:
            return PASSED
        return Verdict(
            tripped=True, matches=tuple(found), message=_("The text has a link in it that is not allowed here.")
        )


def links_in(text: str) -> list[tuple[int, int, str]]:
    """Every link with its place."""
    plain = ascii_digits(text)
    found = []
    for match in _LINK.finditer(plain):
        address = match[0].rstrip(_TRAILING)
        found.append((match.start(), match.start() + len(address), address))
    return found


def passes(address: str, schemes: Collection[str], allow: Collection[str] | None, deny: Collection[str]) -> bool:
    scheme, host = parts_of(address)
    if not host or scheme not in schemes or _among(host, deny):
        return False
    return allow is None or _among(host, allow)


def parts_of(address: str) -> tuple[str, str]:
    """Scheme and host as a browser understands them: it reads ``\\`` as ``/``, and what stands before ``@`` is no host."""
    text = address.replace("\\", "/")
    if text.startswith("//"):
        text = f"https:{text}"
    elif "://" not in text and not re.match(r"(?i)(?:javascript|data|vbscript):", text):
        text = f"https://{text}"
    try:
        split = urlsplit(text)
        host = split.hostname or ""
    except ValueError:
        return "", ""
    return split.scheme.lower(), _name(host)


def host_names(hosts: Collection[str]) -> set[str]:
    return {_name(host.strip().removeprefix("*.")) for host in hosts}


def _name(host: str) -> str:
    """A host's name in one form: small letters, Punycode, no dot at the end."""
    host = host.lower().rstrip(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _among(host: str, names: Collection[str]) -> bool:
    return host in names or any(host.endswith(f".{name}") for name in names)

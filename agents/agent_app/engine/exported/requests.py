"""Tools that are requests: an address of yours, or an operation of an API that describes itself."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from email.message import Message
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request

from agents import FunctionTool

from agent_app.engine.exported.auth import Auth, Identity, nobody
from agent_app.engine.exported.templates import TEMPLATES, filled, filled_in
from agent_app.engine.exported.tools import tool
from agent_app.engine.exported.values import values
from agent_app.engine.exported.web import address, ask

Pairs = list[tuple[str, str]]


def http_tool(
    name: str,
    description: str,
    parameters: dict[str, Any],
    method: str,
    url: str,
    *,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
    body: Any = None,
    body_type: str = "json",
    named: Collection[str] | None = None,
    auth: Auth = nobody,
    response_path: Iterable[str | int] = (),
    timeout: float = 60,
) -> FunctionTool:
    """A request that templates make of the arguments. Where ``named`` is said, arguments of other names are sent as well: in
    the body where the method has one, else in the query."""
    writes = method in ("POST", "PUT", "PATCH")

    def work(given: dict[str, Any]) -> Any:
        declared = parameters.get("properties", {})
        own = {key: value for key, value in given.items() if key in declared}
        known = {**given, **values(), **own, "arguments": given}
        rest = {} if named is None else {key: value for key, value in given.items() if key not in named}
        pairs = flat({**({} if writes else rest), **filled_in(query or {}, known)})
        said = dict(flat(filled_in(headers or {}, known)))
        content = filled_body(body, known) if body is not None else rest if writes and rest else None
        data = b""
        if content is not None and method not in ("GET", "HEAD", "OPTIONS"):
            data, kind = encoded(content, body_type)
            said = {"Content-Type": kind, **said}
        return send(method, filled_url(url, known), pairs, said, data, auth(), response_path, timeout)

    return tool(name, description, parameters, work)


def operation(
    name: str,
    description: str,
    parameters: dict[str, Any],
    method: str,
    url: str,
    places: Iterable[Mapping[str, Any]],
    *,
    body: tuple[str, str] | None = None,
    auth: Auth = nobody,
    timeout: float = 60,
) -> FunctionTool:
    """An operation of an OpenAPI description: ``places`` say where its parameters go, ``body`` which of them is the body, and
    of what kind."""

    def work(given: dict[str, Any]) -> Any:
        where, pairs, said = url, Pairs(), {"Accept": "application/json"}
        for place in places:
            if (value := given.get(place["key"])) is None:
                continue
            if place["in"] == "path":
                where = where.replace(f"{{{place['name']}}}", quote(not_up(joined(value)), safe=","))
            elif place["in"] == "query":
                pairs += in_query(place, value)
            else:
                said[place["name"]] = joined(value)
        data = b""
        if body is not None and (value := given.get(body[0])) is not None:
            form = {"application/x-www-form-urlencoded": "form", "text/plain": "text"}.get(body[1], "json")
            data = encoded(value, form)[0] if form != "json" else json.dumps(value).encode()
            said["Content-Type"] = body[1]
        return send(method, where, pairs, said, data, auth(), (), timeout)

    return tool(name, description, parameters, work)


def send(
    method: str,
    url: str,
    pairs: Pairs,
    headers: Mapping[str, str],
    body: bytes,
    identity: Identity,
    path: Iterable[str | int],
    timeout: float,
) -> Any:
    """What the server answers, without the secrets that it was sent. Asked once: Troupe would ask again where that is safe."""
    own = {name.lower() for name in identity.headers}
    kept = {name: value for name, value in headers.items() if name.lower() not in own}
    where = address(url, [*pairs, *identity.query.items()])
    request = Request(where, body or None, {**kept, **identity.headers}, method=method)  # noqa: S310
    try:
        value = read(*ask(request, timeout))
        for step in path:
            value = value[step]
    except (LookupError, TypeError) as error:
        raise ValueError(f"The answer has no {error}.") from error
    except ValueError as error:
        raise ValueError(identity.hidden_in(str(error))) from error
    return identity.hidden_in(value)


def read(status: int, headers: Message, body: bytes) -> Any:
    """JSON as its value, text as it is."""
    kind = headers.get_content_type()
    try:
        text = body.decode(str(headers.get_content_charset() or "utf-8"))
    except (LookupError, UnicodeError):
        text = body.decode(errors="replace")
    if status >= 300:  # also where a redirect leads nowhere that could be asked
        raise ValueError(f"The server answered {status}: {text[:600].strip()}")
    if not kind.startswith("text/"):
        with suppress(ValueError):
            return json.loads(text)
        if "\0" in text or "\N{REPLACEMENT CHARACTER}" in text:
            return {"content_type": kind, "bytes": len(body), "note": "This is not text, so it is not shown."}
    return text


def filled_url(template: str, known: Mapping[str, Any]) -> str:
    """No argument can begin another part of the address, unless the model may say the whole of it."""
    if re.fullmatch(r"\{\{[^{}]*\}\}", template.strip()):
        return TEMPLATES.from_string(template).render(known)
    url = TEMPLATES.from_string(template).render(escaped(known))
    for part in urlsplit(url).path.split("/"):
        not_up(part.lower().replace("%2e", "."))
    return url


def not_up(part: str) -> str:
    if part in (".", ".."):
        raise ValueError("A part of the address must not be “.” or “..”.")
    return part


def escaped(value: Any) -> Any:
    if isinstance(value, str):
        return quote(value, safe="")
    if isinstance(value, dict):
        return {name: escaped(part) for name, part in value.items()}
    return [escaped(part) for part in value] if isinstance(value, list) else value


def filled_body(template: Any, known: Mapping[str, Any]) -> Any:
    """JSON with its texts filled in; a member whose value is not there is left out."""
    if isinstance(template, dict):
        texts = filled_in({name: part for name, part in template.items() if isinstance(part, str)}, known)
        parts = {name: filled_body(part, known) for name, part in template.items() if not isinstance(part, str)}
        return {name: {**texts, **parts}[name] for name in template if name in texts or name in parts}
    if isinstance(template, list):
        return [filled_body(part, known) for part in template]
    return filled(template, known)


def encoded(value: Any, kind: str) -> tuple[bytes, str]:
    """A body, and what it is."""
    if kind == "form":
        text = urlencode(flat(value)) if isinstance(value, dict) else as_text(value)
        return text.encode(), "application/x-www-form-urlencoded"
    if kind == "json" and not isinstance(value, str):
        return json.dumps(value).encode(), "application/json"
    text = as_text(value)
    with suppress(ValueError):
        if kind == "json":
            json.loads(text)
            return text.encode(), "application/json"
    return text.encode(), "text/plain; charset=utf-8"


def in_query(place: Mapping[str, Any], value: Any) -> Pairs:
    """A parameter as the description wants it written."""
    name, exploded = place["name"], place["explode"]
    if isinstance(value, dict) and (exploded or place["style"] == "deepObject"):
        deep = place["style"] == "deepObject"
        return [(f"{name}[{key}]" if deep else key, as_text(part)) for key, part in value.items()]
    if isinstance(value, list):
        between = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(place["style"], ",")
        return flat({name: value}) if exploded else [(name, between.join(map(as_text, value)))]
    return [(name, joined(value))]


def flat(given: Mapping[str, Any]) -> Pairs:
    """Values as pairs of text: a list is repeated, what is None left out."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    return [(name, as_text(each)) for name, parts in lists.items() for each in parts if each is not None]


def joined(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key},{as_text(part)}" for key, part in value.items())
    return ",".join(map(as_text, value)) if isinstance(value, list) else as_text(value)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

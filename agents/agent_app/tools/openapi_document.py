"""An OpenAPI description as a document: read from bytes, within limits, and looked into by its references. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml
from django.utils.translation import gettext as _

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 200_000


class SpecRefused(Exception):
    """The description cannot be used, in words."""


def parse(data: bytes) -> dict[str, Any]:
    """The description as JSON. Raises SpecRefused."""
    if len(data) > MAX_BYTES:
        raise SpecRefused(_("The description is larger than %(most)d MB.") % {"most": MAX_BYTES // 2**20})
    text = data.decode("utf-8-sig", errors="replace").replace("\0", "")
    try:
        spec = json.loads(text) if text.lstrip()[:1] == "{" else _yaml(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise SpecRefused(_("This is neither JSON nor YAML.")) from error
    if not isinstance(spec, dict):
        raise SpecRefused(_("This is no OpenAPI description."))
    _measure(spec)
    version = str(spec.get("openapi") or "")
    if not re.match(r"3\.[01](\.|$)", version):
        said = version or (f"Swagger {spec['swagger']}" if "swagger" in spec else _("no version"))
        raise SpecRefused(_("OpenAPI 3.0 and 3.1 are understood; this says: %(version)s.") % {"version": said[:40]})
    return spec


class _Loader(yaml.CSafeLoader):
    """Dates stay text, as in JSON."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def _yaml(text: str) -> Any:
    """Aliases are refused (a page of them can mean a billion nodes), and depth before anything is built of it."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.AliasEvent):
            raise SpecRefused(_("The YAML uses aliases (*name). Write it out, or send JSON."))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or count > MAX_NODES * 2:
            raise SpecRefused(_("The description is nested too deeply, or too long."))
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader


def _measure(spec: Any) -> None:
    waiting, nodes = [(spec, 0)], 0
    while waiting:
        part, depth = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise SpecRefused(_("The description is nested too deeply, or too long."))
        if isinstance(part, dict):
            if not all(isinstance(name, str | int) for name in part):
                raise SpecRefused(_("This is no OpenAPI description."))
            waiting += [(each, depth + 1) for each in part.values()]
        elif isinstance(part, list):
            waiting += [(each, depth + 1) for each in part]


def target(spec: Mapping[str, Any], given: Any) -> dict[str, Any]:
    """What stands there, or where it refers to."""
    for _hop in range(8):
        if not isinstance(given, dict) or not isinstance(given.get("$ref"), str):
            return as_dict(given)
        given = look_up(spec, given["$ref"])
    raise SpecRefused(_("A reference leads only to itself."))


def look_up(spec: Mapping[str, Any], ref: str) -> Any:
    if not ref.startswith("#/"):
        raise SpecRefused(_("It refers to another document (%(ref)s), which is not fetched.") % {"ref": ref[:100]})
    part: Any = spec
    for step in ref[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
        if not isinstance(part, dict) or name not in part:
            raise SpecRefused(_("The reference %(ref)s leads nowhere.") % {"ref": ref[:100]})
        part = part[name]
    return part


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

"""Tools whose functions are described elsewhere: an imported API, an MCP server.

What they offered is kept when the tool is saved, and the model sees nothing else: a server that changes its descriptions
or schemas afterwards changes nothing here until a person has seen the difference and confirmed it.
"""

import hashlib
import re
import unicodedata
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.core import signing
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from agent_app import json_schemas
from agent_app.tools.registry import Function, Params, Permission, ToolDefinition, ToolFailed, ToolType
from config.lib.errors import Conflict, InvalidInput, Refused

MOST_FUNCTIONS = 100
_SIGNER = signing.Signer(salt="tools.confirmed")
_MOST_BYTES = 256 * 1024
# What is written here and not by clients.
WRITTEN_HERE: dict[str, Any] = {
    "functions": {"type": "array", "readOnly": True},
    **{name: {"type": "string", "readOnly": True} for name in ("base", "title", "digest", "confirmed")},
}


@dataclass(frozen=True, kw_only=True)
class Offered:
    """One function as its server describes it. ``problem``: why it cannot be used. ``more`` is for the type's own call."""

    key: str
    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    changes_state: bool = True
    idempotent: bool = False
    problem: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        return {
            "key": self.key, "name": self.name, "description": self.description, "parameters": self.parameters,
            "changes_state": self.changes_state, "idempotent": self.idempotent, "more": self.more,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a server, or a description of one, offers. ``server`` is where calls, and secrets, go."""

    title: str
    server: str
    functions: list[Offered]


@dataclass(frozen=True, kw_only=True)
class Change:
    """How one function differs from what is kept: added, removed, or which parts of it changed. ``before`` and ``after`` are
    what it says of itself."""

    key: str
    kind: str
    parts: tuple[str, ...] = ()
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


class RemoteType(ToolType):
    """A type of tool with a list of functions that comes from elsewhere."""

    chosen_in: str
    """Which of the params names the functions that are wanted; left out: all."""

    @abstractmethod
    def look(self, workspace_id: UUID, params: Params, old: ToolDefinition | None) -> Offer:
        """Ask for what is offered now. Raises AppError with the reason where that cannot be told."""

    @abstractmethod
    def source(self, params: Mapping[str, Any]) -> Any:
        """Where the offer comes from: another source is asked again."""

    def prepare(self, *, workspace_id: UUID, params: Params, old: ToolDefinition | None = None) -> Params:
        if is_sealed(params):
            return params
        given = {name: value for name, value in params.items() if name not in WRITTEN_HERE}
        if problems := json_schemas.errors_in(self.params_schema, given):
            raise InvalidInput(_("Some fields need another look."), errors={"params": problems})
        if old is not None and old.params.get("functions") and self._same(given, old.params):
            return confirmed({**given, **{name: old.params[name] for name in WRITTEN_HERE if name in old.params}})
        return confirmed(self.accepted(given, self.look(workspace_id, given, old)))

    def sealed(self, params: Params) -> Params:
        return confirmed(params)

    def settled(self, params: Params, old: ToolDefinition | None = None) -> Params:
        plain = _without_mark(params)
        if is_sealed(params) or (old is not None and old.params == plain):
            return plain
        raise Conflict(_("Somebody else has changed this tool meanwhile. Save it once more."), code="not_prepared")

    def _same(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
        return (self.source(new), new.get(self.chosen_in)) == (self.source(old), old.get(self.chosen_in))

    def accepted(self, params: Params, offer: Offer) -> Params:
        """``params`` with what is chosen of ``offer``. Raises InvalidInput where it cannot be."""
        chosen = self._chosen(params, offer)
        functions = [each.kept() for each in chosen]
        if len(orjson.dumps(functions)) > _MOST_BYTES:
            raise InvalidInput(errors={"params": [_("What these functions say is too long together. Choose fewer.")]})
        return {
            **params, "functions": functions, "base": offer.server, "title": offer.title, "digest": digest(functions),
        }  # fmt: skip

    def _chosen(self, params: Params, offer: Offer) -> list[Offered]:
        wanted = params.get(self.chosen_in)
        usable = {each.key: each for each in offer.functions if not each.problem}
        if not wanted:
            found = list(usable.values())
        else:
            refused = {each.key: each.problem for each in offer.functions if each.problem}
            errors = [
                f"{key}: {refused[key]}" if key in refused else _("There is no “%(name)s” there.") % {"name": key}
                for key in wanted
                if key not in usable
            ]
            if errors:
                raise InvalidInput(errors={"params": errors[:20]})
            found = [usable[key] for key in dict.fromkeys(wanted)]
        if not found:
            raise InvalidInput(errors={"params": [_("There is nothing there that can be used.")]})
        if len(found) > MOST_FUNCTIONS:
            text = _("There are %(there)d functions; choose at most %(most)d of them.")
            raise InvalidInput(errors={"params": [text % {"there": len(found), "most": MOST_FUNCTIONS}]})
        return found

    def functions(self, tool: ToolDefinition) -> list[Function]:
        return [
            Function(
                key=each["key"], name=each["name"], description=each["description"], parameters=each["parameters"],
                permissions=self.permissions_of(changes_state=each["changes_state"]), idempotent=each["idempotent"],
            )
            for each in tool.params.get("functions") or ()
        ]  # fmt: skip

    def permissions_of(self, *, changes_state: bool) -> frozenset[Permission]:
        reading = frozenset({Permission.READS_UNTRUSTED, Permission.SENDS_OUT})
        return reading | {Permission.CHANGES_STATE} if changes_state else reading

    def kept(self, tool: ToolDefinition, function: Function) -> dict[str, Any]:
        """What is kept of a function. Raises ToolFailed where it is not one of the tool's any more."""
        for each in tool.params.get("functions") or ():
            if each["key"] == function.key:
                found: dict[str, Any] = each
                return found
        raise ToolFailed("This function is not part of the tool any more.", code="unknown_function")

    # Looking again

    def look_again(self, workspace_id: UUID, tool: ToolDefinition) -> tuple[Params, list[Change]]:
        """The params as they would be now, and how they differ. What was chosen and is gone is a removal, not an error."""
        given = {name: value for name, value in tool.params.items() if name not in WRITTEN_HERE}
        offer = self.look(workspace_id, given, tool)
        usable = {each.key for each in offer.functions if not each.problem}
        if wanted := given.get(self.chosen_in):
            still = [key for key in wanted if key in usable]
            if not still:
                raise Refused(_("Nothing of what was chosen is offered any more."), code="nothing_offered")
            given[self.chosen_in] = still
        params = self.accepted(given, offer)
        return params, changes(tool.params, params)


def confirmed(params: Params) -> Params:
    """``params`` that are saved as they are: they were asked for just now, or a person has seen them. Clients cannot make them."""
    plain = _without_mark(params)
    return {**plain, "confirmed": _SIGNER.signature(_text(plain))}


def is_sealed(params: Mapping[str, Any]) -> bool:
    mark = params.get("confirmed")
    return isinstance(mark, str) and constant_time_compare(mark, _SIGNER.signature(_text(_without_mark(params))))


def _without_mark(params: Mapping[str, Any]) -> Params:
    return {name: value for name, value in params.items() if name != "confirmed"}


def _text(params: Mapping[str, Any]) -> str:
    return orjson.dumps(params, option=orjson.OPT_SORT_KEYS).decode()


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """What a person has to see before they confirm."""
    before = {each["key"]: each for each in old.get("functions") or ()}
    after = {each["key"]: each for each in new.get("functions") or ()}
    found = []
    if old.get("base") != new.get("base"):
        found.append(Change(key="", kind="server", parts=(str(old.get("base")), str(new.get("base")))))
    found += [Change(key=key, kind="removed", before=_said(each)) for key, each in before.items() if key not in after]
    found += [Change(key=key, kind="added", after=_said(each)) for key, each in after.items() if key not in before]
    for key, old_one in before.items():
        new_one = after.get(key) or {}
        if parts := tuple(name for name in new_one if new_one[name] != old_one.get(name)):
            found.append(Change(key=key, kind="changed", parts=parts, before=_said(old_one), after=_said(new_one)))
    return found


def _said(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a person reads before they confirm it: all that is kept of a function, but for its key."""
    more = kept.get("more") or {}
    return {name: value for name, value in kept.items() if name not in ("key", "more")} | more


def digest(functions: list[dict[str, Any]]) -> str:
    """Names what a person has seen, so that they confirm that and nothing else."""
    return hashlib.sha256(orjson.dumps(functions, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def clean(text: Any, most: int) -> str:
    """A description as people can see it: without characters that show nothing but are read by a model."""
    kept = (c for c in str(text or "") if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cn", "Cs"))
    return "".join(kept).strip()[:most]


def function_name(key: str, taken: set[str]) -> str:
    """A name that every provider takes, of its own among ``taken``; it is added there."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", key).strip("_")[:60] or "function"
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}_{number}", number + 1
    taken.add(found)
    return found

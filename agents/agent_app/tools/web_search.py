"""Tool type ``web_search``: asks the search services that the workspace has, the best for the wish first, and reads what is found."""

import asyncio
import hashlib
import importlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache as once
from typing import Any
from uuid import UUID

import orjson
from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import hosted, keys, provider_types
from agent_app.keys import ChosenKey
from agent_app.models import KeyPurpose, ProviderKey
from agent_app.tools import egress, http_params, search_wire
from agent_app.tools.egress import Outgoing
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Permission,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
    ToolType,
)
from agent_app.tools.search_wire import LAST, SERVICES, Hit, Service, Wish
from community.registry import limit
from config.lib import redis
from config.lib.db import in_db
from config.lib.secrets import DecryptionError

KEPT_FOR = 15 * 60
PER_DAY = 1000  # searches of a workspace
_DAY = 86_400
_SEARCH_TIME = 15.0
_PAGE_TIME = 10.0
_MOST_PAGE = 1024 * 1024
_MOST_MARKUP = 150_000  # characters of a page that its text is looked for in
_UNREAD = tuple(
    (re.compile(rf"<{name}(?![\w-])", re.IGNORECASE), re.compile(rf"</{name}\s{{0,9}}>", re.IGNORECASE))
    for name in ("script", "style", "svg", "template")
)
_MOST_TEXT = 4000  # characters of a page that are given on
_DOMAIN = {"type": "string", "pattern": r"^(\*\.)?[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.?$", "maxLength": 253}


class WebSearchTool(ToolType):
    name = "web_search"
    label = gettext_lazy("Web search")
    summary = gettext_lazy("Finds pages on the web and reads them.")
    icon = "search"
    params_schema = {
        "type": "object",
        "properties": {
            "max_search_results": {"type": "integer", "minimum": 1, "maximum": search_wire.MOST_RESULTS, "default": 5},
            "domains": {"type": "array", "items": _DOMAIN, "maxItems": 20, "description": "Only results from these."},
            "blocked_domains": {"type": "array", "items": _DOMAIN, "maxItems": 20, "description": "No results from these."},
            "time_range": {"enum": list(search_wire.TIME_RANGES)},
            "content_type": {"enum": list(search_wire.CONTENT)},
            "safe_search": {"enum": list(search_wire.SAFE)},
            "region": {"type": "string", "pattern": "^[A-Za-z]{2}$", "description": "A country's two letters."},
            "provider": {"enum": list(SERVICES), "description": "The one to ask first. Left out: by key, cost and wish."},
            "searxng_url": {"type": "string", "maxLength": 500, "description": "A SearXNG of your own."},
            "hosted": hosted.SETTING,
            "fetch": {"type": "boolean", "default": True, "description": "Whether the pages that are found are read too."},
        },
        "additionalProperties": False,
    }  # fmt: skip
    permissions = frozenset({Permission.READS_UNTRUSTED, Permission.SENDS_OUT})
    rate = "tool/web_search"

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        found = {}
        if params.get("searxng_url"):
            found["searxng_url"] = http_params.address_problems(params["searxng_url"])
        if params.get("provider") == "searxng" and not (params.get("searxng_url") or _base("searxng", params)):
            found["searxng_url"] = [_("Say where your SearXNG is.")]
        return {field: messages for field, messages in found.items() if messages}

    def functions(self, tool: ToolDefinition) -> list[Function]:
        schema = {
            "type": "object",
            "properties": {"query": {"type": "string", "minLength": 1, "maxLength": 400, "description": "What to search for."}},
            "required": ["query"],
            "additionalProperties": False,
        }  # fmt: skip
        description = tool.description or "Searches the web and answers titles, addresses and texts of what it finds."
        return [
            Function(
                name=tool.name, description=description, parameters=schema, permissions=self.permissions, idempotent=True
            )
        ]  # fmt: skip

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        wish = _wish(tool.params, str(arguments["query"]))
        place = _place(context.workspace_id, wish, tool.params)
        if (found := await asyncio.to_thread(cache.get, place)) is not None:
            return ToolResult(value=found["value"], details={**found["details"], "cached": True})
        await asyncio.to_thread(_count, context.workspace_id)
        context.outbound.spend()
        candidates = await in_db(_candidates, context.workspace_id, context.actor_id, tool.params, wish)
        service, hits, tried = await _searched(wish, candidates)
        hits = [hit for hit in hits if search_wire.fits(hit, wish)][: wish.count]
        texts = await asyncio.gather(*map(_read, hits)) if tool.params.get("fetch", True) else [""] * len(hits)
        value = {"query": wish.query, "results": [_shown(hit, text) for hit, text in zip(hits, texts, strict=True)]}
        details = {"provider": service, "tried": tried, "cached": False}
        await asyncio.to_thread(cache.set, place, {"value": value, "details": details}, KEPT_FOR)
        return ToolResult(value=value, details=details)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A service that can be asked, with its address and key."""

    service: Service
    base: str
    key: str = ""
    row: ProviderKey | None = None


def _wish(params: Params, query: str) -> Wish:
    return Wish(
        query=query, count=int(params.get("max_search_results") or 5), domains=tuple(params.get("domains") or ()),
        blocked_domains=tuple(params.get("blocked_domains") or ()), time_range=params.get("time_range") or "",
        content_type=params.get("content_type") or "", safe_search=params.get("safe_search") or "",
        region=params.get("region") or "",
    )  # fmt: skip


def _candidates(workspace_id: UUID, actor_id: UUID, params: Params, wish: Wish) -> list[Candidate]:
    """Whom to ask, in order: who was chosen, then by what of the wish is missing, then by cost; whoever needs no key last."""
    rows = ProviderKey.objects.in_workspace(workspace_id).filter(purpose=KeyPurpose.SEARCH, enabled=True)
    found = []
    for row in rows.seen_by(actor_id).order_by("scope", "position", "id"):
        service = SERVICES.get(row.type)
        with suppress(DecryptionError):
            if service is not None:
                found.append(Candidate(service=service, base=_base(row.type, params), key=row.key, row=row))
    for service in SERVICES.values():
        if not service.needs_key and (base := _base(service.slug, params)):
            found.append(Candidate(service=service, base=base))
    chosen = params.get("provider")
    return sorted(found, key=lambda each: _rank(each.service, wish, chosen))


def _rank(service: Service, wish: Wish, chosen: str | None) -> tuple[bool, bool, int, float]:
    """The smaller is asked first."""
    return (
        service.slug != chosen, service.slug == LAST, len(wish.features - service.features), service.cost,
    )  # fmt: skip


def _base(slug: str, params: Params) -> str:
    if slug == "searxng" and params.get("searxng_url"):
        return str(params["searxng_url"])
    return provider_types.default_base_url(slug)


async def _searched(wish: Wish, candidates: list[Candidate]) -> tuple[str, list[Hit], list[dict[str, str]]]:
    """The first service that answers. Raises ToolFailed with each one's reason where none does."""
    tried: list[dict[str, str]] = []
    for each in candidates:
        try:
            answer = await egress.send(
                each.service.ask(wish, each.base, each.key), budget=None, timeout_s=_SEARCH_TIME, most=_MOST_PAGE
            )
            if answer.status != 200:
                raise ToolFailed(f"It answered {answer.status}.")
            hits = each.service.read(answer)
        except ToolFailed as error:
            tried.append({"provider": each.service.slug, "why": egress.scrub(error.message, {"key": each.key})})
        except (ValueError, KeyError, TypeError):
            tried.append({"provider": each.service.slug, "why": "It answered something that is not a list of results."})
        else:
            if each.row is not None:
                await in_db(keys.used, ChosenKey(source="workspace", type=each.service.slug, row=each.row))
            return each.service.slug, hits, tried
    if not tried:
        raise ToolFailed("There is no search service here. Add a key for one under Models.", code="no_key")
    why = " ".join(f"{each['provider']}: {each['why']}" for each in tried)
    raise ToolFailed(f"No search service answered. {why}", code="search", details={"tried": tried})


async def _read(hit: Hit) -> str:
    """The main text of a page; nothing where it cannot be read: its snippet is there."""
    asked = Outgoing(method="GET", url=hit.url, headers={"Accept": "text/html, text/plain;q=0.8"})
    try:
        answer = await egress.send(asked, budget=None, timeout_s=_PAGE_TIME, most=_MOST_PAGE)
        if answer.status != 200 or not answer.content_type.startswith("text/"):
            return ""
        if answer.content_type != "text/html":
            return answer.text()[:_MOST_TEXT]
        async with asyncio.timeout(_PAGE_TIME):
            return (await asyncio.to_thread(main_text, answer.text()))[:_MOST_TEXT]
    except (ToolFailed, TimeoutError):
        return ""


def main_text(page: str) -> str:
    """What a page says, without its menus and advertisements. Of its markup only so much is read: that takes quadratic time."""
    try:
        return (
            _trafilatura().extract(_markup(page)[:_MOST_MARKUP], include_comments=False, include_tables=True, fast=True)
            or ""
        )
    except Exception:  # noqa: BLE001  # a parser of strangers' pages; the snippet remains
        return ""


def _markup(page: str) -> str:
    """A page without what no reader sees of it; what is begun and not ended goes on to its end."""
    for begins, ends in _UNREAD:
        kept: list[str] = []
        place = 0
        while begin := begins.search(page, place):
            kept.append(page[place : begin.start()])
            end = ends.search(page, begin.end())
            place = end.end() if end else len(page)
        page = "".join([*kept, page[place:]])
    return page


@once
def _trafilatura() -> Any:
    """Half a second of imports that only processes which read pages need."""
    return importlib.import_module("trafilatura")


def _shown(hit: Hit, text: str) -> dict[str, str]:
    shown = {"title": hit.title, "url": hit.url, "snippet": hit.snippet, "published": hit.published, "content": text}
    return {
        name: value
        for name, value in egress.scrubbed(shown, {}).items()
        if value or name in ("title", "url", "snippet")
    }


def _place(workspace_id: UUID, wish: Wish, params: Mapping[str, Any]) -> str:
    plain = replace(wish, query=" ".join(wish.query.lower().split()))
    how = {name: params.get(name) for name in ("provider", "searxng_url", "fetch")}
    digest = hashlib.sha256(orjson.dumps([vars(plain), how])).hexdigest()
    return f"search:{workspace_id}:{digest}"


def _count(workspace_id: UUID) -> None:
    """Raises ToolFailed where the workspace has searched enough for a day."""
    most = limit(workspace_id, "searches_per_day", PER_DAY)
    if most and redis.count_in_window(f"searches:{workspace_id}", limit=most, seconds=_DAY):
        raise ToolFailed(f"This workspace has used its {most} searches for today.", code="search_quota")

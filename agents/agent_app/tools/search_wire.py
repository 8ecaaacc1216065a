"""How each search service is asked, and how its answer is read. Pure.

A service that lacks a wish in its own API is asked in words where there are words for it (``site:``); what it still cannot
is among ``missing``, so that another one is asked first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from agent_app.tools.egress import Answer, Outgoing

TIME_RANGES = ("day", "week", "month", "year")
SAFE = ("off", "moderate", "strict")
CONTENT = ("web", "news", "pdf")
MOST_RESULTS = 10


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is searched for. ``region`` is a country's two letters."""

    query: str
    count: int = 5
    domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    time_range: str = ""
    content_type: str = ""
    safe_search: str = ""
    region: str = ""

    @property
    def features(self) -> set[str]:
        """What goes beyond a plain search."""
        wanted = {"time_range": self.time_range, "safe_search": self.safe_search, "region": self.region}
        found = {name for name, value in wanted.items() if value}
        return found | {"news"} if self.content_type == "news" else found

    def in_words(self, *, sites: bool = True) -> str:
        """The query with what search services understand in it."""
        parts = [self.query]
        if sites and self.domains:
            parts.append("(" + " OR ".join(f"site:{domain}" for domain in self.domains) + ")")
        if sites:
            parts += [f"-site:{domain}" for domain in self.blocked_domains]
        if self.content_type == "pdf":
            parts.append("filetype:pdf")
        return " ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Hit:
    title: str
    url: str
    snippet: str = ""
    published: str = ""


@dataclass(frozen=True, kw_only=True)
class Service:
    """One search service. ``cost`` is US dollars for a thousand searches, and decides among those that can do the same."""

    slug: str
    cost: float
    features: frozenset[str]
    ask: Callable[[Wish, str, str], Outgoing]  # the wish, the base URL, the key
    read: Callable[[Answer], list[Hit]]
    needs_key: bool = True


def _get(base: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Outgoing:
    pairs = {name: value for name, value in query.items() if value not in ("", None)}
    accept = {"Accept": "application/json", **(headers or {})}
    return Outgoing(method="GET", url=f"{base.rstrip('/')}{path}?{urlencode(pairs)}", headers=accept, follow=False)


def _hits(rows: Any, title: str, url: str, snippet: str, published: str = "") -> list[Hit]:
    """Raises ValueError where the answer is of another form."""
    if not isinstance(rows, list):
        raise ValueError("no list of results")
    return [
        Hit(
            title=str(row.get(title) or "")[:300], url=str(row[url]), snippet=str(row.get(snippet) or "")[:1000],
            published=str(row.get(published) or "")[:40],
        )
        for row in rows
        if isinstance(row, dict) and isinstance(row.get(url), str)
    ]  # fmt: skip


def _member(answer: Answer, *way: str, otherwise: Any = None) -> Any:
    part: Any = answer.json()
    if not isinstance(part, dict):
        raise ValueError("no object")
    for step in way:
        part = part.get(step) if isinstance(part, dict) else None
    return otherwise if part is None else part


def _ask_brave(wish: Wish, base: str, key: str) -> Outgoing:
    fresh = {"day": "pd", "week": "pw", "month": "pm", "year": "py"}.get(wish.time_range)
    query = {
        "q": wish.in_words(), "count": wish.count, "country": wish.region.upper(), "safesearch": wish.safe_search,
        "freshness": fresh,
    }  # fmt: skip
    return _get(base, "/res/v1/web/search", query, {"X-Subscription-Token": key})


def _ask_tavily(wish: Wish, base: str, key: str) -> Outgoing:
    body: dict[str, Any] = {"query": wish.in_words(sites=False), "max_results": wish.count}
    if wish.domains:
        body["include_domains"] = list(wish.domains)
    if wish.blocked_domains:
        body["exclude_domains"] = list(wish.blocked_domains)
    if wish.time_range:
        body["time_range"] = wish.time_range
    if wish.content_type == "news":
        body["topic"] = "news"
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return Outgoing(
        method="POST", url=f"{base.rstrip('/')}/search", headers=headers, body=orjson.dumps(body), follow=False
    )


def _ask_searxng(wish: Wish, base: str, key: str) -> Outgoing:
    query = {
        "q": wish.in_words(), "format": "json", "time_range": wish.time_range, "language": wish.region.lower(),
        "safesearch": SAFE.index(wish.safe_search) if wish.safe_search in SAFE else "",
        "categories": "news" if wish.content_type == "news" else "general",
    }  # fmt: skip
    return _get(base, "/search", query)


def _ask_google(wish: Wish, base: str, key: str) -> Outgoing:
    """The key is kept as ``key:engine``."""
    secret, _colon, engine = key.rpartition(":")
    restrict = {"day": "d1", "week": "w1", "month": "m1", "year": "y1"}.get(wish.time_range)
    safe = {"off": "off", "moderate": "active", "strict": "active"}.get(wish.safe_search)
    query = {
        "key": secret, "cx": engine, "q": wish.in_words(), "num": wish.count, "gl": wish.region.lower(), "safe": safe,
        "dateRestrict": restrict,
    }  # fmt: skip
    return _get(base, "/customsearch/v1", query)


def _ask_bing(wish: Wish, base: str, key: str) -> Outgoing:
    fresh = {"day": "Day", "week": "Week", "month": "Month"}.get(wish.time_range)
    query = {
        "q": wish.in_words(), "count": wish.count, "cc": wish.region.upper(), "safeSearch": wish.safe_search.title(),
        "freshness": fresh,
    }  # fmt: skip
    return _get(base, "/v7.0/search", query, {"Ocp-Apim-Subscription-Key": key})


def _ask_duckduckgo(wish: Wish, base: str, key: str) -> Outgoing:
    query = {
        "q": wish.in_words(), "df": wish.time_range[:1], "kl": f"{wish.region.lower()}-en" if wish.region else "",
        "kp": {"off": "-2", "moderate": "-1", "strict": "1"}.get(wish.safe_search),
    }  # fmt: skip
    return _get(base, "/html/", query, {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (compatible; Troupe)"})


class _Results(HTMLParser):
    """The links and snippets of DuckDuckGo's page without scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, str]] = []
        self._into = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        classes = known.get("class", "").split()
        if tag == "a" and "result__a" in classes:
            self.rows.append({"url": _led_to(known.get("href", "")), "title": "", "snippet": ""})
            self._into = "title"
        elif "result__snippet" in classes and self.rows:
            self._into = "snippet"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("a", "div", "td"):
            self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into and self.rows:
            self.rows[-1][self._into] += data


def _led_to(address: str) -> str:
    """Where a link leads in the end: they go through a counter."""
    found = parse_qs(urlsplit(address).query).get("uddg")
    return found[0] if found else address


def _read_duckduckgo(answer: Answer) -> list[Hit]:
    page = answer.text()
    if "result" not in page:
        raise ValueError("no page of results")
    parser = _Results()
    parser.feed(page)
    rows = [{name: " ".join(text.split()) for name, text in row.items()} for row in parser.rows]
    return [hit for hit in _hits(rows, "title", "url", "snippet") if hit.url.startswith(("http://", "https://"))]


# Asked last, whatever is wished: it has no interface for programs, and says no to many of them.
LAST = "duckduckgo"
_ALL = frozenset({"time_range", "safe_search", "region", "news"})

SERVICES: Mapping[str, Service] = {
    service.slug: service
    for service in (
        Service(
            slug="searxng", cost=0, features=_ALL, ask=_ask_searxng, needs_key=False,
            read=lambda answer: _hits(_member(answer, "results"), "title", "url", "content", "publishedDate"),
        ),
        Service(
            slug="brave", cost=5, features=_ALL - {"news"}, ask=_ask_brave,
            read=lambda answer: _hits(
                _member(answer, "web", "results", otherwise=[]), "title", "url", "description", "page_age"
            ),
        ),
        Service(
            slug="google_cse", cost=5.001, features=_ALL - {"news"}, ask=_ask_google,
            read=lambda answer: _hits(_member(answer, "items", otherwise=[]), "title", "link", "snippet"),
        ),
        Service(
            slug="tavily", cost=8, features=frozenset({"time_range", "news"}), ask=_ask_tavily,
            read=lambda answer: _hits(_member(answer, "results"), "title", "url", "content", "published_date"),
        ),
        Service(
            slug="bing", cost=15, features=_ALL - {"news"}, ask=_ask_bing,
            read=lambda answer: _hits(
                _member(answer, "webPages", "value", otherwise=[]), "name", "url", "snippet", "datePublished"
            ),
        ),
        Service(
            slug=LAST, cost=0, features=_ALL - {"news"}, ask=_ask_duckduckgo, read=_read_duckduckgo, needs_key=False
        ),
    )
}  # fmt: skip


def fits(hit: Hit, wish: Wish) -> bool:
    """Whether a result is one that was asked for, whatever the service made of the wish."""
    parts = urlsplit(hit.url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host:
        return False
    if any(_within(host, domain) for domain in wish.blocked_domains):
        return False
    return not wish.domains or any(_within(host, domain) for domain in wish.domains)


def _within(host: str, domain: str) -> bool:
    plain = domain.lower().removeprefix("*.").removeprefix("www.").strip(".")
    return host == plain or host.endswith(f".{plain}")

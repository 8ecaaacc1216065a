"""Searching asks the services that the workspace has, the best for the wish first, and reads what they find."""

import time
from typing import Any

import pytest
from aiohttp import web
from django.conf import LazySettings
from django.core.cache import cache

from agent_app.models import ProviderKey
from agent_app.tools import search_wire, web_search
from agent_app.tools.registry import OutboundBudget, ToolFailed
from agent_app.tools.search_wire import SERVICES, Hit, Wish, fits
from agent_app.tools.web_search import WebSearchTool, main_text
from tests.agents.tool_world import called, definition
from tests.agents.world import make_key
from tests.cast import Cast, Person
from tests.fakes.site import Site

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret
SEARCH = WebSearchTool()
PAGE = "<html><body><nav>Menu</nav><article><h1>Tea</h1><p>{}</p></article></body></html>".format(
    "Tea is a drink. " * 30
)

pytestmark = pytest.mark.django_db(transaction=True)

DATE = "2026-01-02"
DUCK = (
    '<div class="result"><a class="result__a" href="//duckduckgo.com/l/?uddg=U&amp;rut=x"><b>Tea</b></a>'
    '<a class="result__snippet">Drink</a></div>'
)
# What each service answers for one result, in its own form.
ANSWERS: dict[str, tuple[str, Any]] = {
    "brave": (
        "/brave/res/v1/web/search",
        {"web": {"results": [{"title": "Tea", "url": "U", "description": "Drink", "page_age": DATE}]}},
    ),
    "tavily": (
        "/tavily/search",
        {"results": [{"title": "Tea", "url": "U", "content": "Drink", "published_date": DATE}]},
    ),
    "searxng": (
        "/searxng/search",
        {"results": [{"title": "Tea", "url": "U", "content": "Drink", "publishedDate": DATE}]},
    ),
    "google_cse": ("/google_cse/customsearch/v1", {"items": [{"title": "Tea", "link": "U", "snippet": "Drink"}]}),
    "bing": (
        "/bing/v7.0/search",
        {"webPages": {"value": [{"name": "Tea", "url": "U", "snippet": "Drink", "datePublished": DATE}]}},
    ),
    "duckduckgo": ("/duckduckgo/html/", DUCK),
}


@pytest.fixture
def web_of(settings: LazySettings) -> Any:
    """All services and one page, on one site."""
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    with Site() as site:
        settings.PROVIDER_BASE_URLS = {slug: f"{site.base_url}/{slug}" for slug in ANSWERS if slug != "searxng"}
        for path, answer in ANSWERS.values():
            site.answers(
                path,
                _filled(answer, f"{site.base_url}/page"),
                content_type="text/html" if isinstance(answer, str) else "application/json",
            )
        site.answers("/page", PAGE, content_type="text/html")
        cache.clear()
        yield site


def _filled(answer: Any, url: str) -> Any:
    if isinstance(answer, dict):
        return {name: _filled(part, url) for name, part in answer.items()}
    if isinstance(answer, list):
        return [_filled(part, url) for part in answer]
    return answer.replace("uddg=U", f"uddg={url}") if "uddg" in answer else url if answer == "U" else answer


def search(person: Person, query: str = "tea", **params: Any) -> Any:
    options = {name: params.pop(name) for name in ("outbound",) if name in params}
    return called(person, SEARCH, definition("web_search", params), {"query": query}, **options)


@pytest.mark.parametrize("slug", ["brave", "tavily", "google_cse", "bing"])
def test_each_service_is_asked_in_its_own_way(web_of: Site, cast: Cast, slug: str) -> None:
    make_key(cast.alice, type=slug, purpose="search", api_key=f"{SECRET}:engine" if slug == "google_cse" else SECRET)
    result = search(
        cast.bob, time_range="week", region="no", safe_search="strict", domains=["127.0.0.1"], content_type="pdf"
    )
    assert result.details["provider"] == slug
    [found] = result.value["results"]
    assert (found["title"], found["snippet"], found["url"]) == ("Tea", "Drink", f"{web_of.base_url}/page")
    assert found["content"].startswith("Tea is a drink.") or "Tea is a drink." in found["content"]
    asked = web_of.seen[0]
    told = {
        "brave": ("x-subscription-token", {"freshness": ["pw"], "country": ["NO"], "safesearch": ["strict"]}),
        "tavily": ("authorization", {}),
        "google_cse": ("", {"dateRestrict": ["w1"], "gl": ["no"], "safe": ["active"], "key": [SECRET], "cx": ["engine"]}),
        "bing": ("ocp-apim-subscription-key", {"freshness": ["Week"], "cc": ["NO"], "safeSearch": ["Strict"]}),
    }[slug]  # fmt: skip
    assert not told[0] or SECRET in asked.headers[told[0]]
    assert told[1].items() <= dict(asked.query).items()
    words = asked.json["query"] if slug == "tavily" else asked.query["q"][0]
    assert words == ("tea filetype:pdf" if slug == "tavily" else "tea (site:127.0.0.1) filetype:pdf")
    assert SECRET not in str(result)
    assert ProviderKey.objects.get().last_used_at is not None


def test_without_a_key_the_open_ones_are_asked(web_of: Site, cast: Cast) -> None:
    result = search(cast.bob)
    assert (result.details["provider"], result.value["results"][0]["title"]) == ("duckduckgo", "Tea")
    own = search(cast.bob, searxng_url=f"{web_of.base_url}/searxng", time_range="day", safe_search="off")
    assert own.details["provider"] == "searxng"
    asked = next(seen for seen in web_of.seen if seen.path == "/searxng/search")
    assert (asked.query["format"], asked.query["time_range"], asked.query["safesearch"]) == (["json"], ["day"], ["0"])


def test_the_cheapest_that_can_what_is_wished_is_asked_first_and_the_next_where_it_fails(
    web_of: Site, cast: Cast
) -> None:
    for slug in ("bing", "tavily", "brave"):
        make_key(cast.alice, type=slug, purpose="search", api_key=SECRET)
    assert search(cast.bob, "a").details["provider"] == "brave"
    assert search(cast.bob, "b", content_type="news").details["provider"] == "tavily"
    assert search(cast.bob, "c", provider="bing").details["provider"] == "bing"
    web_of.answers("/brave/res/v1/web/search", {"error": SECRET}, status=429)
    web_of.answers("/tavily/search", "<html>", content_type="text/html")
    result = search(cast.bob, "d")
    assert result.details["provider"] == "bing"
    assert [each["provider"] for each in result.details["tried"]] == ["brave", "tavily"]
    web_of.answers("/bing/v7.0/search", b"[]")
    web_of.answers("/duckduckgo/html/", "<html>blocked</html>", content_type="text/html", status=202)
    with pytest.raises(ToolFailed) as failed:
        search(cast.bob, "e")
    assert failed.value.code == "search" and SECRET not in failed.value.message
    assert all(slug in failed.value.message for slug in ("brave", "tavily", "bing", "duckduckgo"))


def test_another_workspaces_and_another_persons_keys_are_not_used(web_of: Site, cast: Cast) -> None:
    make_key(cast.dave, type="brave", purpose="search", api_key=SECRET)
    make_key(cast.carol, type="brave", purpose="search", scope="user", api_key=SECRET)
    make_key(cast.alice, type="brave", purpose="search", enabled=False, api_key=SECRET)
    assert search(cast.bob).details["provider"] == "duckduckgo"


def test_the_same_search_is_answered_from_memory_within_its_workspace(web_of: Site, cast: Cast) -> None:
    budget = OutboundBudget(left=1)
    first = search(cast.bob, "Green  tea", outbound=budget)
    count = len(web_of.seen)
    again = search(cast.carol, "green tea", outbound=budget)
    assert again.value == first.value and again.details["cached"] and len(web_of.seen) == count
    assert not search(cast.dave, "green tea").details["cached"], "another workspace asks for itself"
    assert not search(cast.bob, "green tea", fetch=False).details["cached"]


@pytest.mark.usefixtures("one_window")
def test_a_workspace_searches_so_often_a_day_and_no_more(web_of: Site, cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr(web_search, "PER_DAY", 1)
    search(cast.bob, "one")
    with pytest.raises(ToolFailed) as failed:
        search(cast.carol, "two")
    assert failed.value.code == "search_quota"
    search(cast.dave, "two")


def test_a_page_that_cannot_be_read_leaves_its_snippet(web_of: Site, cast: Cast) -> None:
    async def huge(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    for number, handler in enumerate((huge, None)):
        if handler:
            web_of.on("/page", handler)
        else:
            web_of.leads("/page", "http://169.254.169.254/")
        [found] = search(cast.bob, str(number)).value["results"]
        assert found["snippet"] == "Drink" and "content" not in found


def test_results_from_elsewhere_than_wished_are_left_out() -> None:
    wish = Wish(query="x", domains=("example.com",), blocked_domains=("bad.example.com",))
    hosts = {
        "https://example.com/a": True, "https://www.example.com": True, "https://bad.example.com": False,
        "https://notexample.com": False, "https://example.com.evil.org": False, "ftp://example.com": False, "javascript:x": False,
    }  # fmt: skip
    assert {url: fits(Hit(title="", url=url), wish) for url in hosts} == hosts


def test_hostile_pages_end_as_nothing_or_text() -> None:
    for page in ("", "\0", "<" * 50_000, "<a>" * 20_000, "<![CDATA[" * 1000, "&" * 10_000, "<p>" + "x" * 100_000):
        assert isinstance(main_text(page), str)
    assert search_wire._read_duckduckgo  # read by the fakes above


def test_what_takes_long_to_read_is_not_read_whole() -> None:
    article = "<p>The stoat is a small animal that lives in woods and on meadows, and hunts at night.</p>" * 5
    markup = f"<html><body><SCRIPT>{'x < y;' * 100_000}</script><article>{article}</article>"
    began = time.process_time()
    assert main_text("<script>" * 120_000) == ""
    assert "stoat" in main_text(markup + "<p>a<br>" * 120_000)
    assert time.process_time() - began < 20, "a tenth of it; the whole would take minutes"


def test_where_nobody_can_be_asked_it_says_what_to_do(cast: Cast, settings: LazySettings, monkeypatch: Any) -> None:
    monkeypatch.setattr(web_search, "SERVICES", {name: each for name, each in SERVICES.items() if each.needs_key})
    cache.clear()
    with pytest.raises(ToolFailed, match="Add a key"):
        search(cast.bob, "unasked")

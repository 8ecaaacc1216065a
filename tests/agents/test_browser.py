"""The browser of the type ``computer``: where it may go, what a run does in it, and what it is kept from. One browser for all."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from agent_app.tools import browsing
from agent_app.tools.sandbox.browser import hosts
from agent_app.tools.sandbox.browser.proxy import Proxy, Traffic
from tests.fakes.site import Site

# The list


@pytest.mark.parametrize(
    ("entry", "host", "port", "allowed"),
    [
        ("example.com", "example.com", 443, True),
        ("example.com", "EXAMPLE.com.", 80, True),
        ("example.com", "example.com", 8443, False),
        ("example.com:8443", "example.com", 8443, True),
        ("example.com:8443", "example.com", 443, False),
        ("example.com", "www.example.com", 443, False),
        ("example.com", "example.com.evil.org", 443, False),
        ("example.com", "notexample.com", 443, False),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "evilexample.com", 443, False),
        ("bücher.example", "xn--bcher-kva.example", 443, True),
        ("example.com", "", 443, False),
    ],
)
def test_a_host_is_allowed_by_its_name_and_port(entry: str, host: str, port: int, allowed: bool) -> None:
    assert not hosts.problem(entry)
    assert hosts.allows([entry], host, port) is allowed


@pytest.mark.parametrize(
    "entry",
    [
        "*", "*.com", "ftp://example.com", "example.com?q=1", "example.com/a*", "a b", "", "user@example.com", "example.com:0", "x:99999",
    ],
)  # fmt: skip
def test_what_names_no_host_is_refused(entry: str) -> None:
    assert hosts.problem(entry)


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("example.com", "https://example.com/any/thing?q", True),
        ("https://example.com", "https://example.com/", True),
        ("https://example.com", "http://example.com/", False),
        ("example.com/docs", "https://example.com/docs", True),
        ("example.com/docs/*", "http://example.com/docs/a/b?c#d", True),
        ("example.com/docs/", "https://example.com/docs", True),
        ("*.example.com:8443/docs", "https://a.example.com:8443/docs/", True),
        ("example.com/docs", "https://example.com/docsearch", False),
        ("example.com/docs", "https://example.com/", False),
        ("example.com/docs", "https://example.com/Docs/", False),
        ("example.com/docs", "https://example.com/docs/../admin", False),
        ("example.com/docs", "https://example.com/docs/%2e%2e/admin", False),
        ("example.com/docs", "https://example.com/docs/..%2fadmin", False),
        ("example.com/docs", "https://example.com/docs/..%255cadmin", False),
        ("example.com/docs", "https://example.com/x/..%2fdocs", False),
        ("example.com/docs", "https://evil.org/docs", False),
        ("example.com/docs", "https://example.com:x/docs", False),
    ],
)
def test_a_page_is_allowed_by_its_path_too(entry: str, url: str, allowed: bool) -> None:
    assert not hosts.problem(entry)
    assert hosts.covers([entry], url) is allowed


def test_a_browser_is_offered_where_there_is_somewhere_to_go() -> None:
    assert browsing.functions([]) == []
    names = [function.name for function in browsing.functions(["example.com"])]
    assert names == [f"browser_{each}" for each in ("open", "read", "screenshot", "click", "type", "key", "scroll")]


# The way out


@pytest.fixture
async def site(settings: LazySettings) -> AsyncIterator[Site]:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    with Site() as site:
        site.answers("/", "hello")
        yield site


class Way:
    """A proxy, and what a browser would say to it."""

    def __init__(self, path: Path) -> None:
        self._path = path / "socket"
        self.proxy = Proxy([])

    async def opens(self, allowed: list[str], traffic: Traffic | None = None) -> None:
        self.proxy = Proxy(allowed, traffic)
        await self.proxy.listen(self._path)

    async def asks(self, request: str) -> str:
        reader, writer = await asyncio.open_unix_connection(self._path)
        writer.write(request.encode())
        try:
            return (await asyncio.wait_for(reader.read(), 60)).decode(errors="replace")
        finally:
            writer.close()

    async def gets(self, url: str) -> str:
        return await self.asks(f"GET {url} HTTP/1.1\r\nHost: evil.example\r\nProxy-Authorization: x\r\n\r\n")


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Way]:
    made = Way(tmp_path)
    yield made
    made.proxy.close()


async def test_what_the_list_names_is_reached_and_nothing_else(site: Site, way: Way) -> None:
    await way.opens([f"127.0.0.1:{site.port}"])
    assert (await way.gets(f"{site.base_url}/?a=1")).endswith("hello")
    assert site.last.headers["host"] == f"127.0.0.1:{site.port}" and "proxy-authorization" not in site.last.headers
    tunnel = f"CONNECT 127.0.0.1:{site.port} HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n"
    assert "200 Connection established" in await way.asks(tunnel)
    seen = len(site.seen)
    for url in (
        f"http://localhost:{site.port}/", f"http://127.0.0.1:{site.port + 1}/", "http://example.com/", "ftp://127.0.0.1/",
        f"http://127.0.0.1:{site.port}@localhost:{site.port}/", f"http://a:b@127.0.0.1:{site.port}/", "/", "file:///etc/passwd",
    ):  # fmt: skip
        assert await way.gets(url) == "", url
    assert await way.asks("CONNECT localhost:22 HTTP/1.1\r\n\r\n") == ""
    assert len(site.seen) == seen
    assert f"localhost:{site.port} is not one of the allowed hosts" in way.proxy.taken()


@pytest.mark.parametrize(
    "host", ["127.0.0.2", "169.254.169.254", "[::1]", "[::ffff:127.0.0.2]", "2130706434", "0x7f.0.0.2", "10.0.0.1"]
)
async def test_no_form_of_a_private_address_is_reached_even_where_the_list_names_it(
    site: Site, way: Way, host: str
) -> None:
    await way.opens([f"{host}:{site.port}"])
    assert await way.gets(f"http://{host}:{site.port}/") == ""
    assert site.seen == []


async def test_the_address_that_was_checked_is_the_one_that_is_reached(
    site: Site, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: a name that leads outside when it is asked first, and inside when it is asked again."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        ip = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    await way.opens([f"rebind.example.com:{site.port}"])
    for _again in range(2):
        assert await way.gets(f"http://rebind.example.com:{site.port}/") == ""
    assert asked == ["rebind.example.com"] * 2 and site.seen == []


async def test_a_browser_has_so_much_traffic_and_no_more(site: Site, way: Way) -> None:
    site.answers("/large", "x" * 300_000)
    await way.opens([f"127.0.0.1:{site.port}"], Traffic(received=200_000, connections=2))
    assert len(await way.gets(f"{site.base_url}/large")) <= 200_000
    assert await way.gets(f"{site.base_url}/") == ""
    assert "this browser has used all of its traffic" in way.proxy.taken()

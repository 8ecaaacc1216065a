"""Whatever address a tool is given, and whatever answers: nobody reaches in, nothing leaks, and it ends."""

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import web
from django.conf import LazySettings

from agent_app.tools import egress
from agent_app.tools.egress import Answer, Outgoing
from agent_app.tools.registry import OutboundBudget, ToolFailed
from tests.fakes.site import Site


@pytest.fixture
async def site(settings: LazySettings) -> AsyncIterator[Site]:
    """A site that tools may call; by the name ``localhost`` they may not."""
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    with Site() as site:
        yield site
        await egress.close()


async def send(url: str, budget: OutboundBudget | None = None, **options: Any) -> Answer:
    limits = {name: options.pop(name) for name in ("timeout_s", "most") if name in options}
    return await egress.send(Outgoing(**{"method": "GET", "url": url} | options), budget=budget, **limits)


async def refused(url: str, code: str, **options: Any) -> ToolFailed:
    with pytest.raises(ToolFailed) as failed:
        await send(url, **options)
    assert failed.value.code == code
    return failed.value


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST", "localhost.", "127.1", "0177.0.0.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "0", "[::1]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "127.0.0.2",
        "①②⑦.⓪.⓪.②", "127。0。0。2", "169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "10.0.0.1", "0.0.0.0", "[::]",
        "[::7f00:1]", "[64:ff9b:1::7f00:1]", "[fec0::1]", "[3fff::1]", "[5f00::1]", "192.88.99.1",
        "[fe80::1%25lo]", "127.0.0.2%00.example.com", "127.0.0.2\t", "user@127.0.0.1", "user:word@127.0.0.1", "a@b@127.0.0.1",
        "example.com\\@127.0.0.1", "127.0.0.2#@example.com", "127.0.0.2?@example.com",
    ],
)  # fmt: skip
async def test_no_form_of_a_private_address_is_called(site: Site, host: str) -> None:
    with pytest.raises(ToolFailed):
        await send(f"http://{host}:{site.port}/")
    assert site.seen == []


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "gopher://x/", "//x/", "", "http://", "data:,x"]
)
async def test_only_web_addresses_are_called(url: str) -> None:
    await refused(url, "address_refused")


async def test_a_name_that_leads_inside_is_refused_with_all_its_addresses(site: Site, monkeypatch: Any) -> None:
    """A hostile name server says a public address and a private one, to be asked again until it fits."""
    asked = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("93.184.216.34", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    failed = await refused(f"http://rebind.example.com:{site.port}/", "address_refused")
    assert asked == ["rebind.example.com"] and site.seen == []
    assert "private" in failed.message and "127.0.0.1" not in failed.message


async def test_the_socket_is_the_last_gate(monkeypatch: Any, settings: LazySettings) -> None:
    """Whatever the check of the address overlooks, the connection itself does not."""
    monkeypatch.setattr(egress.outbound, "check_url", lambda url: None)
    with Site() as site:
        await refused(f"http://127.0.0.1:{site.port}/", "address_refused")
        assert site.seen == []
    await egress.close()


# Redirects


@pytest.mark.parametrize(
    "target",
    ["http://localhost:{port}/in", "http://169.254.169.254/latest/", "//[::1]:{port}/in", "ftp://127.0.0.1/in"],
)
async def test_a_redirect_leads_nowhere_where_one_could_not_go_at_once(site: Site, target: str) -> None:
    site.leads("/out", target.format(port=site.port))
    await refused(f"{site.base_url}/out", "address_refused")
    assert [seen.path for seen in site.seen] == ["/out"]


async def test_redirects_are_followed_five_times_and_each_costs_a_request(site: Site) -> None:
    for number in range(7):
        site.leads(f"/{number}", f"/{number + 1}")
    site.answers("/5", "there")
    budget = OutboundBudget()
    assert (await send(f"{site.base_url}/0", budget)).text() == "there"
    assert budget.left == 4
    site.leads("/5", "/6")
    await refused(f"{site.base_url}/0", "redirects")
    await refused(f"{site.base_url}/0", "outbound_limit", budget=budget)
    assert budget.left == 0


async def test_what_was_meant_for_one_host_is_not_told_another(site: Site) -> None:
    with Site() as other:
        other.answers("/in", "hello")
        site.leads("/out", f"{other.base_url}/in", 307)
        headers = {"Authorization": "Bearer x", "X-Key": "k", "Cookie": "a=b", "Accept": "text/plain"}
        answer = await send(f"{site.base_url}/out", headers=headers)
        assert (answer.text(), answer.url) == ("hello", f"{other.base_url}/in")
        assert other.last.headers["accept"] == "text/plain"
        assert not {"authorization", "x-key", "cookie"} & set(other.last.headers)
        site.leads("/same", "/out", 307)
        await send(f"{site.base_url}/same", headers=headers)
        assert site.last.headers["authorization"] == "Bearer x", "within a host it goes along"


async def test_a_body_is_not_sent_on_to_another_host(site: Site) -> None:
    with Site() as other:
        site.leads("/out", f"{other.base_url}/in", 307)
        await refused(f"{site.base_url}/out", "redirects", method="POST", body=b"secret")
        assert other.seen == []
        site.leads("/see", f"{other.base_url}/in", 303)
        await send(f"{site.base_url}/see", method="POST", body=b"secret")
        assert (other.last.method, other.last.body) == ("GET", b"")


# What comes back


async def test_an_answer_has_at_most_five_megabytes(site: Site) -> None:
    site.answers("/exact", b"x" * 1000)
    assert len((await send(f"{site.base_url}/exact", most=1000)).body) == 1000
    site.answers("/large", b"x" * 1001)
    await refused(f"{site.base_url}/large", "too_large", most=1000)
    assert egress.MAX_IN == 5 * 1024 * 1024


async def test_an_endless_answer_is_cut_off(site: Site) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    site.on("/endless", endless)
    await refused(f"{site.base_url}/endless", "too_large")


@pytest.mark.parametrize("pack", [lambda data: gzip.compress(data, 9), lambda data: zlib.compress(data, 9)])
async def test_what_grows_when_it_is_unpacked_is_cut_off(site: Site, pack: Any) -> None:
    bomb = pack(b"\0" * 50 * 1024 * 1024)
    assert len(bomb) < 300_000
    encoding = "gzip" if bomb[:2] == b"\x1f\x8b" else "deflate"
    site.answers("/bomb", bomb, headers={"Content-Encoding": encoding})
    await refused(f"{site.base_url}/bomb", "too_large")
    site.answers("/small", pack(b"hello"), headers={"Content-Encoding": encoding})
    assert (await send(f"{site.base_url}/small")).body == b"hello"


async def test_an_answer_that_does_not_come_or_drips_is_given_up(site: Site) -> None:
    async def stall(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.02)

    site.on("/stall", stall)
    site.on("/drip", drip)
    for path in ("/stall", "/drip"):
        failed = await refused(f"{site.base_url}{path}", "timeout", timeout_s=0.2)
        assert failed.message == "127.0.0.1 did not answer within 0.2 seconds."


async def test_what_is_no_web_server_is_said_to_be_none(site: Site) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        request.transport and request.transport.close()
        raise asyncio.CancelledError

    site.on("/broken", broken)
    site.answers("/packed", b"not gzip", headers={"Content-Encoding": "gzip"})
    site.answers("/strange", b"?", headers={"Content-Encoding": "zstd"})
    for path in ("/broken", "/packed", "/strange"):
        await refused(f"{site.base_url}{path}", "cut")
    with site.refusing():
        await refused(f"{site.base_url}/", "unreachable")


async def test_nothing_is_remembered_between_two_requests(site: Site) -> None:
    site.answers("/", "hello", headers={"Set-Cookie": "a=b"})
    await send(f"{site.base_url}/")
    await send(f"{site.base_url}/")
    assert "cookie" not in site.last.headers


# What goes out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nHost: evil"), ("X-A", "a\0"), ("X A", "a"), ("X:A", "a"), ("Host", "evil"), ("content-length", "1"),
        ("Transfer-Encoding", "chunked"), ("Connection", "close"), ("", "a"),
    ],
)  # fmt: skip
async def test_headers_that_would_smuggle_are_refused(site: Site, name: str, value: str) -> None:
    await refused(f"{site.base_url}/", "header", headers={name: value})
    assert site.seen == []


async def test_a_request_has_at_most_one_megabyte(site: Site) -> None:
    await refused(f"{site.base_url}/", "too_large", method="POST", body=b"x" * (egress.MAX_OUT + 1))
    assert site.seen == []


async def test_a_run_has_its_requests_and_no_more(site: Site) -> None:
    budget = OutboundBudget(left=1)
    await send(f"{site.base_url}/", budget)
    await refused(f"{site.base_url}/", "outbound_limit", budget=budget)
    assert len(site.seen) == 1


# Secrets


def test_a_secret_is_taken_out_in_every_form_it_may_come_back_in() -> None:
    secret = 'p w/"ö+'
    forms = ['p w/"ö+', "p%20w%2F%22%C3%B6%2B", "p+w%2F%22%C3%B6%2B", 'p w/\\"\\u00f6+']
    for form in forms:
        assert egress.scrub(f"<{form}>", {"s": secret}) == "<[redacted]>"
    assert egress.scrubbed({f"a {secret}": [secret, 1, None]}, {"s": secret}) == {
        "a [redacted]": ["[redacted]", 1, None]
    }


def test_what_cannot_be_kept_is_taken_out() -> None:
    assert egress.scrub("a\0b\ud800", {}) == "ab?"


@pytest.fixture(autouse=True)
def _no_leftovers() -> Iterator[None]:
    yield
    egress._sessions.clear()


async def test_a_site_cannot_choose_how_long_its_text_is_read(site: Site) -> None:
    """Python knows encodings that need quadratic time; whoever answers may name one."""

    async def page(request: web.Request) -> web.StreamResponse:
        body = b"a" * 1_000_000 + b"-" + b"abc9" * 500_000
        return web.Response(body=body, headers={"Content-Type": f"text/plain; charset={request.query['as']}"})

    site.on("/page", page)
    for name in ("punycode", "idna", "undefined", "nobody-knows", "unicode_escape"):
        answer = await send(f"http://127.0.0.1:{site.port}/page?as={name}")
        assert answer.text().endswith("abc9"), name

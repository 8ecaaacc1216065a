"""Requests of tools to addresses that people or models have shaped: one guarded way out, with every limit in one place.

The guard of addresses is ``config.lib.outbound``; here are redirects (each one checked again, credentials left behind where
the host changes), sizes, time and the number of requests. Nothing is remembered between two requests: no cookie, no cache.
"""

import asyncio
import codecs
import json
import re
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, quote_plus
from weakref import WeakKeyDictionary

import aiohttp
from django.conf import settings
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from agent_app.tools.registry import OutboundBudget, ToolFailed
from config.lib import outbound, secrets
from config.lib.errors import InvalidInput
from config.lib.outbound import AddressRefused

MAX_OUT = 1024 * 1024
MAX_IN = 5 * 1024 * 1024
MAX_SECONDS = 60.0
MAX_REDIRECTS = 5
_PIECE = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What a request says to whoever it is led on to. All else was meant for the first address.
_HARMLESS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
# What the connection itself says; a tool that could would smuggle requests.
_OF_THE_CONNECTION = frozenset(
    [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
        "proxy-connection",
        "keep-alive",
        "accept-encoding",
    ]
)
# What web pages are written in, by Python's names. It knows others, which need quadratic time (punycode), or run code of sorts.
_ENCODING = re.compile(
    r"utf-8|utf-16(-[lb]e)?|ascii|iso8859-\d{1,2}|cp(125[0-8]|866|874|932|936|949|950)|koi8-[ru]|mac-(roman|cyrillic)|"
    r"gbk|gb2312|gb18030|big5|euc_(jp|kr)|shift_jis|iso2022_jp|tis-620"
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")

_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One request. ``follow``: redirects are gone after."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    follow: bool = True


class Incoming:
    """An answer that is being read. ``url`` is where it came from in the end."""

    def __init__(self, response: aiohttp.ClientResponse, most: int) -> None:
        self._response = response
        self._most = most
        self.status = response.status
        self.headers: CIMultiDictProxy[str] = response.headers
        self.url = str(response.url)

    @property
    def content_type(self) -> str:
        return self._response.content_type

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces, unpacked. Raises ToolFailed past the limit: also what grows beyond it only when it is unpacked."""
        unpack = _unpacker(self.headers.get("Content-Encoding", ""))
        size = 0
        async for data in self._response.content.iter_any():
            for piece in unpack(data):
                size += len(piece)
                if size > self._most:
                    raise too_large(self._most)
                yield piece

    def close(self) -> None:
        self._response.close()

    async def body(self) -> bytes:
        if int(self.headers.get("Content-Length") or 0) > self._most:
            raise too_large(self._most)
        return b"".join([piece async for piece in self.chunks()])


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    content_type: str
    body: bytes
    url: str

    def text(self) -> str:
        """The body as text, whatever it claims to be written in."""
        found = re.search(r"charset=\"?([\w.:-]{1,40})", self.headers.get("Content-Type", ""), re.IGNORECASE)
        with suppress(LookupError, UnicodeError):
            name = codecs.lookup(found[1]).name if found else "utf-8"
            if _ENCODING.fullmatch(name):
                return self.body.decode(name)
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Raises ValueError where it is none (or says NaN, which is none either)."""
        try:
            return json.loads(self.body, parse_constant=_no_number)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


async def send(
    request: Outgoing, *, budget: OutboundBudget | None, timeout_s: float = MAX_SECONDS, most: int = MAX_IN
) -> Answer:
    """Ask and read the whole answer. ``budget`` is the run's; None for what no run asks for. Raises ToolFailed."""
    async with exchange(request, budget=budget, timeout_s=timeout_s, most=most) as incoming:
        return Answer(
            status=incoming.status, headers=incoming.headers, content_type=incoming.content_type,
            body=await incoming.body(), url=incoming.url,
        )  # fmt: skip


@asynccontextmanager
async def exchange(
    request: Outgoing, *, budget: OutboundBudget | None, timeout_s: float = MAX_SECONDS, most: int = MAX_IN
) -> AsyncIterator[Incoming]:
    """Ask, and read the answer as it comes; all of it within the time. Raises ToolFailed."""
    limit = min(timeout_s, MAX_SECONDS)
    with in_words(request.url, limit):
        async with asyncio.timeout(limit):
            incoming = await begin(request, budget=budget, most=most)
            try:
                yield incoming
            finally:
                incoming.close()


async def begin(request: Outgoing, *, budget: OutboundBudget | None, most: int = MAX_IN) -> Incoming:
    """As ``exchange``, for whoever keeps the time, closes what is answered and says what went wrong (``in_words``)."""
    _check(request)
    return Incoming(await _follow(request, budget), most)


@contextmanager
def in_words(url: str, limit: float) -> Iterator[None]:
    """Whatever goes wrong on the way becomes a ToolFailed that says so, and holds nothing of the address but its host."""
    where = _host(url)
    try:
        yield
    except TimeoutError as error:
        raise ToolFailed(f"{where} did not answer within {limit:g} seconds.", code="timeout") from error
    except AddressRefused as error:
        raise ToolFailed(_refusal(where), code="address_refused") from error
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, AddressRefused):
            raise ToolFailed(_refusal(where), code="address_refused") from error
        raise ToolFailed(f"{where} cannot be reached.", code="unreachable") from error
    except aiohttp.InvalidURL as error:  # an address written as one number, and the like
        raise ToolFailed(_refusal(where), code="address_refused") from error
    except (aiohttp.ClientError, ConnectionError, zlib.error) as error:
        raise ToolFailed(f"{where} did not answer as a web server does, or broke off.", code="cut") from error


def check_address(url: str) -> str:
    """``url`` as it will be called. Raises ToolFailed for one that nobody may call."""
    try:
        outbound.check_url(url)
        return str(URL(url))
    except InvalidInput as error:
        raise ToolFailed(error.detail, code="address_refused") from error


def origin(url: str) -> str:
    """Scheme, host and port of a URL; empty for what is none."""
    with suppress(ValueError):
        return str(URL(url).origin()).lower()
    return ""


def header_problem(name: str) -> str:
    """Why a tool cannot send a header of this name; empty where it can."""
    if not _HEADER_NAME.fullmatch(name):
        return f"“{name[:80]}” is not a name of a header."
    if name.lower() in _OF_THE_CONNECTION:
        return f"The header “{name}” is set by the connection itself."
    return ""


def scrub(text: str, values: Mapping[str, str]) -> str:
    """``text`` without the secrets ``values``, also as they look in an address or in JSON, and without what looks like a key.

    Also without characters that neither JSON nor the database can keep.
    """
    text = text.replace("\0", "").encode(errors="replace").decode()
    for value in sorted(values.values(), key=len, reverse=True):
        if len(value) >= 4:
            for form in {value, quote(value, safe=""), quote(value), quote_plus(value), json.dumps(value)[1:-1]}:
                text = text.replace(form, "[redacted]")
    return secrets.redact(text) if values else text


def scrubbed(value: Any, values: Mapping[str, str]) -> Any:
    """The same for JSON."""
    if isinstance(value, str):
        return scrub(value, values)
    if isinstance(value, dict):
        return {scrub(str(name), values): scrubbed(part, values) for name, part in value.items()}
    return [scrubbed(part, values) for part in value] if isinstance(value, list) else value


def too_large(most: int) -> ToolFailed:
    return ToolFailed(f"The answer is larger than {most // 1024 // 1024} MB.", code="too_large")


async def close() -> None:
    """Close the running loop's session: for a loop that ends before its process does."""
    own = _sessions.pop(asyncio.get_running_loop(), None)
    if own is not None:
        await own.close()


async def _follow(request: Outgoing, budget: OutboundBudget | None) -> aiohttp.ClientResponse:
    """The answer at the end of the redirects."""
    for _hop in range(MAX_REDIRECTS + 1):
        if budget is not None:
            budget.spend()
        url = URL(check_address(request.url))
        response = await _session().request(
            request.method, url, headers=CIMultiDict(request.headers), data=request.body or None,
            allow_redirects=False,
        )  # fmt: skip
        target = response.headers.get("Location", "") if response.status in _REDIRECTS and request.follow else ""
        if not target:
            return response
        response.close()
        request = _redirected(request, response, target)
    raise ToolFailed(f"{_host(request.url)} redirects more than {MAX_REDIRECTS} times.", code="redirects")


def _redirected(request: Outgoing, response: aiohttp.ClientResponse, target: str) -> Outgoing:
    try:
        url = str(URL(request.url).join(URL(target)))
    except ValueError as error:
        raise ToolFailed(f"{_host(request.url)} redirects to no valid address.", code="redirects") from error
    elsewhere = origin(url) != origin(request.url)
    asks_again = response.status == 303 or (response.status in (301, 302) and request.method == "POST")
    if asks_again and request.method != "HEAD":
        request = replace(request, method="GET", body=b"")
    if elsewhere and request.method not in ("GET", "HEAD"):
        raise ToolFailed(
            f"{_host(request.url)} wants the request to be sent to another host. That is not done.", code="redirects"
        )
    kept = {name: value for name, value in request.headers.items() if not elsewhere or name.lower() in _HARMLESS}
    return replace(request, url=url, headers=kept)


def _session() -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    if loop not in _sessions:
        _sessions[loop] = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=200, limit_per_host=20, ttl_dns_cache=30, keepalive_timeout=15, **outbound.connector_options()
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.PROVIDER_CONNECT_TIMEOUT),
            headers={"User-Agent": "Troupe", "Accept-Encoding": "gzip, deflate"},
            auto_decompress=False,
            trust_env=False,
        )
    return _sessions[loop]


def _check(request: Outgoing) -> None:
    for name, value in request.headers.items():
        if problem := header_problem(name):
            raise ToolFailed(problem, code="header")
        if any(character in value for character in "\r\n\0"):
            raise ToolFailed(f"The header “{name}” has a line break in it.", code="header")
    size = len(request.body) + len(request.url) + sum(len(n) + len(v) for n, v in request.headers.items())
    if size > MAX_OUT:
        raise ToolFailed("The request is larger than 1 MB.", code="too_large")


def _unpacker(encoding: str) -> Any:
    """A function from packed data to unpacked pieces, none of them large."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return lambda data: [data]
    if name not in ("gzip", "x-gzip", "deflate"):
        raise ToolFailed("The answer is packed in a way that was not asked for.", code="cut")
    state = zlib.decompressobj(wbits=47)

    def unpack(data: bytes) -> Any:
        while data:
            yield state.decompress(data, _PIECE)
            data = state.unconsumed_tail
        # What follows the end of the packed data is not part of it.

    return unpack


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _host(url: str) -> str:
    with suppress(ValueError):
        return URL(url).host or "The address"
    return "The address"


def _refusal(host: str) -> str:
    return f"{host} leads to a private or reserved address. That is not called."

"""Real calls that show whether a key is valid and what a model can do. Few at a time, each with an end.

What they are refused with is the provider's own message, without the key, and goes to the person who asked.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from yarl import URL

from agent_app import probe_wire, provider_types
from agent_app.engine.providers import errors
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.sse import DataLines, LineTooLong
from agent_app.provider_types import Api
from config.lib import outbound
from config.lib.errors import Refused, Throttled
from config.lib.outbound import AddressRefused

_AT_ONCE = threading.BoundedSemaphore(2)  # a provider that stalls must not hold all threads of a web process
_MOST = 1_000_000  # bytes


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a probe goes. The key is never shown by it."""

    type: str
    base_url: str
    api_key: str = field(default="", repr=False)
    api: Api = "chat_completions"
    model: str = ""
    organization_id: str = ""
    label: str = ""

    @property
    def guarded(self) -> bool:
        """The operator's own addresses need no guard; all others do."""
        own = self.type in settings.PROVIDER_BASE_URLS and provider_types.own_address(self.type, self.base_url)
        return not own

    @property
    def endpoint(self) -> Endpoint:
        """The same for whoever words a refusal."""
        return Endpoint(
            provider=self.label, base_url=self.base_url, model=self.model, kind=self.type, api_key=self.api_key
        )


@dataclass(frozen=True)
class Check:
    """One thing a model can, cannot, or (None) did not show."""

    supported: bool | None
    ms: int = 0
    detail: str = ""


@dataclass(frozen=True)
class ModelReport:
    """What a test found. ``error``: it did not even answer; then nothing else is known."""

    error: str = ""
    first_token_ms: int = 0
    checks: dict[str, Check] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.error

    def stored(self) -> dict[str, Any]:
        return {
            "ok": self.ok, "error": self.error, "first_token_ms": self.first_token_ms,
            "checks": {name: vars(check) for name, check in self.checks.items()},
        }  # fmt: skip


def key_check(target: Target) -> None:
    """Ask the provider something that needs a valid key. Raises Refused with its own words."""
    with _few():
        try:
            asyncio.run(_key_check(target))
        except ProviderError as error:
            raise Refused(error.message, code="provider_refused", provider_status=error.status) from error


def model_check(target: Target) -> ModelReport:
    """Find out what a model can do."""
    with _few():
        return asyncio.run(_model_check(target))


@contextmanager
def _few() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=1):
        raise Throttled(_("Other tests are under way. Try again in a moment."), headers={"Retry-After": "5"})
    try:
        yield
    finally:
        _AT_ONCE.release()


def _session(target: Target) -> aiohttp.ClientSession:
    options: dict[str, Any] = {}
    if target.guarded:
        outbound.check_url(target.base_url, allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS)
        options = outbound.connector_options(allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS)
    bearer = "" if any(_search_key(target)) else target.api_key
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(**options),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=settings.PROVIDER_TEST_TIMEOUT),
        headers={"User-Agent": "Troupe", **probe_wire.headers(target.api, bearer, target.organization_id)},
        trust_env=False,
    )


async def _key_check(target: Target) -> None:
    info = provider_types.info(target.type)
    headers, query = _search_key(target)
    elsewhere = info.probe.startswith("https://")
    if elsewhere and target.base_url.rstrip("/") == info.base_url:
        url = info.probe
    else:
        url = target.base_url.rstrip("/") + ("/models" if elsewhere else info.probe)
    async with _session(target) as session:
        with _in_words(target):
            async with session.get(URL(url).update_query(query), headers=headers, allow_redirects=False) as response:
                body = await response.content.read(20_000)
                # A server of one's own need not list its models; that it answers is all there is to ask of it.
                unlisted = not info.needs_key and response.status in (404, 405)
                if response.status >= 300 and not unlisted:
                    raise errors.refused(target.endpoint, response.status, body, response.headers)


def _search_key(target: Target) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and query by which a search service is told the key; Google's is kept as ``key:engine``."""
    if target.type == "google_cse":
        key, _colon, engine = target.api_key.rpartition(":")
        return {}, {"key": key, "cx": engine}
    name = {"brave": "X-Subscription-Token", "bing": "Ocp-Apim-Subscription-Key"}.get(target.type)
    return ({name: target.api_key} if name else {}), {}


async def _model_check(target: Target) -> ModelReport:
    newer = target.type == "openai"
    async with _session(target) as session:
        try:
            first, streaming = await _hello(session, target, newer)
        except ProviderError as error:
            return ModelReport(error=error.message)
        asked = await asyncio.gather(
            _ask(session, target, probe_wire.call(target.api, target.model, newer=newer), calls=True),
            _ask(session, target, probe_wire.fill(target.api, target.model, newer=newer), calls=False),
        )
    return ModelReport(
        first_token_ms=first, checks={"streaming": streaming, "tools": asked[0], "structured_output": asked[1]}
    )


async def _hello(session: aiohttp.ClientSession, target: Target, newer: bool) -> tuple[int, Check]:
    """Milliseconds to the first bytes, and whether the answer came in pieces. Raises ProviderError."""
    begun = time.monotonic()
    first, pieces, lines = 0, 0, DataLines()
    with _in_words(target):
        async with session.post(
            _url(target),
            data=orjson.dumps(probe_wire.hello(target.api, target.model, newer=newer)),
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                body = await response.content.read(20_000)
                raise errors.refused(target.endpoint, response.status, body, response.headers)
            async for chunk in response.content.iter_any():
                first = first or _since(begun)
                pieces += probe_wire.streamed(lines.feed(chunk))
            pieces += probe_wire.streamed(lines.end())
    if not pieces:
        return first, Check(False, _since(begun), _("It answered in one piece, or with something else than an answer."))
    return first, Check(True, _since(begun))


async def _ask(session: aiohttp.ClientSession, target: Target, body: dict[str, Any], *, calls: bool) -> Check:
    begun = time.monotonic()
    try:
        with _in_words(target):
            async with session.post(_url(target), data=orjson.dumps(body), allow_redirects=False) as response:
                answered = await response.content.read(_MOST)
                if response.status != 200:
                    raise errors.refused(target.endpoint, response.status, answered, response.headers)
                answer = orjson.loads(answered)
                reads = probe_wire.called if calls else probe_wire.filled
                if reads(target.api, answer):
                    return Check(True, _since(begun))
    except ProviderError as error:
        # 4xx: this question is refused while the first was answered. Anything else says nothing about the model.
        refused = error.status in (400, 404, 405, 415, 422, 501)
        return Check(False if refused else None, _since(begun), error.message)
    if calls:
        return Check(None, _since(begun), _("It answered in words instead of calling the tool."))
    return Check(False, _since(begun), _("Its answer did not fit the schema."))


def _url(target: Target) -> str:
    return target.base_url.rstrip("/") + probe_wire.PATHS[target.api]


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def _without_key(body: bytes, target: Target) -> bytes:
    """A provider may quote the key it was given, and not every key looks like one."""
    key = target.api_key.encode()
    return body.replace(key, b"[redacted]") if key else body


@contextmanager
def _in_words(target: Target) -> Iterator[None]:
    """Whatever goes wrong on the way becomes a ProviderError that a person can act on."""
    name = target.label
    try:
        yield
    except AddressRefused as error:
        raise ProviderError("unreachable", str(error)) from error
    except TimeoutError as error:
        raise ProviderError("stalled", _("%(provider)s did not answer in time.") % {"provider": name}) from error
    except aiohttp.ClientConnectorError as error:
        why = str(error.os_error) if isinstance(error.os_error, AddressRefused) else error.strerror
        text = _("%(provider)s cannot be reached: %(why)s. Check the base URL.")
        raise ProviderError("unreachable", text % {"provider": name, "why": why}) from error
    except aiohttp.ClientError as error:
        text = _("%(provider)s ended the connection before it had answered.")
        raise ProviderError("cut", text % {"provider": name}) from error
    except (orjson.JSONDecodeError, LineTooLong, AttributeError, TypeError, KeyError, IndexError) as error:
        text = _("%(provider)s sent something that is not an answer.")
        raise ProviderError("malformed", text % {"provider": name}) from error

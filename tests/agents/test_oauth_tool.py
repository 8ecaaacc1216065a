"""Tokens are got when they are needed, kept encrypted, renewed once however many calls need one, and shown to nobody."""

import asyncio
import base64
import hashlib
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from asgiref.sync import async_to_sync
from django.conf import LazySettings
from django.utils import timezone

from agent_app.models import Credential
from agent_app.tools import egress, oauth
from agent_app.tools.http import HttpTool
from agent_app.tools.registry import ToolDefinition, ToolFailed
from tests.agents.tool_world import call, called, context_of, definition, saved
from tests.cast import Cast, Person
from tests.fakes.site import Site

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret
HTTP = HttpTool()

pytestmark = pytest.mark.django_db(transaction=True)


class Bank(Site):
    """An API and its authorization server. ``valid`` is the one token that the API takes."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0
        self.valid = ""
        self.lasts: Any = 3600
        self.refusal: dict[str, Any] | None = None
        self.on("/token", self._token)
        self.on("/x", self._api)

    async def _token(self, request: web.Request) -> web.Response:
        if self.refusal is not None:
            return web.json_response(self.refusal, status=400)
        self.given += 1
        self.valid = f"token-number-{self.given}"
        lasts = {} if self.lasts is None else {"expires_in": self.lasts}
        return web.json_response({"access_token": self.valid, "refresh_token": f"refresh-{self.given}", **lasts})

    async def _api(self, request: web.Request) -> web.Response:
        asked = request.headers.get("Authorization", "")
        return web.json_response({"said": asked}, status=200 if asked == f"Bearer {self.valid}" else 401)

    @property
    def asked(self) -> list[dict[str, str]]:
        return [seen.form for seen in self.seen if seen.path == "/token"]


@pytest.fixture
def bank(settings: LazySettings) -> Any:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    with Bank() as bank:
        yield bank


def account(person: Person, bank: Bank, **auth: Any) -> ToolDefinition:
    values = {
        "type": "oauth2",
        "client_id": "me",
        "client_secret": SECRET,
        "token_url": f"{bank.base_url}/token",
        "scope": "read",
    }
    return saved(person, HTTP, {"url": f"{bank.base_url}/x", "auth": values | auth})


def test_the_clients_own_secret_gets_a_token_that_is_used_until_it_ends(bank: Bank, cast: Cast) -> None:
    tool = account(cast.bob, bank)
    for _ in range(2):
        assert called(cast.bob, HTTP, tool, {}).value == {"said": "Bearer [redacted]"}
    assert bank.asked == [{"grant_type": "client_credentials", "scope": "read"}]
    told = base64.b64decode(bank.seen[0].headers["authorization"].removeprefix("Basic ")).decode()
    assert told == f"me:{SECRET}"
    row = Credential.objects.get()
    assert bank.valid not in row.tokens_encrypted and row.tokens["access_token"] == bank.valid
    Credential.objects.update(tokens_expire_at=timezone.now())
    called(cast.bob, HTTP, tool, {})
    assert bank.given == 2


def test_a_token_that_is_refused_early_is_renewed_once(bank: Bank, cast: Cast) -> None:
    tool = account(cast.bob, bank)
    called(cast.bob, HTTP, tool, {})
    bank.valid = "revoked"
    called(cast.bob, HTTP, tool, {})
    assert bank.given == 2

    async def never(_request: web.Request) -> web.Response:
        return web.Response(status=401)

    bank.on("/x", never)
    with pytest.raises(ToolFailed, match="401"):
        called(cast.bob, HTTP, tool, {})
    assert bank.given == 3


def test_many_calls_at_once_renew_once(bank: Bank, cast: Cast) -> None:
    tool = account(cast.bob, bank)

    async def together() -> list[Any]:
        try:
            return await asyncio.gather(*(call(HTTP, tool, context_of(cast.bob), {}) for _ in range(8)))
        finally:
            await egress.close()

    assert len(asyncio.run(together())) == 8
    assert bank.given == 1


def test_a_token_that_was_asked_for_is_kept_though_its_call_was_cancelled(bank: Bank, cast: Cast) -> None:
    """Its server may have given another refresh token by then, and take the old one no more."""
    tool, asked, go = account(cast.bob, bank), threading.Event(), threading.Event()

    async def slow(request: web.Request) -> web.Response:
        given = await bank._token(request)
        asked.set()
        await asyncio.to_thread(go.wait, 60)
        return given

    bank.on("/token", slow)

    async def cancelled() -> None:
        try:
            task = asyncio.create_task(call(HTTP, tool, context_of(cast.bob), {}))
            assert await asyncio.to_thread(asked.wait, 60)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            go.set()
            await call(HTTP, tool, context_of(cast.bob), {})
        finally:
            await egress.close()

    asyncio.run(cancelled())
    assert bank.given == 1
    assert Credential.objects.get().tokens["refresh_token"] == "refresh-1"


def test_the_server_may_want_the_secret_in_the_body(bank: Bank, cast: Cast) -> None:
    called(cast.bob, HTTP, account(cast.bob, bank, client_auth="body", audience="them"), {})
    assert bank.asked[0] == {
        "grant_type": "client_credentials", "scope": "read", "audience": "them", "client_id": "me", "client_secret": SECRET,
    }  # fmt: skip


@pytest.mark.parametrize(
    "refusal",
    [
        {"error": "invalid_client", "error_description": f"not {SECRET}"},
        {"error": "x" * 9000},
        {"access_token": 7},
        ["?"],
    ],
)
def test_a_refusal_is_told_without_the_secret(bank: Bank, cast: Cast, refusal: Any) -> None:
    bank.refusal = refusal
    with pytest.raises(ToolFailed) as failed:
        called(cast.bob, HTTP, account(cast.bob, bank), {})
    assert failed.value.code == "oauth" and SECRET not in failed.value.message and len(failed.value.message) <= 500


def test_another_secret_forgets_the_old_ones_tokens(bank: Bank, cast: Cast) -> None:
    tool = account(cast.bob, bank)
    called(cast.bob, HTTP, tool, {})
    auth = tool.params["auth"] | {"client_secret": "another-secret-entirely"}
    saved(cast.bob, HTTP, tool.params | {"auth": auth}, old=tool)
    row = Credential.objects.get()
    assert (row.tokens, row.tokens_expire_at) == ({}, None)


def test_a_persons_consent_gets_tokens_that_renew_themselves(bank: Bank, cast: Cast) -> None:
    tool = account(cast.bob, bank, grant="authorization_code", authorize_url=f"{bank.base_url}/authorize?x=1")
    with pytest.raises(ToolFailed, match="Connect it"):
        called(cast.bob, HTTP, tool, {})
    row, verifier = Credential.objects.get(), oauth.new_verifier()
    url = oauth.consent_url(row, redirect_uri="https://us/back", state="s", verifier=verifier)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert url.startswith(f"{bank.base_url}/authorize?x=1&") and asked == {
        "x": "1", "response_type": "code", "client_id": "me", "redirect_uri": "https://us/back", "state": "s", "scope": "read",
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip

    async def come_back() -> None:
        await oauth.take_code(row, code="c", redirect_uri="https://us/back", verifier=verifier)
        await egress.close()

    async_to_sync(come_back)()
    assert bank.asked[-1] == {
        "grant_type": "authorization_code", "code": "c", "redirect_uri": "https://us/back", "code_verifier": verifier,
    }  # fmt: skip
    called(cast.bob, HTTP, tool, {})
    Credential.objects.update(tokens_expire_at=timezone.now())
    called(cast.bob, HTTP, tool, {})
    assert bank.asked[-1] == {"grant_type": "refresh_token", "refresh_token": "refresh-1"}
    assert Credential.objects.get().tokens["refresh_token"] == "refresh-2"


def test_a_token_server_inside_is_not_asked(bank: Bank, cast: Cast, settings: LazySettings) -> None:
    tool = account(cast.bob, bank)
    settings.OUTBOUND_ALLOWED_HOSTS = []
    with pytest.raises(ToolFailed) as failed:
        called(cast.bob, HTTP, tool, {})
    assert failed.value.code == "address_refused" and bank.seen == []


def test_tokens_go_where_their_secret_may_go(bank: Bank, cast: Cast) -> None:
    tool = account(cast.bob, bank)
    elsewhere = definition(
        "http", tool.params | {"auth": tool.params["auth"] | {"token_url": "https://evil.example/token"}},
        credential_id=tool.credential_id,
    )  # fmt: skip
    with pytest.raises(ToolFailed, match="another address"):
        called(cast.bob, HTTP, elsewhere, {})
    assert bank.seen == []

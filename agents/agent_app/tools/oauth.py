"""OAuth 2.0 tokens: got with the client's own secret or with a person's consent, kept encrypted, renewed when they end.

However many calls find a token ended, one of them renews it and the others take what it got: authorization servers revoke
a refresh token that is used twice.
"""

import asyncio
import base64
import hashlib
import logging
import secrets as random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import RedisError
from yarl import URL

from agent_app import credentials
from agent_app.models import Credential
from agent_app.tools import egress
from agent_app.tools.egress import Outgoing
from agent_app.tools.registry import ToolFailed
from config.lib import redis
from config.lib.db import in_db
from config.lib.secrets import DecryptionError

logger = logging.getLogger(__name__)

_EARLY = timedelta(seconds=30)  # a token that ends on its way is of no use
_TIME = 20.0
_WAIT = 25.0
_MOST = 256 * 1024


async def access_token(row: Credential, values: Mapping[str, str], *, renew: bool = False) -> str:
    """A token that can be used now. ``renew``: the one of ``row`` was refused. Raises ToolFailed."""
    found = _tokens(row)
    if not renew and (token := _usable(row, found)):
        return token
    task = asyncio.create_task(_renewed_once(row, values, found, renew=renew))
    _renewals.add(task)
    task.add_done_callback(_renewed_or_not)
    await asyncio.wait([task])  # a cancel of who waits is none of the task
    return task.result()


# What is under way goes on though its run is cancelled: a server that has given another refresh token takes the old one no more.
_renewals: set["asyncio.Task[str]"] = set()


def _renewed_or_not(task: "asyncio.Task[str]") -> None:
    _renewals.discard(task)
    if not task.cancelled():
        task.exception()  # perhaps nobody waits to be told


async def _renewed_once(row: Credential, values: Mapping[str, str], found: Mapping[str, Any], *, renew: bool) -> str:
    async with _alone(row.id):
        now = await in_db(credentials.find, row.workspace_id, row.id)
        tokens = _tokens(now)
        if (token := _usable(now, tokens)) and (not renew or token != found.get("access_token")):
            return token
        return await _renewed(now, values, tokens)


async def token_once(row: Credential, values: Mapping[str, str]) -> str:
    """A token for a credential that is not saved yet: only the client's own secret can give one. Raises ToolFailed."""
    if row.config.get("grant") == "authorization_code":
        raise ToolFailed("Save the tool, connect it, and then look what it offers.", code="oauth")
    return str((await _ask(row, values, _client_credentials(row)))["access_token"])


def return_address() -> str:
    """Where sites send people back to; it must be registered there."""
    return f"{settings.BASE_URL.rstrip('/')}{reverse('agents:connected')}"


def consent_url(row: Credential, *, redirect_uri: str, state: str, verifier: str) -> str:
    """Where a person agrees. ``verifier`` binds the code that comes back to whoever asked for it (PKCE)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code", "client_id": row.config["client_id"], "redirect_uri": redirect_uri, "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256",
    }  # fmt: skip
    asked |= {name: row.config[name] for name in ("scope", "audience") if row.config.get(name)}
    return str(URL(row.config["authorize_url"]).update_query(asked))


def new_verifier() -> str:
    return random.token_urlsafe(48)


async def take_code(row: Credential, *, code: str, redirect_uri: str, verifier: str) -> None:
    """Exchange the code that a person came back with. Raises ToolFailed."""
    values = credentials.values_for(row, row.audience)
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    await _keep(row, await _ask(row, values, asked), {})


async def _renewed(row: Credential, values: Mapping[str, str], tokens: Mapping[str, Any]) -> str:
    if row.config.get("grant") == "authorization_code":
        if not tokens.get("refresh_token"):
            raise ToolFailed("This tool is not connected, or its connection has ended. Connect it again.", code="oauth")
        asked = {"grant_type": "refresh_token", "refresh_token": str(tokens["refresh_token"])}
    else:
        asked = _client_credentials(row)
    return await _keep(row, await _ask(row, values, asked), tokens)


def _client_credentials(row: Credential) -> dict[str, str]:
    named = {name: str(row.config[name]) for name in ("scope", "audience") if row.config.get(name)}
    return {"grant_type": "client_credentials", **named}


async def _ask(row: Credential, values: Mapping[str, str], asked: dict[str, str]) -> dict[str, Any]:
    """What the authorization server gives. Raises ToolFailed with its own words, without secrets."""
    secret = values.get("auth.client_secret", "")
    client = str(row.config.get("client_id", ""))
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    if secret and row.config.get("client_auth", "basic") == "basic":
        pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    else:
        asked = {**asked, "client_id": client} | ({"client_secret": secret} if secret else {})
    answer = await egress.send(
        Outgoing(
            method="POST", url=row.config["token_url"], headers=headers, body=urlencode(asked).encode(), follow=False
        ),
        budget=None, timeout_s=_TIME, most=_MOST,
    )  # fmt: skip
    try:
        given = answer.json()
    except ValueError:
        given = None
    if answer.status == 200 and isinstance(given, dict) and isinstance(given.get("access_token"), str):
        return given
    why = str(given.get("error_description") or given.get("error") or "") if isinstance(given, dict) else ""
    hidden = dict(values)
    hidden |= {name: asked[name] for name in ("refresh_token", "code", "code_verifier") if name in asked}
    text = f"The authorization server gave no token (status {answer.status}): {why or 'no reason was given'}."
    raise ToolFailed(egress.scrub(text, hidden)[:500], code="oauth")


async def _keep(row: Credential, given: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    tokens = {
        "access_token": given["access_token"],
        "refresh_token": given.get("refresh_token") or old.get("refresh_token", ""),
    }
    lasts = given.get("expires_in")
    until = None
    if isinstance(lasts, int | float | str) and str(lasts).isdigit():
        until = timezone.now() + timedelta(seconds=min(int(lasts), 366 * 86_400))
    await in_db(_save, row, tokens, until)
    return str(tokens["access_token"])


@transaction.atomic
def _save(row: Credential, tokens: Mapping[str, Any], until: Any) -> None:
    """Unless other secrets were entered meanwhile: these tokens are not for them."""
    row.set_tokens(dict(tokens))
    Credential.objects.filter(id=row.id, values_encrypted=row.values_encrypted).update(
        tokens_encrypted=row.tokens_encrypted, tokens_expire_at=until, updated_at=timezone.now()
    )


def _tokens(row: Credential) -> dict[str, Any]:
    try:
        return row.tokens
    except DecryptionError:
        return {}


def _usable(row: Credential, tokens: Mapping[str, Any]) -> str:
    if row.tokens_expire_at is not None and row.tokens_expire_at < timezone.now() + _EARLY:
        return ""
    return str(tokens.get("access_token", ""))


@asynccontextmanager
async def _alone(credential_id: UUID) -> AsyncIterator[None]:
    """One at a time over all processes; where Valkey is away, over this one."""
    async with _local_lock(credential_id):
        lock = redis.loop_client().lock(f"oauth:{credential_id}", timeout=_WAIT + 5, blocking_timeout=_WAIT)
        try:
            held = await lock.acquire()
        except RedisError:
            logger.warning("a token is renewed without the lock: Valkey does not answer")
            held = False
        try:
            yield
        finally:
            if held:
                try:
                    await lock.release()
                except RedisError:
                    logger.warning("a lock was not given back: it ends by itself")


_locks: dict[tuple[int, UUID], asyncio.Lock] = {}


@asynccontextmanager
async def _local_lock(credential_id: UUID) -> AsyncIterator[None]:
    key = (id(asyncio.get_running_loop()), credential_id)
    lock = _locks.setdefault(key, asyncio.Lock())
    async with lock:
        yield
    if not lock.locked():
        _locks.pop(key, None)

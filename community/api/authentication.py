"""How a request says who it comes from: an access token, or the browser's session. The same for views, plain async views and sockets."""

from dataclasses import dataclass, replace
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.http.request import validate_host
from django.utils.translation import gettext as _
from rest_framework import authentication
from rest_framework.request import Request

from community import opaque
from community.access import (
    Actor,
    find_actor,
    find_token_actor,
    get_actor,
    known_actor,
    remember_actor,
    sign_in_lasts,
)
from community.models import User
from community.services.api_tokens import token_note_use
from community.tokens import AccessToken, invalid
from config.lib import audit, http
from config.lib.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from config.lib.ids import parse_uuid

SUBPROTOCOL = "troupe.bearer"
_CREDENTIAL_NAMES = frozenset({"token", "access_token", "api_key", "authorization"})


@dataclass(frozen=True, slots=True)
class TokenUse:
    """``request.auth`` of a request that came with an API token: which has its own share of the general limit."""

    actor: Actor

    @property
    def throttle_key(self) -> str:
        return f"token:{self.actor.token_id}"


class ApiTokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer trp_…``. One query finds the token, its maker, and their role in its workspace."""

    def authenticate(self, request: Request) -> tuple[User, TokenUse] | None:
        refuse_credentials_in_address(request._request)
        text = _bearer(request._request)
        if text is None or not opaque.looks_like_token(text):
            return None
        found = find_token_actor(text)
        if found is None:
            raise invalid()
        actor, last_used_at = found
        plain = request._request
        if _malformed_workspace(plain) or _wanted_workspace(plain) not in (None, actor.workspace_id):
            raise NotFound(_("There is no such workspace."))
        token_note_use(token_id=actor.token_id, last_used_at=last_used_at)  # type: ignore[arg-type]  # it is a token's
        audit.token_id.set(actor.token_id)
        remember_actor(plain, actor)
        return actor.user, TokenUse(actor)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class AccessTokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer <access token>``. One query finds the person together with their role in the workspace."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        text = _bearer(request._request)
        if text is None:
            return None
        token = AccessToken.read(text)
        actor = (
            None
            if _malformed_workspace(request._request)
            else find_actor(token.user_id, _wanted_workspace(request._request), token.family_id)
        )
        user = token.check_user(actor.user if actor else User.objects.filter(id=token.user_id).first())
        if actor is None and not sign_in_lasts(user.id, token.family_id):
            raise invalid()
        if actor is not None:
            remember_actor(request._request, _signed_in_by(actor, token))
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session cookie; whatever changes something must carry the CSRF token."""


def _bearer(request: HttpRequest) -> str | None:
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def refuse_credentials_in_address(request: HttpRequest) -> None:
    """Addresses end in logs, histories and Referer headers. Raises InvalidInput ``token_in_url``."""
    for name, values in request.GET.lists():
        if name.lower() in _CREDENTIAL_NAMES or any(opaque.looks_like_token(value) for value in values):
            raise InvalidInput(
                _("Never put a token into an address. Revoke this one, and send the next in the Authorization header."),
                code="token_in_url",
            )


def identify(request: HttpRequest | Request, action: str | None = None) -> Actor:
    """Who asks, in the workspace named by ``X-Workspace`` (else their current one), and whether they may do ``action``.

    Found once a request. For REST framework's requests this only adds the workspace; plain requests are authenticated and
    counted here. Runs queries. Raises Unauthenticated, NotFound (no such workspace, or not theirs), Forbidden, Throttled.
    """
    actor = _identified(request)
    if action is not None:
        actor.require(action)
    return actor


def _identified(request: HttpRequest | Request) -> Actor:
    plain = request._request if isinstance(request, Request) else request
    if (actor := known_actor(plain)) is not None:
        return actor
    user, auth = (request.user, request.auth) if isinstance(request, Request) else http.authenticate(request)
    if not isinstance(user, User):
        raise Unauthenticated(_("Send an access token, or sign in."), headers={"WWW-Authenticate": "Bearer"})
    if (actor := known_actor(plain)) is not None:  # the access token's authentication found it
        return actor
    if _malformed_workspace(plain):
        raise NotFound(_("There is no such workspace."))
    actor = get_actor(user, _wanted_workspace(plain))
    return remember_actor(plain, _signed_in_by(actor, auth) if isinstance(auth, AccessToken) else actor)


def _signed_in_by(actor: Actor, token: AccessToken) -> Actor:
    return replace(actor, family_id=token.family_id, until=token.ends_at)


def _wanted_workspace(request: HttpRequest) -> UUID | None:
    return parse_uuid(request.headers.get("X-Workspace"))


def _malformed_workspace(request: HttpRequest) -> bool:
    return bool(request.headers.get("X-Workspace")) and _wanted_workspace(request) is None


def identify_scope(scope: dict[str, Any]) -> Actor:
    """Who opens a WebSocket: by Authorization header, subprotocol ``troupe.bearer,<token>``, or session cookie.

    A browser sends cookies along wherever the page came from, therefore the session counts only from a page of ours
    (``Origin``). Runs queries. Raises Unauthenticated, Forbidden, NotFound, Throttled.
    """
    request = ASGIRequest({**scope, "type": "http", "method": "GET"}, BytesIO())
    subprotocols = scope.get("subprotocols") or []
    if "HTTP_AUTHORIZATION" not in request.META and len(subprotocols) > 1 and subprotocols[0] == SUBPROTOCOL:
        request.META["HTTP_AUTHORIZATION"] = f"Bearer {subprotocols[1]}"
    if "HTTP_AUTHORIZATION" not in request.META:
        _check_origin(request)
        engine = import_module(settings.SESSION_ENGINE)
        request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        request.user = get_user(request)
    return identify(request)


def _check_origin(request: HttpRequest) -> None:
    host = urlsplit(request.headers.get("Origin", "")).hostname or ""
    if not validate_host(host, settings.ALLOWED_HOSTS):
        raise Forbidden(_("This page may not connect here."), code="origin")

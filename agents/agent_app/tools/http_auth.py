"""How a call says who it is: what is added to a request for each kind of ``auth``."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from agent_app import credentials, integrations, secret_paths
from agent_app.models import Credential
from agent_app.tools import egress, oauth
from agent_app.tools.egress import Outgoing
from agent_app.tools.http_params import AUTH_SECRETS, auth_of
from agent_app.tools.registry import Params, ToolDefinition, ToolFailed
from config.lib.db import in_db

_OAUTH_CONFIG = ("grant", "token_url", "authorize_url", "client_id", "client_auth", "scope", "audience")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What is added to every request of a call. ``secret`` is all that must not be seen in an answer, however it is called."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict)
    renewable: bool = False

    def on(self, request: Outgoing) -> Outgoing:
        """The request with it. A header of the tool's own of the same name gives way."""
        own = {name.lower() for name in self.headers}
        kept = {name: value for name, value in request.headers.items() if name.lower() not in own}
        return replace(request, headers={**kept, **self.headers})


def secret_paths_of(params: Mapping[str, Any]) -> tuple[str, ...]:
    return AUTH_SECRETS.get(str(auth_of(params).get("type")), ())


def audience_of(params: Mapping[str, Any]) -> str:
    """Where secrets go: to the tool's own address, and with OAuth to where tokens are given."""
    auth = auth_of(params)
    if auth.get("type") in (None, "none"):
        return ""
    own = egress.origin(str(params.get("url") or "").partition("{")[0])
    return f"{own} {egress.origin(str(auth.get('token_url')))}" if auth["type"] == "oauth2" else own


def oauth_config(params: Mapping[str, Any]) -> dict[str, Any]:
    auth = auth_of(params)
    return {name: auth[name] for name in _OAUTH_CONFIG if auth.get(name)} if auth.get("type") == "oauth2" else {}


async def identity(tool: ToolDefinition, workspace_id: UUID, *, renew: bool = False) -> Identity:
    """What a call of ``tool`` says. ``renew``: the token that was used was refused. Raises ToolFailed where secrets are missing."""
    if tool.params.get("integration"):
        tool = await in_db(integrations.applied, tool, workspace_id)
    kind = auth_of(tool.params)["type"]
    if kind == "none":
        return Identity()
    if not tool.credential_id:
        raise ToolFailed("The secrets of this tool have not been entered here.", code="credential")
    row = await in_db(credentials.find, workspace_id, tool.credential_id)
    values = credentials.values_for(row, audience_of(tool.params))
    if kind == "oauth2":
        return await _by_oauth(row, values, renew=renew)
    return _plain(tool.params, values)


async def identity_of(workspace_id: UUID, params: Params, old: ToolDefinition | None) -> Identity:
    """The same for params that are about to be saved: with the secrets among them, and those that ``old`` keeps.

    Raises ToolFailed, also for OAuth before it was saved: there are no tokens yet.
    """
    if params.get("integration"):
        return await identity(ToolDefinition(id="", name="", type="", params=params), workspace_id)
    kind = auth_of(params)["type"]
    if kind == "none":
        return Identity()
    given = {
        place: value for path in secret_paths_of(params) for place, value in secret_paths.found(params, path).items()
    }
    fresh = {place: value for place, value in given.items() if isinstance(value, str)}
    if old is not None and old.credential_id and (kind == "oauth2" or len(fresh) < len(given) or not given):
        kept = await identity(replace(old, params=params), workspace_id)
        if kind == "oauth2" or not fresh:
            return kept
        fresh = {**kept.secret, **fresh}
    if kind == "oauth2":
        row = Credential(workspace_id=workspace_id, config=oauth_config(params), audience=audience_of(params))
        token = await oauth.token_once(row, fresh)
        return Identity(headers={"Authorization": f"Bearer {token}"}, secret={**fresh, "access_token": token})
    return _plain(params, fresh)


def _plain(params: Params, values: Mapping[str, str]) -> Identity:
    auth = secret_paths.with_values(params, values)["auth"]
    try:
        return _BY_KIND[auth["type"]](auth, values)
    except KeyError as error:
        raise ToolFailed(f"A secret of this tool is missing: {error.args[0]}.", code="credential") from error


def _api_key(auth: dict[str, Any], values: Mapping[str, str]) -> Identity:
    pair = {auth["name"]: auth["value"]}
    if auth.get("in", "header") == "query":
        return Identity(query=pair, secret=values)
    return Identity(headers=pair, secret=values)


def _bearer(auth: dict[str, Any], values: Mapping[str, str]) -> Identity:
    return Identity(headers={"Authorization": f"Bearer {auth['token']}"}, secret=values)


def _basic(auth: dict[str, Any], values: Mapping[str, str]) -> Identity:
    packed = base64.b64encode(f"{auth['username']}:{auth['password']}".encode()).decode()
    return Identity(headers={"Authorization": f"Basic {packed}"}, secret={**values, "basic": packed})


def _headers(auth: dict[str, Any], values: Mapping[str, str]) -> Identity:
    return Identity(headers=dict(auth["headers"]), secret=values)


_BY_KIND = {"api_key": _api_key, "bearer": _bearer, "basic": _basic, "headers": _headers}


async def _by_oauth(row: Credential, values: Mapping[str, str], *, renew: bool) -> Identity:
    token = await oauth.access_token(row, values, renew=renew)
    return Identity(
        headers={"Authorization": f"Bearer {token}"}, secret={**values, "access_token": token}, renewable=not renew
    )

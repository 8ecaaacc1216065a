"""How requests say who they are. Keys and passwords come from the environment."""

import base64
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode
from urllib.request import Request

from agent_app.engine.exported.web import ask


@dataclass(frozen=True)
class Identity:
    """What a request says of who sends it."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def hidden_in(self, value: Any) -> Any:
        """JSON without the secrets, should a server repeat them."""
        if isinstance(value, dict):
            return {self.hidden_in(name): self.hidden_in(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.hidden_in(part) for part in value]
        if isinstance(value, str):
            said = [word for each in [*self.headers.values(), *self.query.values()] for word in each.split()]
            for word in sorted(said, key=len, reverse=True):
                value = value.replace(word, "[redacted]") if len(word) > 6 else value
        return value


Auth = Callable[[], Identity]


def secret(variable: str) -> str:
    """A key or a password: this file holds none."""
    if variable not in os.environ:
        raise ValueError(f"The environment variable {variable} is not set.")
    return os.environ[variable]


def nobody() -> Identity:
    return Identity()


def header(name: str, variable: str) -> Auth:
    """A key in a header of its own."""
    return lambda: Identity(headers={name: secret(variable)})


def parameter(name: str, variable: str) -> Auth:
    """A key in the query."""
    return lambda: Identity(query={name: secret(variable)})


def secret_headers(variable: str) -> Auth:
    """Several headers, as JSON: {"X-Account": "…", "X-Key": "…"}."""
    return lambda: Identity(headers=json.loads(secret(variable)))


def bearer(variable: str) -> Auth:
    return lambda: Identity(headers={"Authorization": f"Bearer {secret(variable)}"})


def basic(user: str, variable: str) -> Auth:
    return lambda: Identity(headers={"Authorization": f"Basic {packed(user, secret(variable))}"})


def packed(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def client_credentials(token_url: str, client_id: str, variable: str, *, in_body: bool = False, **more: str) -> Auth:
    """OAuth 2.0: a token that the client gets with its own secret, used until it ends."""
    kept: dict[str, Any] = {"until": 0.0}

    def identity() -> Identity:
        if time.time() >= kept["until"]:
            asked = {"grant_type": "client_credentials", **more}
            headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
            if in_body:
                asked |= {"client_id": client_id, "client_secret": secret(variable)}
            else:
                pair = packed(quote_plus(client_id), quote_plus(secret(variable)))
                headers["Authorization"] = f"Basic {pair}"
            status, _headers, body = ask(Request(token_url, urlencode(asked).encode(), headers))  # noqa: S310
            if status != 200:
                raise ValueError(f"{token_url} gave no token (status {status}).")
            given = json.loads(body)
            kept.update(token=given["access_token"], until=time.time() + float(given.get("expires_in") or 300) - 30)
        return Identity(headers={"Authorization": f"Bearer {kept['token']}"})

    return identity

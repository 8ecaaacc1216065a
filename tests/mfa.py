"""Authenticator apps for tests: what a phone shows, now or a step away."""

import re
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client
from django.utils import timezone

from community.models import User

PERIOD = 30


def step_now() -> int:
    return int(timezone.now().timestamp()) // PERIOD


_seen_in: dict[str, int] = {}


def code_of(secret: str, steps: int = 0) -> str:
    """What the app shows now, or ``steps`` half minutes from now.

    Its clock stands still from the first time it is looked at: a half minute that begins within a test changes nothing, for the
    server takes the step before as well.
    """
    return str(format_hotp_value(hotp_value(secret, _seen_in.setdefault(secret, step_now()) + steps)))


def turn_on(user: User) -> str:
    """Give ``user`` an authenticator; answers its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def turn_on_by_page(client: Client, password: str) -> str:
    """The same as a person does it, signed in by ``client``; answers the secret that the page showed."""
    client.post("/accounts/reauthenticate/", {"password": password})
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    found = re.search(r'id="totp-secret">([A-Z2-7]+)<', page)
    assert found is not None, page
    response: Any = client.post("/accounts/2fa/totp/activate/", {"code": code_of(found[1])})
    assert response.status_code == 302, response.content.decode()
    return found[1]

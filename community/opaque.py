"""The random secrets that people and programs carry: API tokens, invitation links. Pure.

Only a keyed digest of one is stored, so whoever reads the table holds nothing; and because the digest is found by an index,
how long the search takes says nothing about the secret.
"""

import secrets
import string

from django.utils.crypto import salted_hmac

TOKEN_PREFIX = "trp_"  # noqa: S105  # how every API token begins
TOKEN_LENGTH = len(TOKEN_PREFIX) + 40
_ALPHABET = string.ascii_letters + string.digits


def new_token() -> str:
    """A new API token: ``trp_`` and 40 letters and digits (238 bits)."""
    return TOKEN_PREFIX + "".join(secrets.choice(_ALPHABET) for _position in range(40))


def new_link() -> str:
    """What makes an invitation's link (256 bits)."""
    return secrets.token_urlsafe(32)


def looks_like_token(text: str) -> bool:
    return text.startswith(TOKEN_PREFIX)


def digest(secret: str, *, purpose: str) -> str:
    """What is stored of ``secret``: HMAC-SHA256 under a key of its own for each purpose, derived from SECRET_KEY."""
    return salted_hmac(f"troupe.{purpose}.v1", secret, algorithm="sha256").hexdigest()

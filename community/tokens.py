"""The signed tokens (JWT, HS256) that programs and the API's sign-in use. Pure: signs and checks, touches no row.

Claims are few: ``sub`` (the person), ``ver`` (User.credential_stamp: a new password ends every token), ``typ`` (so that one
kind cannot pass for another), ``jti``, ``iat``, ``exp``, ``iss``; those of a sign-in also name its family, ``fam``.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

from community.models import User
from config.lib.errors import Unauthenticated
from config.lib.ids import parse_uuid


class SignedToken(Token):
    """What the three kinds have in common."""

    payload: dict[str, Any]

    @classmethod
    def issue(cls, user: User, **claims: str) -> Self:
        token = cls()
        token["sub"] = str(user.id)
        token["ver"] = user.credential_stamp
        for name, value in claims.items():
            token[name] = value
        return token

    @classmethod
    def read(cls, text: str) -> Self:
        """The token behind ``text``. Raises Unauthenticated where it is forged, expired or of another kind."""
        try:
            token = cls(text)  # type: ignore[arg-type]  # simplejwt declares the encoded form as Token
        except TokenError as error:
            raise invalid() from error
        if parse_uuid(token.get("sub")) is None or ("fam" in token and token.family_id is None):
            raise invalid()
        return token

    @property
    def user_id(self) -> UUID:
        return UUID(self.payload["sub"])

    @property
    def id(self) -> UUID:
        return UUID(self.payload["jti"])

    @property
    def family_id(self) -> UUID | None:
        """The sign-in this token belongs to."""
        return parse_uuid(self.get("fam"))

    @property
    def ends_at(self) -> datetime:
        return datetime.fromtimestamp(self.payload["exp"], tz=UTC)

    def check_user(self, user: User | None) -> User:
        """``user`` where the token still speaks for them. Raises Unauthenticated."""
        if (
            user is None
            or user.id != self.user_id
            or not user.is_active
            or not constant_time_compare(str(self.get("ver")), user.credential_stamp)
        ):
            raise invalid()
        return user


class AccessToken(SignedToken):
    token_type = "access"  # noqa: S105
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(SignedToken):
    token_type = "refresh"  # noqa: S105
    lifetime = settings.REFRESH_TOKEN_LIFETIME


class MfaToken(SignedToken):
    """Says that the password was right; good for nothing but the second step."""

    token_type = "mfa"  # noqa: S105
    lifetime = timedelta(minutes=5)


def invalid() -> Unauthenticated:
    """One error for every way in which a token can be wrong."""
    return Unauthenticated(
        _("This token is not valid, or no longer. Sign in again."),
        code="token_invalid",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )

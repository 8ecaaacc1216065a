"""What a person's account pages and the API show about how they sign in. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from community import devices
from community.models import BrowserSession, RefreshFamily, User

_MOST = 100  # of each kind; older ones end with "everywhere"


@dataclass(frozen=True)
class SignIn:
    """One place where a person is signed in. ``kind`` is ``browser`` or ``program``."""

    id: UUID
    kind: str
    device: devices.Device
    ip: str | None
    created_at: datetime
    last_seen_at: datetime
    current: bool


def sign_ins(user: User, *, session_key: str | None = None, family_id: UUID | None = None) -> list[SignIn]:
    """Where ``user`` is signed in: the one that asks first, then the last seen. Two queries."""
    live = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    browsers = BrowserSession.objects.filter(user=user, session_key__in=live).order_by("-last_seen_at")[:_MOST]
    programs = RefreshFamily.objects.alive().filter(user=user).order_by("-last_seen_at")[:_MOST]
    found = [_sign_in(row, "browser", current=row.session_key == session_key) for row in browsers]
    found += [_sign_in(row, "program", current=row.id == family_id) for row in programs]
    return sorted(found, key=lambda one: (one.current, one.last_seen_at), reverse=True)


def _sign_in(row: BrowserSession | RefreshFamily, kind: str, *, current: bool) -> SignIn:
    return SignIn(
        id=row.id,
        kind=kind,
        device=devices.describe(row.user_agent),
        ip=row.ip,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        current=current,
    )


@dataclass(frozen=True)
class SecondFactor:
    on: bool
    last_used_at: datetime | None
    recovery_codes_left: int


def second_factor(user: User) -> SecondFactor:
    """Whether ``user`` is asked for a code, and how many recovery codes they have left. One query."""
    rows = {row.type: row for row in Authenticator.objects.filter(user=user)}
    totp, codes = rows.get(Authenticator.Type.TOTP), rows.get(Authenticator.Type.RECOVERY_CODES)
    return SecondFactor(
        on=totp is not None,
        last_used_at=totp.last_used_at if totp else None,
        recovery_codes_left=len(codes.wrap().get_unused_codes()) if codes else 0,
    )


@dataclass(frozen=True)
class Connection:
    """A site that is set up for signing in, and the accounts there through which a person comes in here."""

    provider: str
    name: str
    connect_url: str
    accounts: list[SocialAccount]


def connections(request: HttpRequest, user: User) -> list[Connection]:
    """The sites that are set up for signing in, each with the accounts of ``user`` there. One query."""
    providers = get_social_adapter().list_providers(request)
    if not providers:
        return []
    accounts = list(SocialAccount.objects.filter(user=user).order_by("id"))
    found = []
    for provider in providers:
        name = provider.app.provider_id or provider.id
        theirs = [account for account in accounts if account.provider == name]
        found.append(Connection(name, provider.name, _connect_url(request, provider), theirs))
    return found


def _connect_url(request: HttpRequest, provider: Any) -> str:
    """What a browser opens to connect a site: past the sign-in, where it is not signed in yet, to our question."""
    ask = provider.get_login_url(request, process="connect", next=reverse("settings_security"))
    return f"{settings.BASE_URL}{reverse('account_login')}?{urlencode({'next': ask})}"

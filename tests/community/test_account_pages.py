"""Every page of django-allauth that can be reached is ours: our frame, our words, no script and no style inside."""

import re
from pathlib import Path
from typing import Any

import allauth
import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client, RequestFactory
from pytest_django import Settings

from community.adapters import AccountAdapter
from community.services.people import person_register
from tests.architecture.source import ROOT
from tests.cast import PASSWORD, fresh_address
from tests.mfa import turn_on
from tests.walk import addresses

INLINE = re.compile(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)

# What must be there before a page shows itself, by the route of the page; any other needs nothing.
VISITOR, PERSON = "visitor", "person"
PAGES = {
    "accounts/login/": VISITOR,
    "accounts/signup/": VISITOR,
    "accounts/inactive/": VISITOR,
    "accounts/confirm-email/": VISITOR,
    "accounts/confirm-email/<key>/": VISITOR,
    "accounts/password/reset/": VISITOR,
    "accounts/password/reset/done/": VISITOR,
    "accounts/password/reset/key/<uidb36>-<key>/": VISITOR,
    "accounts/password/reset/key/done/": VISITOR,
    "accounts/3rdparty/login/cancelled/": VISITOR,
    "accounts/3rdparty/login/error/": VISITOR,
    "accounts/google/login/": VISITOR,
    "accounts/github/login/": VISITOR,
    "accounts/oidc/<provider_id>/login/": VISITOR,
    "accounts/oidc/<provider_id>/login/callback/": VISITOR,
    "accounts/google/login/callback/": VISITOR,
    "accounts/github/login/callback/": VISITOR,
    "accounts/logout/": PERSON,
    "accounts/reauthenticate/": PERSON,
    "accounts/email/": PERSON,
    "accounts/password/change/": PERSON,
    "accounts/password/set/": "without a password",
    "accounts/3rdparty/": PERSON,
    "accounts/2fa/": PERSON,
    "accounts/2fa/totp/activate/": "without an authenticator",
    "accounts/2fa/totp/deactivate/": PERSON,
    "accounts/2fa/recovery-codes/": PERSON,
    "accounts/2fa/recovery-codes/generate/": PERSON,
    "accounts/2fa/reauthenticate/": PERSON,
    "accounts/2fa/authenticate/": "second step",
}
# Routes that never show a page, with the reason.
WITHOUT_A_PAGE = {
    "accounts/2fa/recovery-codes/download/": "codes are shown once, on the page before; this answers 403",
    "accounts/login/code/confirm/": "sign-in by a mailed code is off; leads to the sign-in page",
    "accounts/3rdparty/signup/": "needs a sign-in begun elsewhere: tests/community/test_other_sites.py",
    "accounts/google/login/token/": "answers programs of Google's",
    "accounts/social/": "old addresses: redirects",
}


@pytest.fixture(autouse=True)
def providers(settings: Settings) -> None:
    app = {"client_id": "id", "secret": "secret"}  # pragma: allowlist secret
    oidc = app | {"provider_id": "x", "name": "Acme", "settings": {"server_url": "http://127.0.0.1:9"}}
    settings.SOCIALACCOUNT_PROVIDERS = {
        "google": {"APPS": [app]}, "github": {"APPS": [app]}, "openid_connect": {"APPS": [oidc]},
    }  # fmt: skip


def account_routes() -> list[str]:
    return [address.route for address in addresses() if address.route.startswith("accounts/")]


def path_of(route: str) -> str:
    return "/" + re.sub(r"<\w+>", "x", route)


def browser_for(need: str) -> Client:
    client = Client()
    if need == VISITOR:
        return client
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    if need == "without a password":
        user.set_unusable_password()
        user.save()
    elif need != "without an authenticator":
        turn_on(user)
        RecoveryCodes.activate(user)
    if need == "second step":
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        return client
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    if need != "without a password":
        assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return client


def check(response: Any, where: str) -> str:
    page: str = response.content.decode()
    assert response.status_code in (200, 401, 403), f"{where}: {response.status_code} {response.get('Location', '')}"
    assert "app.css" in page, f"{where} is not in our frame"
    assert 'id="main"' in page
    assert not INLINE.search(page), f"{where}: {INLINE.search(page)}"
    return page


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "need"), PAGES.items(), ids=list(PAGES))
def test_it_is_in_our_frame(route: str, need: str) -> None:
    response = browser_for(need).get(path_of(route))
    check(response, route)
    ours = {str(template.origin).partition("/templates/")[0] for template in response.templates if template.origin}
    named = [
        template.name for template in response.templates if template.name and "site-packages" in str(template.origin)
    ]
    bases = ("base_", "base.html", "widgets/", "django/forms")
    assert ours
    assert [name for name in named if not any(part in name for part in bases)] == []


def test_no_page_of_allauth_is_forgotten() -> None:
    known = [*PAGES, *WITHOUT_A_PAGE]
    missing = [
        route
        for route in account_routes()
        if not any(route == one or (one == "accounts/social/" and route.startswith(one)) for one in known)
    ]
    assert missing == [], "style it and list it in PAGES, or say why it shows no page"
    assert [route for route in PAGES if route not in account_routes()] == []


FORMS = [
    ("accounts/login/", {"login": "x", "password": "y"}),  # pragma: allowlist secret
    ("accounts/signup/", {"email": "x"}),
    ("accounts/password/reset/", {"email": "no address"}),
    ("accounts/password/change/", {"oldpassword": "x"}),  # pragma: allowlist secret
    ("accounts/email/", {"email": "no address", "action_add": ""}),
    ("accounts/reauthenticate/", {"password": "x"}),  # pragma: allowlist secret
    ("accounts/2fa/authenticate/", {"code": "x"}),
    ("accounts/2fa/reauthenticate/", {"code": "x"}),
    ("accounts/2fa/totp/activate/", {"code": "x"}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "data"), FORMS, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_is_said_in_our_frame(route: str, data: dict[str, str]) -> None:
    page = check(browser_for(PAGES[route]).post(path_of(route), data), route)
    assert 'class="field-error"' in page


@pytest.mark.django_db
@pytest.mark.parametrize("route", [route for route, _data in FORMS])
def test_every_form_needs_the_csrf_token(route: str) -> None:
    client = browser_for(PAGES[route])
    client.handler.enforce_csrf_checks = True
    response = client.post(path_of(route), dict(FORMS)[route])
    assert response.status_code == 403
    assert "Reload the page" in response.content.decode()


@pytest.mark.django_db
def test_too_many_tries_are_answered_in_our_frame(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    place = {"X-Forwarded-For": "2001:db8:429::1"}
    answers = [Client().post("/accounts/login/", {"login": "x", "password": "y"}, headers=place) for _try in range(3)]
    assert answers[-1].status_code == 429
    assert b"app.css" in answers[-1].content
    assert answers[-1]["Retry-After"] == "60"


@pytest.mark.django_db
def test_only_sites_that_are_set_up_are_offered(settings: Settings) -> None:
    page = Client().get("/accounts/login/").content.decode()
    for name in ("Google", "GitHub", "Acme"):
        assert f"Continue with {name}" in page
    settings.SOCIALACCOUNT_PROVIDERS = {}
    page = Client().get("/accounts/login/").content.decode()
    assert "Continue with" not in page
    for path in ("google/login/", "github/login/", "oidc/x/login/", "google/login/callback/", "oidc/x/login/callback/"):
        assert Client().get(f"/accounts/{path}").status_code == 404


# Mails


MAILS = [
    str(path.relative_to(ROOT / "templates"))
    for app in ("account", "mfa", "socialaccount")
    for path in sorted((ROOT / "templates" / app / "email").glob("*_message.txt"))
    if not path.name.startswith("base_")
]


@pytest.mark.parametrize("template", MAILS)
def test_every_mail_is_ours_and_names_the_configured_address(
    template: str, settings: Settings, rf: RequestFactory
) -> None:
    settings.BASE_URL = "https://troupe.example"
    request = rf.get("/", headers={"Host": "127.0.0.1"})
    adapter = AccountAdapter(request)
    context = {
        "email": "alice@example.com",
        "base_url": settings.BASE_URL,
        "provider": "Acme & Söhne",
        "ip": "192.0.2.1",
    }
    mail = adapter.render_mail(template.removesuffix("_message.txt"), "alice@example.com", context)
    assert mail.subject
    assert "https://troupe.example" in mail.body
    assert "127.0.0.1" not in mail.body
    assert "&amp;" not in mail.body
    assert "{" not in mail.body


def test_no_mail_of_allauths_is_forgotten() -> None:
    """Those of ways to sign in that are off are left out."""
    off = ("login_code", "password_reset_code", "email_confirmation_signup", "webauthn", "base_")
    theirs = {
        f"{app}/email/{path.name}"
        for app in ("account", "mfa", "socialaccount")
        for path in (Path(allauth.__file__).parent / "templates" / app / "email").glob("*.txt")
        if not path.name.startswith(off)
    }
    assert {name for name in theirs if not (ROOT / "templates" / name).is_file()} == set()

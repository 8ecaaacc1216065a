"""Signing in through other sites: any OpenID Connect server, Google and GitHub, each against a server that speaks their wire."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google import views as google
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from community.models import AuditEntry, RefreshFamily, User
from community.services.people import person_register
from config.env import Env
from config.settings.providers import sign_in_origins, sign_in_providers
from tests.cast import PASSWORD, Api, fresh_address
from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, FakeOpenID
from tests.mfa import turn_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOpenID]:
    """All three providers lead to it; the addresses of Google and GitHub are constants of allauth's."""
    app = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}
    with FakeOpenID() as fake:
        oidc = app | {"provider_id": "oidc", "name": "Acme", "settings": {"server_url": fake.url}}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "google": {"APPS": [app], "OAUTH_PKCE_ENABLED": True},
            "github": {"APPS": [app], "OAUTH_PKCE_ENABLED": True},
            "openid_connect": {"APPS": [oidc], "OAUTH_PKCE_ENABLED": True},
        }
        for owner, name, value in (
            (google.GoogleOAuth2Adapter, "authorize_url", f"{fake.url}/authorize"),
            (google.GoogleOAuth2Adapter, "access_token_url", f"{fake.url}/token"),
            (google, "ID_TOKEN_ISSUER", fake.url),
            (GitHubOAuth2Adapter, "authorize_url", f"{fake.url}/login/oauth/authorize"),
            (GitHubOAuth2Adapter, "access_token_url", f"{fake.url}/login/oauth/access_token"),
            (GitHubOAuth2Adapter, "profile_url", f"{fake.url}/api/v3/user"),
            (GitHubOAuth2Adapter, "emails_url", f"{fake.url}/api/v3/user/emails"),
        ):
            monkeypatch.setattr(owner, name, value)
        fake.person["email"] = fresh_address("jane")
        yield fake


LOGIN = {"oidc": "/accounts/oidc/oidc/login/", "google": "/accounts/google/login/", "github": "/accounts/github/login/"}


def there_and_back(client: Client, provider: str = "oidc", query: str = "") -> Any:
    """Press the button, be sent to the other site, come back; answers what our callback says."""
    return client.get(return_address(client, provider, query))


def return_address(client: Client, provider: str = "oidc", query: str = "") -> str:
    away = client.post(LOGIN[provider] + query)
    assert away.status_code == 302, away.content
    back = requests.get(away["Location"], allow_redirects=False, timeout=60)
    assert back.status_code == 302, back.text
    url = urlsplit(back.headers["Location"])
    return f"{url.path}?{url.query}"


def signed_in_as(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


@pytest.mark.parametrize("provider", LOGIN)
def test_a_new_person_comes_to_be_like_any_other(client: Client, site: FakeOpenID, provider: str) -> None:
    response = there_and_back(client, provider, "?next=/agents/")
    assert (response.status_code, response["Location"]) == (302, "/agents/")
    user = User.objects.get(email=site.person["email"])
    assert (user.name, user.handle, user.has_usable_password()) == ("Jane Doe", "jane-doe", False)
    assert user.current_workspace is not None
    assert user.current_workspace.personal_of_id == user.id
    assert EmailAddress.objects.get(user=user).verified
    assert signed_in_as(client) == str(user.id)
    assert not SocialToken.objects.exists()
    actions = set(AuditEntry.objects.filter(actor_id=user.id).values_list("action", flat=True))
    assert {"person.registered", "session.signed_in"} <= actions


@pytest.mark.parametrize("provider", LOGIN)
def test_who_came_before_comes_back_as_the_same(site: FakeOpenID, provider: str) -> None:
    first, second = Client(), Client()
    there_and_back(first, provider)
    site.person["email"] = fresh_address("renamed")  # the other site's id counts, not the address
    there_and_back(second, provider)
    assert signed_in_as(first) == signed_in_as(second) is not None
    assert User.objects.count() == 1


def test_the_person_is_asked_once_and_stays_out_where_they_say_no(client: Client, site: FakeOpenID) -> None:
    site.denies = True
    response = there_and_back(client)
    assert "Sign-in cancelled" in client.get(response["Location"]).content.decode()
    assert signed_in_as(client) is None


# Attacks


@pytest.mark.parametrize("verification", ["none", "mandatory"])
@pytest.mark.parametrize("vouched", [True, False])
def test_another_site_cannot_open_an_account_by_naming_its_address(
    client: Client, site: FakeOpenID, settings: Settings, verification: str, vouched: bool
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    victim = person_register(email=fresh_address("victim"), password=PASSWORD, name="Victim")
    site.person |= {"email": victim.email.upper(), "email_verified": vouched}
    there_and_back(client)
    assert signed_in_as(client) is None
    assert not SocialAccount.objects.filter(user=victim).exists()
    assert User.objects.count() == 1


def test_an_address_nobody_vouches_for_is_confirmed_first(
    client: Client, site: FakeOpenID, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    site.person["email_verified"] = False
    response = there_and_back(client)
    assert response["Location"] == "/accounts/confirm-email/"
    assert signed_in_as(client) is None
    assert [mail.to for mail in mailoutbox] == [[site.person["email"]]]


@pytest.mark.parametrize(
    "claims",
    [{"iss": "https://evil.example"}, {"aud": "somebody-else"}, {"exp": int(time.time()) - 600}],
    ids=["another issuer", "for another client", "expired"],
)
@pytest.mark.parametrize("provider", ["oidc", "google"])
def test_an_id_token_that_is_not_for_us_is_refused(
    client: Client, site: FakeOpenID, provider: str, claims: dict[str, Any]
) -> None:
    site.claims = claims
    response = there_and_back(client, provider)
    assert "That sign-in did not work" in response.content.decode()
    assert not User.objects.exists()


def test_nobody_is_signed_in_to_the_account_of_whoever_made_the_link(site: FakeOpenID) -> None:
    attacker, victim = Client(), Client()
    link = return_address(attacker)
    assert victim.get(link).status_code in (401, 403)
    assert signed_in_as(victim) is None
    assert attacker.get(link.replace("state=", "state=x")).status_code in (401, 403)
    assert signed_in_as(attacker) is None


def test_a_code_comes_back_once(client: Client, site: FakeOpenID) -> None:
    link = return_address(client)
    client.get(link)
    client.post("/accounts/logout/")
    client.get(link)
    assert signed_in_as(client) is None


def test_a_link_alone_begins_no_sign_in(client: Client, site: FakeOpenID) -> None:
    for path in LOGIN.values():
        response = client.get(path)
        assert response.status_code == 200
        assert "Go on" in response.content.decode()
    assert site.requests == []


def test_the_second_step_is_asked_for_all_the_same(client: Client, site: FakeOpenID) -> None:
    there_and_back(client)
    turn_on(User.objects.get())
    again = Client()
    assert there_and_back(again)["Location"] == "/accounts/2fa/authenticate/"
    assert signed_in_as(again) is None


def test_a_deactivated_person_stays_out(client: Client, site: FakeOpenID) -> None:
    there_and_back(client)
    User.objects.update(is_active=False)
    again = Client()
    there_and_back(again)
    assert signed_in_as(again) is None


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_it_never_leads_elsewhere(client: Client, site: FakeOpenID, target: str) -> None:
    assert there_and_back(client, query=f"?next={target}")["Location"] == "/"


@pytest.mark.parametrize("provider", LOGIN)
def test_a_site_that_is_broken_is_a_page_and_no_crash(client: Client, site: FakeOpenID, provider: str) -> None:
    link = return_address(client, provider)
    site.broken = True
    response = client.get(link)
    assert "That sign-in did not work" in response.content.decode()
    if provider == "oidc":
        assert "That sign-in did not work" in client.post(LOGIN[provider]).content.decode()


# Connecting and disconnecting


def test_a_person_connects_a_site_and_disconnects_it(client: Client, site: FakeOpenID) -> None:
    alice = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    there_and_back(client, query="?process=connect")
    account = SocialAccount.objects.get(user=alice)
    assert "Acme: connected" in " ".join(client.get("/settings/security/").content.decode().split())
    elsewhere = Client()
    there_and_back(elsewhere)
    assert signed_in_as(elsewhere) == str(alice.id)

    assert client.post("/accounts/3rdparty/", {"account": account.pk}).status_code == 302
    assert not SocialAccount.objects.exists()
    written = AuditEntry.objects.filter(action__startswith="account.").order_by("id")
    actions = list(written.values_list("action", flat=True))
    assert actions == ["account.connected", "account.disconnected"]


def test_connecting_asks_for_the_password_again(client: Client, site: FakeOpenID) -> None:
    alice = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert there_and_back(client, query="?process=connect")["Location"] == "/accounts/reauthenticate/"
    assert not SocialAccount.objects.exists()


def test_the_only_way_in_is_not_taken_away(client: Client, site: FakeOpenID) -> None:
    there_and_back(client)
    account = SocialAccount.objects.get()
    client.post("/accounts/3rdparty/", {"account": account.pk})
    assert SocialAccount.objects.exists()


# The same by the API


def connections_of(api: Api) -> dict[str, Any]:
    answer = api.get("users/me/connections/")
    assert answer.status_code == 200
    return {row["provider"]: row for row in answer.json()["results"]}


def program_of(user: User) -> Api:
    """Signed in with the password."""
    api = Api()
    tokens = api.post("auth/login/", {"email": user.email, "password": PASSWORD}).json()
    api.headers["Authorization"] = f"Bearer {tokens['access']}"
    return api


def test_a_program_leads_to_connecting_and_disconnects(
    client: Client, site: FakeOpenID, mailoutbox: list[Any], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alice = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    api = program_of(alice)
    found = connections_of(api)
    assert {name: row["accounts"] for name, row in found.items()} == {"google": [], "github": [], "oidc": []}

    url = urlsplit(found["oidc"]["connect_url"])
    sign_in = f"{url.path}?{url.query}"
    client.post(sign_in, {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    question = client.get(sign_in)["Location"]
    assert alice.email in client.get(question).content.decode()
    back = requests.get(client.post(question)["Location"], allow_redirects=False, timeout=60)
    url = urlsplit(back.headers["Location"])
    assert client.get(f"{url.path}?{url.query}")["Location"] == "/settings/security/"

    with django_assert_num_queries(2):  # who asks, and the accounts
        [connected] = connections_of(api)["oidc"]["accounts"]
    assert connected["name"] == site.person["email"]
    mailoutbox.clear()
    address = f"users/me/connections/{connected['id']}/"
    other = program_of(person_register(email=fresh_address("other"), password=PASSWORD, name="Other"))
    assert other.delete(address).status_code == 404
    RefreshFamily.objects.update(confirmed_at=None)
    assert api.delete(address).json()["code"] == "confirmation_required"
    assert api.post("users/me/confirm/", {"password": PASSWORD}).status_code == 204
    assert api.delete(address).status_code == 204
    assert api.delete(address).status_code == 404
    assert not SocialAccount.objects.exists()
    assert [mail.to for mail in mailoutbox] == [[alice.email]]
    assert AuditEntry.objects.filter(action="account.disconnected", actor_id=alice.id).count() == 1


def test_who_came_through_a_site_sets_a_first_password_and_may_then_leave_it(client: Client, site: FakeOpenID) -> None:
    there_and_back(client)
    jane, account = User.objects.get(), SocialAccount.objects.get()
    address = f"/api/v1/users/me/connections/{account.id}/"
    assert client.get("/api/v1/users/me/password/").json() == {"set": False}
    refused = client.delete(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "last_way_in")
    turn_on(jane)
    asked = client.post("/api/v1/users/me/password/", {"new": PASSWORD}, content_type="application/json")
    assert (asked.status_code, asked.json()["code"]) == (403, "confirmation_required")
    Authenticator.objects.all().delete()
    first = client.post("/api/v1/users/me/password/", {"new": PASSWORD}, content_type="application/json")
    assert first.status_code == 200, first.json()
    api = Api()
    api.headers["Authorization"] = f"Bearer {first.json()['access']}"
    assert api.get("users/me/password/").json() == {"set": True}
    assert api.delete(address).status_code == 204


def test_the_browser_may_go_on_to_the_site() -> None:
    """Browsers hold the redirect after a form against ``form-action``: the origins of what is set up are in it."""
    nothing = Env(_env_file=None)
    assert (sign_in_providers(nothing), sign_in_origins(nothing)) == ({}, [])
    every = Env(
        _env_file=None,
        GOOGLE_CLIENT_ID="g",
        GITHUB_CLIENT_ID="h",
        OIDC_CLIENT_ID="o",
        OIDC_SERVER_URL="https://id.example:8443/realms/x",
        OIDC_NAME="Acme",
    )
    assert sign_in_origins(every) == ["https://accounts.google.com", "https://github.com", "https://id.example:8443"]
    providers = sign_in_providers(every)
    assert set(providers) == {"google", "github", "openid_connect"}
    assert providers["openid_connect"]["APPS"][0]["name"] == "Acme"

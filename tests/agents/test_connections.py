"""A person connects a tool's account in their browser: what comes back counts only for whoever began, and once."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from agent_app.models import Credential
from agent_app.tools import egress
from community.models import AuditEntry
from community.services.workspaces import workspace_create
from config.lib import loop
from tests.cast import Cast, Person
from tests.fakes.site import Site

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bank(settings: LazySettings) -> Any:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.BASE_URL = "https://us.example"
    with Site() as site:
        site.answers("/token", {"access_token": "token-of-the-bank", "refresh_token": "again", "expires_in": 60})
        yield site
        loop.submit(egress.close()).result()


def account(person: Person, bank: Site) -> Credential:
    config = {
        "grant": "authorization_code", "authorize_url": f"{bank.base_url}/authorize", "token_url": f"{bank.base_url}/token",
        "client_id": "me",
    }  # fmt: skip
    row = Credential(workspace_id=person.workspace_id, kind="http", config=config)
    row.set_values({"auth.client_secret": SECRET})
    row.save()
    return row


def begin(browser: Client, row: Credential, target: str = "/models/keys/") -> dict[str, str]:
    answer = browser.get(f"/credentials/{row.id}/connect/", {"next": target})
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def come_back(browser: Client, **query: str) -> str:
    answer = browser.get("/credentials/connected/", query)
    assert answer.status_code == 302
    return str(answer["Location"])


def test_the_account_is_connected_and_the_person_is_where_they_were(bank: Site, cast: Cast) -> None:
    row, browser = account(cast.bob, bank), cast.bob.browser()
    asked = begin(browser, row)
    assert asked["redirect_uri"] == "https://us.example/credentials/connected/"
    assert come_back(browser, state=asked["state"], code="the-code") == "/models/keys/"
    row.refresh_from_db()
    assert row.tokens == {"access_token": "token-of-the-bank", "refresh_token": "again"}
    assert bank.last.form["code"] == "the-code" and bank.last.form["code_verifier"]
    assert AuditEntry.objects.filter(action="credential.connected", object_id=row.id).count() == 1
    shown = cast.carol.api.get(f"credentials/{row.id}/").json()
    assert shown["connected"] and shown["secrets"] == [{"path": "auth.client_secret", "set": True, "hint": "…else"}]
    assert shown["connect_url"] == f"https://us.example/credentials/{row.id}/connect/"
    assert SECRET not in str(shown) and "token-of" not in str(shown)
    assert cast.bob.api.post(f"credentials/{row.id}/disconnect/").json()["connected"] is False


def test_a_code_counts_once_and_only_where_it_was_asked_for(bank: Site, cast: Cast) -> None:
    row, browser, other = account(cast.bob, bank), cast.bob.browser(), cast.alice.browser()
    asked = begin(browser, row)
    for somebody, state in ((other, asked["state"]), (browser, "invented"), (browser, "")):
        come_back(somebody, state=state, code="stolen")
    assert bank.seen == []
    come_back(browser, state=asked["state"], code="c")
    come_back(browser, state=asked["state"], code="c")
    assert len(bank.seen) == 1


def test_whoever_works_elsewhere_when_they_come_back_connects_it_where_they_began(bank: Site, cast: Cast) -> None:
    row, browser = account(cast.bob, bank), cast.bob.browser()
    asked = begin(browser, row)
    workspace_create(owner=cast.bob.user, name="Bob's own")
    come_back(browser, state=asked["state"], code="the-code")
    [entry] = AuditEntry.objects.filter(action="credential.connected", object_id=row.id)
    assert entry.workspace_id == cast.alice.workspace_id


def test_a_refusal_is_told_and_nothing_is_asked(bank: Site, cast: Cast) -> None:
    row, browser = account(cast.bob, bank), cast.bob.browser()
    come_back(
        browser, state=begin(browser, row)["state"], error="access_denied", error_description="<b>You said no</b>"
    )
    assert bank.seen == []
    page = browser.get("/models/keys/").content.decode()
    assert "&lt;b&gt;You said no&lt;/b&gt;" in page
    bank.answers("/token", {"error": "invalid_grant", "error_description": f"not {SECRET}"}, status=400)
    come_back(browser, state=begin(browser, row)["state"], code="c")
    page = browser.get("/models/keys/").content.decode()
    assert "gave no token" in page and SECRET not in page
    row.refresh_from_db()
    assert row.tokens == {}


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "\\\\evil.example"]
)
def test_nobody_is_led_away_afterwards(bank: Site, cast: Cast, target: str) -> None:
    row, browser = account(cast.bob, bank), cast.bob.browser()
    assert come_back(browser, state=begin(browser, row, target)["state"], error="x") == "/agents/"


def test_what_has_no_account_cannot_be_connected(cast: Cast) -> None:
    row = Credential(workspace_id=cast.bob.workspace_id, kind="http")
    row.set_values({})
    row.save()
    assert cast.bob.browser().get(f"/credentials/{row.id}/connect/").status_code == 409


def test_the_page_of_a_tool_offers_to_connect_its_account(bank: Site, cast: Cast) -> None:
    auth = {
        "type": "oauth2", "grant": "authorization_code", "client_id": "me", "client_secret": SECRET,
        "token_url": f"{bank.base_url}/token", "authorize_url": f"{bank.base_url}/authorize",
    }  # fmt: skip
    made = cast.bob.api.post(
        "tools/", {"name": "bank", "type": "http", "params": {"url": f"{bank.base_url}/x", "auth": auth}}
    ).json()
    page = cast.bob.browser().get(f"/tools/{made['id']}/").content.decode()
    assert f"/credentials/{made['credential_id']}/connect/?next=/tools/{made['id']}/" in page
    assert "/connect/" not in cast.carol.browser().get(f"/tools/{made['id']}/").content.decode()
    assert SECRET not in page

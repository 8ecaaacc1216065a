"""Two languages: the switch, what it changes, and that nothing is forgotten behind it."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext_lazy, ngettext

from community.models import User
from community.services import notifications
from config.ui.templatetags import ui
from deploy import messages
from tests.agents.world import make_agent, make_provider, make_run
from tests.cast import PASSWORD, Api, Cast, fresh_address

COOKIE = settings.LANGUAGE_COOKIE_NAME
GERMAN = {"Accept-Language": "de"}


def body(response: Any) -> str:
    return str(response.content.decode())


def speak(user: User, language: str) -> None:
    User.objects.filter(id=user.id).update(language=language)


def test_a_visitor_chooses_and_comes_back_to_the_page(db: None, client: Client) -> None:
    assert '<html lang="en"' in body(client.get("/accounts/login/"))
    response = client.post("/language/", {"language": "de", "next": "/accounts/login/?next=/runs/"})
    assert response["Location"] == "/accounts/login/?next=/runs/"
    page = body(client.get("/accounts/login/"))
    assert '<html lang="de"' in page
    assert "Angemeldet bleiben" in page
    client.post("/language/", {"language": "en", "next": "/accounts/login/"})
    assert '<html lang="en"' in body(client.get("/accounts/login/", headers=GERMAN)), "chosen goes before asked for"


def test_without_a_choice_the_browser_decides(db: None, client: Client) -> None:
    assert '<html lang="de"' in body(
        client.get("/accounts/login/", headers={"Accept-Language": "fr,de;q=0.8,en;q=0.2"})
    )
    assert '<html lang="en"' in body(client.get("/accounts/login/", headers={"Accept-Language": "fr"}))


def test_a_person_finds_their_choice_in_every_browser(cast: Cast) -> None:
    here, elsewhere = cast.alice.browser(), cast.alice.browser()
    assert here.post("/language/", {"language": "de", "next": "/agents/"})["Location"] == "/agents/"
    assert User.objects.get(id=cast.alice.user.id).language == "de"
    response = elsewhere.get("/agents/", headers={"Accept-Language": "en"})
    assert "Noch keine Agenten" in body(response) or "Neuer Agent" in body(response)
    assert response.cookies[COOKIE].value == "de"
    assert COOKIE not in elsewhere.get("/agents/").cookies, "once"
    assert '<html lang="en"' in body(cast.bob.browser().get("/agents/"))


def test_the_settings_offer_it_and_can_leave_it_to_the_browser(cast: Cast) -> None:
    browser = cast.alice.browser()
    fields = {"name": "Alice", "handle": "alice-speaks", "timezone": "UTC"}
    assert "Gespeichert." in body(browser.post("/settings/", fields | {"language": "de"}, follow=True))
    response = browser.post("/settings/", fields | {"language": ""}, follow=True, headers={"Accept-Language": "en"})
    assert '<html lang="en"' in body(response)
    assert browser.cookies[COOKIE].value == ""


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_switch_leads_to_pages_of_ours_only(db: None, client: Client, back: str) -> None:
    assert client.post("/language/", {"language": "de", "next": back})["Location"] == "/"


@pytest.mark.parametrize("language", ["", "fr", "de\r\nX: y", "../de"])
def test_a_language_that_is_not_offered_is_refused(cast: Cast, language: str) -> None:
    response = cast.alice.browser().post("/language/", {"language": language})
    assert (response.status_code, COOKIE in response.cookies) == (400, False)
    assert User.objects.get(id=cast.alice.user.id).language == ""


def test_the_switch_is_a_post_from_our_own_pages(cast: Cast) -> None:
    assert cast.alice.browser().get("/language/").status_code == 405
    assert cast.alice.browser(enforce_csrf_checks=True).post("/language/", {"language": "de"}).status_code == 403


class Shown(HTMLParser):
    """The texts of a page and of what is read out of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.code = 0
        self.texts: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.code += tag in ("code", "script", "option")
        self.texts |= {value or "" for name, value in attrs if name in ("aria-label", "title", "placeholder", "alt")}

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag in ("code", "script", "option")

    def handle_data(self, data: str) -> None:
        if not self.code:
            self.texts.add(" ".join(data.split()))


PAGES = (
    "/", "/agents/", "/agents/new/", "/agents/{agent}/", "/agents/{agent}/chat/", "/runs/", "/runs/{run}/", "/models/",
    "/models/providers/", "/models/keys/", "/inbox/", "/notifications/", "/notifications/preferences/", "/settings/",
    "/settings/security/", "/settings/account/", "/workspace/", "/workspace/members/", "/workspace/tokens/", "/workspace/audit/",
    "/billing/",
)  # fmt: skip


def test_no_english_is_left_on_a_german_page(cast: Cast) -> None:
    """What the catalogue says otherwise in German stands on no page as it is in English."""
    make_provider(cast.alice)
    agent = make_agent(cast.alice, name="Pförtner")
    run = make_run(cast.alice, agent)
    catalogue = messages.entries(messages.read("de"))
    english = {text for (_context, text), message in catalogue.items() if message.string not in (text, (text,))}
    german = {str(message.string) for message in catalogue.values()}
    browser = cast.alice.browser()
    browser.post("/language/", {"language": "de"})
    left = {}
    for path in PAGES:
        response = browser.get(path.format(agent=agent.id, run=run.id))
        assert response.status_code == 200, path
        texts = Shown(body(response)).texts
        assert len(texts & german) > 20, path
        if found := (texts & english) - german:
            left[path] = found
    assert left == {}


def test_plurals_are_chosen_by_number() -> None:
    with translation.override("de"):
        assert [ngettext("%d agent", "%d agents", count) % count for count in (0, 1, 2)] == [
            "0 Agenten",
            "1 Agent",
            "2 Agenten",
        ]


def test_the_api_answers_in_the_asked_language_and_its_codes_stay(cast: Cast) -> None:
    path = "agents/01900000-0000-7000-8000-00000000dead/"
    english, german = cast.alice.api.get(path).json(), cast.alice.api.get(path, headers=GERMAN).json()
    assert (german["title"], german["detail"]) == ("Nicht gefunden", "Diesen Agenten gibt es nicht.")
    assert {name: german[name] for name in ("type", "status", "code")} == {
        name: english[name] for name in ("type", "status", "code")
    }
    refused = cast.alice.api.patch("users/me/", {"language": "tlh"}, headers=GERMAN).json()
    assert refused["errors"] == {"language": ["Diese Sprache wird nicht angeboten."]}


def test_the_schema_is_the_same_in_every_language(db: None) -> None:
    assert Api().get("/api/schema/", headers=GERMAN).content == Api().get("/api/schema/").content


def test_mails_are_in_the_language_of_their_reader(cast: Cast, mailoutbox: list[mail.EmailMessage]) -> None:
    speak(cast.bob.user, "de")
    rows = notifications.notification_send(
        user_ids=[cast.alice.user.id, cast.bob.user.id],
        kind="invitation",
        key="k",
        url="/inbox/",
        title=gettext_lazy("Not found"),
    )
    for row in rows:
        notifications.notification_mail(notification_id=row.id)
    by_reader = {sent.to[0]: sent for sent in mailoutbox}
    assert by_reader[cast.alice.user.email].subject == "Not found"
    assert by_reader[cast.bob.user.email].subject == "Nicht gefunden"
    assert "Guten Tag Bob," in by_reader[cast.bob.user.email].body


def test_a_mail_that_somebody_else_asked_for_is_in_the_readers_language(
    cast: Cast, client: Client, mailoutbox: list[mail.EmailMessage]
) -> None:
    speak(cast.bob.user, "de")
    client.post("/accounts/password/reset/", {"email": cast.bob.user.email}, headers={"Accept-Language": "en"})
    client.post("/accounts/password/reset/", {"email": fresh_address("nobody")}, headers={"Accept-Language": "de"})
    assert [sent.subject for sent in mailoutbox] == ["Neues Passwort wählen", "Zu Ihrer Adresse gibt es kein Konto"]


def test_an_invitation_is_in_the_language_of_whoever_is_invited(
    cast: Cast, django_capture_on_commit_callbacks: Any, mailoutbox: list[mail.EmailMessage]
) -> None:
    speak(cast.dave.user, "de")
    with django_capture_on_commit_callbacks(execute=True):
        cast.alice.api.post(
            f"workspaces/{cast.alice.workspace_id}/invitations/", {"email": cast.dave.user.email, "role": "editor"}
        )
    assert mailoutbox[0].subject.endswith("auf Troupe ein")
    assert "Ihre Rolle wird sein: Bearbeiter." in mailoutbox[0].body


@pytest.mark.parametrize(("asked", "kept"), [("de", "de"), ("en", ""), ("fr", "")])
def test_whoever_registers_in_german_is_written_to_in_german(db: None, asked: str, kept: str) -> None:
    data = {"email": fresh_address("new"), "password": PASSWORD, "name": "New"}
    Api().request("POST", "auth/register/", data, headers={"Accept-Language": asked})
    assert User.objects.get(email=data["email"]).language == kept


def test_a_state_is_said_when_it_is_read() -> None:
    with translation.override("de"):
        assert "Fehlgeschlagen" in ui.state("failed")
    assert "Failed" in ui.state("failed")

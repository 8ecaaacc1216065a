"""Where a person is signed in, and ending that."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from community import account
from community.models import AuditEntry, BrowserSession, RefreshFamily, User
from community.services import sessions, sign_ins
from community.services.people import person_register
from config.lib.errors import NotFound
from tests.cast import PASSWORD, Api, Cast, fresh_address

NEW = "another quiet place"  # pragma: allowlist secret
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 Safari/604"
)


@pytest.fixture
def alice(db: None) -> User:
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def browser_of(user: User, agent: str = FIREFOX, password: str = PASSWORD) -> Client:
    """A browser that signed in by the page."""
    client = Client(headers={"User-Agent": agent})
    response = client.post("/accounts/login/", {"login": user.email, "password": password})
    assert response.status_code == 302
    return client


def program_of(user: User) -> dict[str, str]:
    answer = Api().post("auth/login/", {"email": user.email, "password": PASSWORD}, headers={"User-Agent": "curl/8"})
    tokens: dict[str, str] = answer.json()
    return tokens


def works(access: str) -> bool:
    status: int = Api().get("users/me/", headers={"Authorization": f"Bearer {access}"}).status_code
    return status == 200


def signed_in(client: Client) -> bool:
    return client.get("/settings/security/").status_code == 200


def test_a_sign_in_shows_where_it_came_from(alice: User) -> None:
    browser = browser_of(alice)
    browser_of(alice, IPHONE)
    program_of(alice)
    page = browser.get("/settings/security/").content.decode()
    for words in ("Firefox on Linux", "Safari on iPhone", "curl", "127.0.0.1", "This browser"):
        assert words in page
    found = account.sign_ins(alice, session_key=browser.session.session_key)
    assert [(one.kind, one.current) for one in found] == [("browser", True), ("program", False), ("browser", False)]


def test_the_list_costs_the_same_however_long_it_is(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(3):
        browser_of(alice)
        program_of(alice)
    with django_assert_num_queries(2):
        assert len(account.sign_ins(alice)) == 6


def test_a_page_writes_down_that_it_was_seen_only_now_and_then(alice: User) -> None:
    browser = browser_of(alice)
    long_ago = timezone.now() - timedelta(hours=1)
    BrowserSession.objects.update(last_seen_at=long_ago)
    browser.get("/settings/")
    assert BrowserSession.objects.get().last_seen_at == long_ago
    session = browser.session
    session["seen"] = (session.session_key, 0)
    session.save()
    browser.get("/settings/")
    assert BrowserSession.objects.get().last_seen_at > long_ago


def test_one_browser_is_ended_and_the_others_stay(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    here, there = browser_of(alice), browser_of(alice, IPHONE)
    row = BrowserSession.objects.get(session_key=there.session.session_key)
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post(f"/settings/security/end/{row.id}/").status_code == 302
    assert signed_in(here)
    assert not signed_in(there)
    assert AuditEntry.objects.get(action="session.ended").actor_id == alice.id


def test_one_program_is_ended_with_the_tokens_it_holds(alice: User) -> None:
    here, first, second = browser_of(alice), program_of(alice), program_of(alice)
    row = RefreshFamily.objects.order_by("created_at").first()
    assert row is not None
    here.post(f"/settings/security/end/{row.id}/")
    assert (works(first["access"]), works(second["access"])) == (False, True)
    assert Api().post("auth/refresh-token/", {"refresh": first["refresh"]}).status_code == 401
    assert here.post(f"/settings/security/end/{row.id}/").status_code == 404


def test_nobody_ends_the_sign_in_of_somebody_else(alice: User, cast: Cast) -> None:
    browser = browser_of(alice)
    for row in (BrowserSession.objects.get(user=alice), RefreshFamily.objects.get(id=_family(alice))):
        with pytest.raises(NotFound):
            sign_ins.sign_in_end(user=cast.dave.user, sign_in_id=row.id)
    assert signed_in(browser)


def _family(user: User) -> Any:
    return sessions._sign_in(user, method="test").refresh and RefreshFamily.objects.get(user=user).id


def test_signing_out_everywhere_leaves_only_this_browser(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    here, there, program = browser_of(alice), browser_of(alice), program_of(alice)
    unlisted = browser_of(alice)
    BrowserSession.objects.filter(session_key=unlisted.session.session_key).delete()
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post("/settings/security/end/").status_code == 302
    assert signed_in(here)
    assert not signed_in(there)
    assert not signed_in(unlisted)
    assert not works(program["access"])
    assert Api().post("auth/refresh-token/", {"refresh": program["refresh"]}).status_code == 401
    assert [one.current for one in account.sign_ins(alice, session_key=here.session.session_key)] == [True]
    assert AuditEntry.objects.get(action="session.ended_everywhere").after == {"ended": 2}


def test_a_program_signs_out_everywhere_itself_included(alice: User) -> None:
    browser, program = browser_of(alice), program_of(alice)
    headers = {"Authorization": f"Bearer {program['access']}"}
    listed = Api().get("users/me/sign-ins/", headers=headers).json()
    assert [(one["kind"], one["current"]) for one in listed["results"]] == [("program", True), ("browser", False)]
    assert set(listed["results"][0]) == {"id", "kind", "device", "ip", "created_at", "last_seen_at", "current"}
    assert Api().delete("users/me/sign-ins/", headers=headers).status_code == 204
    assert not works(program["access"])
    assert not signed_in(browser)


def test_a_program_ends_one_other_sign_in(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    browser, program = browser_of(alice), program_of(alice)
    headers = {"Authorization": f"Bearer {program['access']}"}
    with django_capture_on_commit_callbacks(execute=True):
        row = BrowserSession.objects.get()
        assert Api().delete(f"users/me/sign-ins/{row.id}/", headers=headers).status_code == 204
    assert not signed_in(browser)
    assert works(program["access"])


def test_logging_out_ends_the_access_token_at_once(alice: User, cast: Cast) -> None:
    program, other = program_of(alice), program_of(alice)
    assert works(program["access"])
    assert Api().post("auth/logout/", {"refresh": program["refresh"]}).status_code == 204
    assert not works(program["access"])
    assert works(other["access"])
    # Nor does the header that names a workspace lead around it.
    for workspace in (cast.dave.workspace_id, "nonsense"):
        headers = {"Authorization": f"Bearer {program['access']}", "X-Workspace": str(workspace)}
        assert Api().get("users/me/", headers=headers).status_code == 401


def test_asking_who_it_is_still_costs_one_query(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    program = program_of(alice)
    with django_assert_num_queries(1):
        assert works(program["access"])


def test_a_new_password_ends_every_other_sign_in(alice: User) -> None:
    here, there, program = browser_of(alice), browser_of(alice), program_of(alice)
    new = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post("/accounts/password/change/", new).status_code == 302
    assert signed_in(here)
    assert not signed_in(there)
    assert not works(program["access"])
    assert len(account.sign_ins(User.objects.get(id=alice.id))) == 1
    assert AuditEntry.objects.get(action="person.password_changed").after == {"ended": 2}


def test_signing_out_takes_the_browser_off_the_list(alice: User) -> None:
    browser = browser_of(alice)
    browser.post("/accounts/logout/")
    assert not BrowserSession.objects.exists()


def test_ended_sessions_are_forgotten(alice: User) -> None:
    browser_of(alice)
    Session.objects.all().delete()
    assert account.sign_ins(alice) == []
    assert sign_ins.expired_delete() == 0
    BrowserSession.objects.update(last_seen_at=timezone.now() - timedelta(days=40))
    assert sign_ins.expired_delete() == 1


def test_a_program_changes_the_password_and_goes_on_with_new_tokens(alice: User, mailoutbox: list[Any]) -> None:
    browser, program = browser_of(alice), program_of(alice)
    headers = {"Authorization": f"Bearer {program['access']}"}
    for body, field in (
        ({"current": "wrong", "new": NEW}, "current"),
        ({"current": PASSWORD, "new": "short"}, "new"),
        ({"new": NEW}, "current"),
    ):
        refused = Api().post("users/me/password/", body, headers=headers)
        assert (refused.status_code, set(refused.json()["errors"])) == (400, {field})
    assert works(program["access"])
    answer = Api().post("users/me/password", {"current": PASSWORD, "new": NEW}, headers=headers)
    assert answer.status_code == 200
    assert (works(program["access"]), works(answer.json()["access"]), signed_in(browser)) == (False, True, False)
    assert [mail.subject for mail in mailoutbox] == ["Your password was changed"]
    assert AuditEntry.objects.filter(action="person.password_changed", actor_id=alice.id).count() == 1
    browser_of(alice, password=NEW)

"""Deleting an account: nothing tells any more whose it was, ledger and audit stay, nobody who stays is left without an owner."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone

from community import registry
from community.models import (
    AuditEntry,
    InboxDismissal,
    Membership,
    Notification,
    NotificationPreference,
    RefreshFamily,
    Role,
    User,
    Workspace,
)
from community.services import erasure, sessions
from community.services.notifications import notification_send, preferences_update
from community.services.people import person_register
from community.services.workspaces import workspace_create
from community.tokens import AccessToken
from config.lib.errors import Conflict
from tests.cast import PASSWORD, Api, Cast, fresh_address, join, make_user
from tests.mfa import code_of, turn_on


@pytest.fixture
def alice(db: None) -> User:
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice Moreau")


def test_nothing_is_left_that_tells_who_it_was(alice: User) -> None:
    User.objects.filter(id=alice.id).update(bio="I am Alice", is_staff=True)
    TOTP.activate(alice, generate_totp_secret())
    before = AuditEntry.objects.filter(actor_id=alice.id).count()
    erasure.person_erase(user=alice)

    gone = User.objects.get(id=alice.id)
    told = " ".join([gone.email, gone.handle, gone.name, gone.bio, gone.avatar, gone.display_name]).lower()
    assert "alice" not in told
    assert gone.display_name == "Deleted person"
    assert not (gone.is_active or gone.is_staff or gone.has_usable_password())
    assert gone.deleted_at is not None
    workspace = Workspace.objects.get(personal_of=gone)
    assert workspace.closed_at is not None
    assert "alice" not in f"{workspace.name} {workspace.email}".lower()
    for rows in (EmailAddress, Authenticator, Membership):
        assert not rows.objects.filter(user=gone).exists()
    assert AuditEntry.objects.filter(actor_id=alice.id).count() > before
    assert AuditEntry.objects.filter(action="person.erased", object_id=alice.id).count() == 1


def test_what_they_were_told_and_had_chosen_goes_and_other_peoples_stays(cast: Cast) -> None:
    gone, kept = cast.dave.user, cast.bob.user
    for user in (gone, kept):
        notification_send(user_ids=[user.id], kind="invitation", key="k", title="Dave Moreau was here", url="/inbox/")
        preferences_update(user=user, choices={("comment", "email"): True})
        InboxDismissal.objects.create(user=user, kind="failed_run", item_id=user.id)
    erasure.person_erase(user=gone)
    for rows in (Notification, NotificationPreference, InboxDismissal):
        assert [row.user_id for row in rows._default_manager.all()] == [kept.id]


def test_nobody_gets_in_any_more_and_the_address_is_free(alice: User, client: Client) -> None:
    email = alice.email
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    tokens = sessions._sign_in(alice, method="test")
    erasure.person_erase(user=alice)
    assert client.get("/settings/").status_code == 302
    headers = {"Authorization": f"Bearer {tokens.access}"}
    assert Api().get("users/me/", headers=headers).status_code == 401
    assert Api().post("auth/login/", {"email": email, "password": PASSWORD}).status_code == 401
    assert person_register(email=email, password=PASSWORD, name="Alice").id != alice.id


def test_who_others_depend_on_stays_until_there_is_another_owner(cast: Cast) -> None:
    with pytest.raises(Conflict) as refused:
        erasure.person_erase(user=cast.alice.user)
    assert refused.value.error_code == "last_owner"
    assert refused.value.extra["workspaces"] == [{"id": str(cast.alice.workspace_id), "name": "Alice"}]
    assert User.objects.get(id=cast.alice.user.id).is_active

    Membership.objects.filter(user=cast.bob.user, workspace_id=cast.alice.workspace_id).update(role=Role.OWNER)
    erasure.person_erase(user=cast.alice.user)
    workspace = Workspace.objects.get(id=cast.alice.workspace_id)
    assert (workspace.closed_at, workspace.personal_of_id, workspace.email) == (None, None, cast.bob.user.email)
    assert cast.bob.api.get("agents/").status_code == 200


def test_workspaces_where_they_are_alone_close_and_others_are_left(cast: Cast) -> None:
    dave = cast.dave.user
    alone = workspace_create(owner=dave, name="Alone")
    join(dave, cast.alice.workspace_id, Role.ADMIN)
    erasure.person_erase(user=dave)
    assert Workspace.objects.get(id=alone.id).closed_at is not None
    assert Workspace.objects.get(id=cast.alice.workspace_id).closed_at is None
    assert not Membership.objects.filter(user=dave).exists()
    assert AuditEntry.objects.filter(action="member.left", workspace_id=cast.alice.workspace_id).count() == 1


@pytest.fixture
def eraser() -> Iterator[list[Any]]:
    """An app above this one that has something to erase."""
    called: list[Any] = []
    registry.erasers.append(called.append)
    yield called
    registry.erasers.remove(called.append)


def test_other_apps_erase_theirs_or_say_what_is_in_the_way(alice: User, eraser: list[Any]) -> None:
    def refuses(person: User) -> None:
        raise Conflict("A payment is under way.", code="payment_pending")

    registry.erasers.append(refuses)
    try:
        with pytest.raises(Conflict, match="payment"):
            erasure.person_erase(user=alice)
    finally:
        registry.erasers.remove(refuses)
    assert User.objects.get(id=alice.id).is_active
    erasure.person_erase(user=alice)
    assert eraser == [alice, alice]


# By the API


def signed(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {sessions._sign_in(user, method='test').access}"}


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": "wrong"}])  # pragma: allowlist secret
def test_a_token_alone_deletes_nobody(alice: User, body: dict[str, str]) -> None:
    headers = signed(alice)
    RefreshFamily.objects.update(confirmed_at=timezone.now() - timedelta(minutes=5))
    answer = Api().delete("users/me/", body, headers=headers)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"password"})
    assert User.objects.get(id=alice.id).is_active


def test_who_has_a_second_factor_and_no_password_gives_a_code(alice: User) -> None:
    headers, secret = signed(alice), turn_on(alice)
    User.objects.filter(id=alice.id).update(password="!")  # as somebody who came through another site
    RefreshFamily.objects.update(confirmed_at=None)
    headers = {"Authorization": f"Bearer {AccessToken.issue(User.objects.get(id=alice.id))}"}
    assert Api().delete("users/me/", headers=headers).json()["errors"] == {"code": ["Send a code."]}
    assert Api().delete("users/me/", {"code": code_of(secret)}, headers=headers).status_code == 204


def test_with_the_password_the_account_is_deleted(alice: User) -> None:
    headers = signed(alice)
    assert Api().delete("users/me", {"password": PASSWORD}, headers=headers).status_code == 204
    assert Api().get("users/me/", headers=headers).status_code == 401


def test_a_sign_in_that_is_minutes_old_is_as_good_as_the_password(alice: User) -> None:
    headers = signed(alice)
    wrong = Api().delete("users/me/", {"password": "wrong"}, headers=headers)  # pragma: allowlist secret
    assert wrong.status_code == 400
    assert Api().delete("users/me/", headers=headers).status_code == 204


def test_the_last_owner_is_told_of_which_workspaces(cast: Cast) -> None:
    answer = cast.alice.api.delete("users/me/", {"password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert answer.json()["workspaces"] == [{"id": str(cast.alice.workspace_id), "name": "Alice"}]


# By the page


def test_the_page_asks_for_handle_and_password(alice: User, client: Client) -> None:
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    workspace_create(owner=alice, name="Alone in here")
    assert '<li class="wrap-anywhere">Alone in here</li>' in client.get("/settings/account/").content.decode()
    right = {"confirm": alice.handle, "password": PASSWORD}
    for wrong in ({"confirm": "someone"}, {"password": "wrong"}, {"password": ""}):  # pragma: allowlist secret
        response = client.post("/settings/account/", right | wrong)
        assert response.status_code == 422
        assert User.objects.get(id=alice.id).is_active
    response = client.post("/settings/account/", right)
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    assert not User.objects.get(id=alice.id).is_active
    assert "_auth_user_id" not in client.session


def test_who_has_no_password_types_the_handle(db: None, client: Client) -> None:
    user = make_user("erin")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert b'name="password"' not in client.get("/settings/account/").content
    assert client.post("/settings/account/", {"confirm": f"@{user.handle}"}).status_code == 302
    assert not User.objects.get(id=user.id).is_active


def test_the_page_names_the_workspaces_in_the_way(cast: Cast) -> None:
    browser = cast.alice.browser()
    page = browser.get("/settings/account/").content.decode()
    assert "You are the only owner" in page
    assert 'name="confirm"' not in page
    response = browser.post("/settings/account/", {"confirm": cast.alice.user.handle})
    assert response.status_code == 422
    assert User.objects.get(id=cast.alice.user.id).is_active

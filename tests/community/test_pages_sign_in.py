"""Sign-up, sign-in and sign-out by the pages."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import Settings

from community.models import AuditEntry, User, Workspace
from community.services.people import person_register
from tests.cast import PASSWORD, Cast, fresh_address

PUBLIC_PAGES = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/password/reset/done/"]
SIGNED_IN_PAGES = ["/accounts/logout/", "/accounts/email/", "/accounts/password/set/", "/accounts/2fa/"]


def signed_in_as(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_the_pages_for_everybody_render(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert b"<form" in response.content or path.endswith("done/")


@pytest.mark.parametrize("path", SIGNED_IN_PAGES)
def test_the_pages_of_the_account_render(cast: Cast, path: str) -> None:
    assert cast.alice.browser().get(path).status_code == 200


@pytest.mark.django_db
def test_signing_up_makes_the_same_person_as_the_api(client: Client) -> None:
    data = {"name": " New  Person ", "email": "New@Example.com", "password1": PASSWORD}
    response = client.post("/accounts/signup/", data)
    assert (response.status_code, response["Location"]) == (302, "/")

    user = User.objects.get(email="new@example.com")
    assert (user.name, user.handle) == ("New Person", "new-person")
    assert Workspace.objects.get(personal_of=user).id == user.current_workspace_id
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.primary, address.verified) == ("new@example.com", True, False)
    assert signed_in_as(client) == str(user.id)
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {
        "person.registered", "workspace.created", "session.signed_in",
    }  # fmt: skip


@pytest.mark.django_db
def test_signing_up_asks_for_the_name(client: Client) -> None:
    response = client.post("/accounts/signup/", {"email": "new@example.com", "password1": PASSWORD})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"name"}
    assert list(response.context["form"].fields) == ["name", "email", "password1"]
    assert not User.objects.exists()


@pytest.mark.django_db
def test_signing_up_with_a_taken_address_changes_nothing(client: Client) -> None:
    person_register(email="alice@example.com", password=PASSWORD, name="Alice")
    response = client.post(
        "/accounts/signup/", {"name": "Mallory", "email": "ALICE@example.com", "password1": PASSWORD}
    )
    assert response.status_code == 200
    assert "email" in response.context["form"].errors
    assert User.objects.get().name == "Alice"


@pytest.mark.django_db
def test_where_addresses_are_verified_a_taken_one_looks_like_a_free_one(
    client: Client, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    addresses = [fresh_address("alice"), fresh_address("free")]
    person_register(email=addresses[0], password=PASSWORD, name="Alice")
    answers = [
        client.post("/accounts/signup/", {"name": "Somebody", "email": address, "password1": PASSWORD})
        for address in addresses
    ]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, "/accounts/confirm-email/")] * 2
    assert [mail.to[0] for mail in mailoutbox] == addresses


@pytest.mark.django_db
@pytest.mark.parametrize("elsewhere", [False, True])
def test_following_the_link_in_the_mail_confirms_the_address_and_signs_in_who_just_signed_up(
    client: Client, settings: Settings, mailoutbox: list[Any], elsewhere: bool
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.BASE_URL = "https://troupe.example"
    data = {"name": "New", "email": fresh_address("new"), "password1": PASSWORD, "next": "/agents/"}
    client.post("/accounts/signup/", data, headers={"Host": "127.0.0.1"})
    link = re.search(r"https://troupe\.example(/accounts/confirm-email/\S+)", mailoutbox[0].body)
    assert link is not None, mailoutbox[0].body
    assert client.get(link[1]).status_code == 200
    if elsewhere:
        client = Client()
    assert client.post(link[1])["Location"] == ("/accounts/login/" if elsewhere else "/agents/")
    assert EmailAddress.objects.get().verified
    assert (signed_in_as(client) is None) == elsewhere


@pytest.mark.django_db
def test_signing_in_and_out(client: Client) -> None:
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    wrong = client.post("/accounts/login/", {"login": user.email, "password": "wrong"})
    assert wrong.status_code == 200
    assert signed_in_as(client) is None

    right = client.post("/accounts/login/", {"login": user.email.upper(), "password": PASSWORD})
    assert (right.status_code, right["Location"]) == (302, "/")
    assert signed_in_as(client) == str(user.id)

    assert client.get("/accounts/logout/").status_code == 200  # asks first
    assert signed_in_as(client) == str(user.id)
    client.post("/accounts/logout/")
    assert signed_in_as(client) is None
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions[2:] == ["session.refused", "session.signed_in", "session.signed_out"]


@pytest.mark.django_db
def test_a_forgotten_password_is_set_anew_by_the_link_in_the_mail(
    client: Client, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.BASE_URL = "https://troupe.example"
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    client.post("/accounts/password/reset/", {"email": user.email}, headers={"Host": "127.0.0.1"})
    link = re.search(r"https://troupe\.example(/accounts/password/reset/key/\S+)", mailoutbox[0].body)
    assert link is not None, mailoutbox[0].body
    form = client.get(link[1], follow=True)
    new = "an entirely new sentence"
    answer = client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert answer.status_code == 302
    user.refresh_from_db()
    assert user.check_password(new)
    assert AuditEntry.objects.filter(action="person.password_changed", actor_id=user.id).exists()


def test_staff_without_a_workspace_get_one_by_signing_in(client: Client, db: None) -> None:
    staff = User.objects.create_superuser("root@example.com", PASSWORD)
    client.post("/accounts/login/", {"login": "root@example.com", "password": PASSWORD})
    staff.refresh_from_db()
    assert staff.current_workspace_id == Workspace.objects.get(personal_of=staff).id


@pytest.mark.parametrize(("htmx", "status"), [(False, 302), (True, 200)])
def test_choosing_a_workspace(cast: Cast, htmx: bool, status: int) -> None:
    own = cast.bob.user.personal_workspace.id
    headers = {"HX-Request": "true"} if htmx else {}
    response = cast.bob.browser().post(f"/workspaces/{own}/switch/", headers=headers)
    assert response.status_code == status
    assert response["HX-Redirect" if htmx else "Location"] == "/"
    cast.bob.user.refresh_from_db()
    assert cast.bob.user.current_workspace_id == own


def test_nobody_chooses_a_strangers_workspace(cast: Cast) -> None:
    response = cast.dave.browser().post(f"/workspaces/{cast.alice.workspace_id}/switch/")
    assert response.status_code == 404
    cast.dave.user.refresh_from_db()
    assert cast.dave.user.current_workspace_id == cast.dave.workspace_id


def test_choosing_asks_for_a_sign_in_and_for_post(cast: Cast, client: Client) -> None:
    path = f"/workspaces/{cast.alice.workspace_id}/switch/"
    page = client.post(path, headers={"Referer": "http://testserver/agents/?q=b"})
    assert page["Location"] == "/accounts/login/?next=%2Fagents%2F%3Fq%3Db"
    fragment = client.post(path, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/agents/?q=a"})
    assert fragment["HX-Redirect"] == "/accounts/login/?next=%2Fagents%2F%3Fq%3Da"
    assert cast.alice.browser().get(path).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize(("data", "kept"), [({"remember": "on"}, True), ({}, False)])
def test_one_stays_signed_in_only_by_choice(client: Client, data: dict[str, str], kept: bool) -> None:
    person_register(email="alice@example.com", password=PASSWORD, name="Alice")
    assert 'name="remember" checked' in client.get("/accounts/login/").content.decode()
    client.post("/accounts/login/", {"login": "alice@example.com", "password": PASSWORD} | data)
    assert signed_in_as(client)
    assert client.session.get_expire_at_browser_close() is not kept

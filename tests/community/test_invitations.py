"""Invitations: sent by mail, accepted once, by the person they are for."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from community import registry
from community.models import AuditEntry, Invitation, Membership, User
from community.services.invitations import invitation_accept
from config.lib.errors import AppError
from tests.cast import PASSWORD, Api, Cast, fresh_address

LINK = re.compile(r"/invitations/([\w-]+)/")
pytestmark = pytest.mark.django_db(transaction=True)  # mails leave after commit


def invite(cast: Cast, email: str, role: str = "editor", **headers: str) -> Any:
    return cast.alice.api.post(f"workspaces/{cast.alice.workspace_id}/invitations/", {"email": email, "role": role})


def link_in(mail: Any) -> str:
    found = LINK.search(mail.body)
    assert found is not None
    return found[1]


def accept(api: Api, link: str) -> Any:
    return api.post("invitations/accept/", {"token": link}, headers={"X-Workspace": ""})


def test_an_invitation_is_a_mail_with_a_link_that_makes_a_member(cast: Cast, mailoutbox: list[Any]) -> None:
    response = invite(cast, cast.dave.user.email.upper())
    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"id", "email", "role", "invited_by", "sent_at", "expires_at", "expired", "created_at"}
    assert (body["email"], body["role"], body["expired"]) == (cast.dave.user.email, "editor", False)
    [mail] = mailoutbox
    assert mail.to == [cast.dave.user.email]
    assert mail.subject == "Alice invites you to Alice on Troupe"
    link = link_in(mail)
    assert link not in response.content.decode()  # not even to who invites: it proves whose address it is
    assert link not in str(list(Invitation.objects.values()))

    joined = accept(cast.dave.api, link)
    assert (joined.status_code, joined.json()["role"]) == (200, "editor")
    assert joined.json()["id"] == str(cast.alice.workspace_id)
    cast.dave.user.refresh_from_db()
    assert cast.dave.user.current_workspace_id == cast.alice.workspace_id
    actions = AuditEntry.objects.filter(workspace_id=cast.alice.workspace_id).values_list("action", flat=True)
    assert {"invitation.created", "member.joined", "invitation.accepted"} <= set(actions)
    assert link not in str(list(AuditEntry.objects.values()))


def test_a_link_works_once(cast: Cast, mailoutbox: list[Any]) -> None:
    invite(cast, cast.dave.user.email)
    link = link_in(mailoutbox[0])
    assert accept(cast.dave.api, link).status_code == 200
    opened = cast.dave.browser().get(f"/invitations/{link}/", follow=True)
    assert opened.redirect_chain == [("/", 302)]
    assert "You are a member of Alice already." in opened.content.decode()
    assert cast.bob.browser().get(f"/invitations/{link}/").status_code == 404
    Membership.objects.filter(user=cast.dave.user, workspace_id=cast.alice.workspace_id).delete()
    assert cast.dave.browser().get(f"/invitations/{link}/").status_code == 404
    again = accept(cast.dave.api, link)
    assert (again.status_code, again.json()["code"]) == (404, "invitation_invalid")


def test_used_by_two_at_the_same_time_it_makes_one_member(cast: Cast, mailoutbox: list[Any]) -> None:
    invite(cast, cast.dave.user.email)
    link = link_in(mailoutbox[0])
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def use() -> None:
        user = User.objects.get(id=cast.dave.user.id)
        barrier.wait(60)
        try:
            outcomes.append(invitation_accept(user=user, link=link).role)
        except AppError as error:
            outcomes.append(error.error_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["editor", "invitation_invalid"]
    assert Membership.objects.filter(user=cast.dave.user, workspace_id=cast.alice.workspace_id).count() == 1


def test_somebody_else_is_told_so_and_does_not_get_in(cast: Cast, mailoutbox: list[Any]) -> None:
    invite(cast, fresh_address("frank"))
    link = link_in(mailoutbox[0])
    refused = accept(cast.dave.api, link)
    assert (refused.status_code, refused.json()["code"]) == (403, "invitation_email")
    assert cast.dave.user.email in refused.json()["detail"]
    assert not Membership.objects.filter(user=cast.dave.user, workspace_id=cast.alice.workspace_id).exists()
    page = cast.dave.browser().get(f"/invitations/{link}/")
    assert page.status_code == 200
    assert f"This invitation is for {mailoutbox[0].to[0]}" in page.content.decode()
    assert "Accept the invitation" not in page.content.decode()


@pytest.mark.parametrize("verified", [True, False])
def test_a_further_address_counts_where_it_is_verified(cast: Cast, mailoutbox: list[Any], verified: bool) -> None:
    further = fresh_address("dave.work")
    EmailAddress.objects.create(user=cast.dave.user, email=further, verified=verified)
    invite(cast, further)
    assert accept(cast.dave.api, link_in(mailoutbox[0])).status_code == (200 if verified else 403)


@pytest.mark.parametrize("how", ["expired", "revoked", "resent", "closed", "nonsense", "digest"])
def test_a_link_that_has_ended_and_one_that_never_was_look_the_same(
    cast: Cast, mailoutbox: list[Any], how: str
) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/invitations/{invite(cast, cast.dave.user.email).json()['id']}/"
    link = link_in(mailoutbox[0])
    if how == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "revoked":
        assert cast.alice.api.delete(path).status_code == 204
    elif how == "resent":
        assert cast.alice.api.post(f"{path}resend/").status_code == 200
    elif how == "closed":
        cast.alice.user.personal_workspace.closed_at = timezone.now()
        cast.alice.user.personal_workspace.save()
    else:
        link = "A" * 43 if how == "nonsense" else Invitation.objects.get().digest
    answers = [accept(cast.dave.api, text) for text in (link, "never-was")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert Client().get(f"/invitations/{link}/").status_code == 404
    assert not Membership.objects.filter(user=cast.dave.user, workspace_id=cast.alice.workspace_id).exists()


def test_sent_again_it_has_a_new_link_and_seven_days(cast: Cast, mailoutbox: list[Any]) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/invitations/{invite(cast, cast.dave.user.email).json()['id']}/"
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert cast.alice.api.get(path).json()["expired"] is True
    assert cast.alice.api.post(f"{path}resend").json()["expired"] is False
    left = Invitation.objects.get().expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert accept(cast.dave.api, link_in(mailoutbox[1])).status_code == 200


def test_inviting_an_invited_address_again_changes_the_one_invitation(cast: Cast, mailoutbox: list[Any]) -> None:
    first = invite(cast, cast.dave.user.email, "editor").json()
    second = invite(cast, cast.dave.user.email, "viewer").json()
    assert (first["id"], second["role"]) == (second["id"], "viewer")
    assert accept(cast.dave.api, link_in(mailoutbox[0])).status_code == 404
    assert accept(cast.dave.api, link_in(mailoutbox[1])).json()["role"] == "viewer"


def test_it_refuses_members_roles_above_ones_own_and_what_is_no_address(cast: Cast, mailoutbox: list[Any]) -> None:
    assert invite(cast, cast.bob.user.email).json()["code"] == "already_member"
    assert invite(cast, "nobody").status_code == 400
    assert invite(cast, fresh_address("x"), "king").status_code == 400
    Membership.objects.filter(user=cast.bob.user, workspace_id=cast.alice.workspace_id).update(role="admin")
    path = f"workspaces/{cast.alice.workspace_id}/invitations/"
    assert cast.bob.api.post(path, {"email": fresh_address("x"), "role": "owner"}).status_code == 403
    injected = cast.bob.api.post(path, {"email": "a@example.com\nBcc: b@example.com", "role": "viewer"})
    assert injected.status_code == 400
    assert not Invitation.objects.exists()
    assert mailoutbox == []


def test_an_answer_does_not_tell_who_is_registered(cast: Cast, mailoutbox: list[Any]) -> None:
    answers = [invite(cast, email).json() for email in (cast.dave.user.email, fresh_address("nobody"))]
    assert [set(answer) for answer in answers] == [set(answers[0])] * 2
    subjects = {mail.subject for mail in mailoutbox}
    bodies = {LINK.sub("", mail.body) for mail in mailoutbox}
    assert (len(subjects), len(bodies)) == (1, 1)
    pages = [Client().get(f"/invitations/{link_in(mail)}/").content.decode() for mail in mailoutbox]
    assert all("Create an account" in page and "sign in" in page for page in pages)


def test_the_list_holds_the_open_ones_and_costs_the_same_for_many(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/invitations/"
    for number in range(8):
        invite(cast, fresh_address(f"guest{number}"))
    with django_assert_num_queries(3):
        body = cast.alice.api.get(path).json()
    assert body["count"] == 8
    assert body["results"][0]["invited_by"]["name"] == "Alice"
    assert "digest" not in str(body)


@pytest.mark.usefixtures("one_window")
def test_it_is_limited(cast: Cast, settings: Settings) -> None:
    settings.THROTTLE_INVITATION = 2
    answers = [invite(cast, fresh_address(f"guest{number}")) for number in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert 1 <= int(refused[0]["Retry-After"]) <= 60
    assert Invitation.objects.count() == 6 - len(refused)


def test_at_the_cap_nobody_more_gets_in(cast: Cast, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    invite(cast, cast.dave.user.email)
    monkeypatch.setattr(registry, "limit_sources", [lambda _workspace_id, _name: 3])
    full = accept(cast.dave.api, link_in(mailoutbox[0]))
    assert (full.status_code, full.json()["code"]) == (402, "plan_limit")
    monkeypatch.setattr(registry, "limit_sources", [lambda _workspace_id, _name: 4])
    assert invite(cast, fresh_address("more")).status_code == 402  # an open invitation takes a place
    assert accept(cast.dave.api, link_in(mailoutbox[0])).status_code == 200


# By the pages


def test_who_signs_up_from_the_link_is_verified_and_lands_in_the_workspace(
    cast: Cast, mailoutbox: list[Any], settings: Settings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    email = fresh_address("newcomer")
    invite(cast, email)
    path = f"/invitations/{link_in(mailoutbox[0])}/"
    browser = Client()
    page = browser.get(path)
    assert page["Referrer-Policy"] == "same-origin"
    data = {"name": "Newcomer", "email": email, "password1": PASSWORD, "next": path}
    signed_up = browser.post(f"/accounts/signup/?next={path}", data)
    assert (signed_up.status_code, signed_up["Location"]) == (302, path)
    assert "Accept the invitation" in browser.get(path).content.decode()
    assert browser.post(path)["Location"] == "/"
    user = User.objects.get(email=email)
    assert EmailAddress.objects.get(user=user).verified
    assert Membership.objects.get(user=user, workspace_id=cast.alice.workspace_id).role == "editor"


def test_the_link_verifies_no_other_address(cast: Cast, mailoutbox: list[Any], settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    invite(cast, fresh_address("newcomer"))
    browser = Client()
    browser.get(f"/invitations/{link_in(mailoutbox[0])}/")
    other = fresh_address("victim")
    browser.post("/accounts/signup/", {"name": "Mallory", "email": other, "password1": PASSWORD})
    assert not EmailAddress.objects.filter(email=other, verified=True).exists()
    assert "_auth_user_id" not in browser.session

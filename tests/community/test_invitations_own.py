"""Invitations without their link: under the bell and in the inbox of whoever has shown that the address is theirs."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from community import registry, selectors
from community.access import get_actor, get_invitation
from community.models import AuditEntry, Invitation, Membership, Notification, Role, User, Workspace
from community.services import invitations, notices
from config.lib import jobs
from config.lib.errors import AppError
from tests.cast import Cast, Person, fresh_address, join, make_user, on_plan

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The invitation's task, done at once as a worker would; answers the ids it came for."""
    seen: list[str] = []
    send = jobs._send

    def work(task: str, arguments: dict[str, str]) -> None:
        if task != "community.tell_invited":
            return send(task, arguments)
        seen.append(arguments["invitation_id"])
        return notices.invited_tell(invitation_id=Invitation.objects.get(id=arguments["invitation_id"]).id)

    monkeypatch.setattr(jobs, "_send", work)
    return seen


def invite(by: Person, email: str, role: str = "editor") -> Invitation:
    actor = get_actor(by.user, by.workspace_id)
    return invitations.invitation_create(actor=actor, email=email, role=role)


def answer(person: Person, invitation: Invitation, how: str = "accept") -> Any:
    return person.api.post(f"users/me/invitations/{invitation.id}/{how}/")


def waiting(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.api.get("inbox/?kind=invitation").json()["results"]
    return found


def told(person: Person) -> list[str]:
    return [row["title"] for row in person.api.get("notifications/?kind=invitation").json()["results"]]


def is_member(person: Person, cast: Cast) -> bool:
    return Membership.objects.filter(user=person.user, workspace_id=cast.alice.workspace_id).exists()


# Who finds it


def test_who_is_invited_finds_it_under_the_bell_and_in_the_inbox(cast: Cast, mailoutbox: list[Any]) -> None:
    invitation = invite(cast.alice, cast.dave.user.email)
    assert told(cast.dave) == ["Alice invites you to Alice"]
    assert told(cast.bob) == []
    [item] = waiting(cast.dave)
    assert (item["id"], item["kind"], item["title"]) == (str(invitation.id), "invitation", "Alice invites you to Alice")
    assert item["due_at"] is not None
    assert item["dismissible"] is False
    assert [action["name"] for action in item["actions"]] == ["accept", "decline"]
    assert waiting(cast.bob) == []
    assert len(mailoutbox) == 1, "the invitation is the mail; the notification is none"
    page = cast.dave.browser().get("/inbox/").content.decode()
    assert f"/inbox/invitations/{invitation.id}/accept/" in page
    rows = cast.dave.api.get("users/me/invitations/").json()["results"]
    assert [(row["workspace"], row["role"], row["invited_by"]["name"]) for row in rows] == [
        ("Alice", "editor", "Alice")
    ]


def test_the_inbox_says_where_a_program_answers(cast: Cast) -> None:
    invite(cast.alice, cast.dave.user.email)
    [item] = waiting(cast.dave)
    assert cast.dave.api.post(item["actions"][0]["url"]).status_code == 200
    assert is_member(cast.dave, cast)


@pytest.mark.parametrize(("rule", "verified", "finds"), [
    ("none", False, True), ("optional", False, False), ("mandatory", False, False), ("mandatory", True, True),
])  # fmt: skip
def test_an_address_counts_where_it_is_shown_to_be_theirs(
    cast: Cast, settings: Settings, rule: str, verified: bool, finds: bool
) -> None:
    """Else whoever registers with somebody's address would join in their place."""
    settings.ACCOUNT_EMAIL_VERIFICATION = rule
    EmailAddress.objects.create(user=cast.dave.user, email=cast.dave.user.email, primary=True, verified=verified)
    invitation = invite(cast.alice, cast.dave.user.email)
    assert bool(told(cast.dave)) is finds
    assert bool(waiting(cast.dave)) is finds
    assert answer(cast.dave, invitation).status_code == (200 if finds else 404)
    assert is_member(cast.dave, cast) is finds


@pytest.mark.parametrize("verified", [True, False])
def test_a_further_address_counts_where_it_is_verified(cast: Cast, verified: bool) -> None:
    further = fresh_address("dave.work")
    EmailAddress.objects.create(user=cast.dave.user, email=further, verified=verified)
    invitation = invite(cast.alice, further)
    assert bool(told(cast.dave)) is verified
    assert answer(cast.dave, invitation).status_code == (200 if verified else 404)


def test_who_verifies_the_address_later_finds_it_then(cast: Cast, settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    address = EmailAddress.objects.create(user=cast.dave.user, email=cast.dave.user.email, primary=True)
    invite(cast.alice, cast.dave.user.email)
    assert waiting(cast.dave) == []
    EmailAddress.objects.filter(id=address.id).update(verified=True)
    assert len(waiting(cast.dave)) == 1


def test_the_inviter_learns_nothing_of_who_is_registered(cast: Cast, worker: list[str]) -> None:
    """The answers are alike, and so is the work: telling is a worker's, and it is asked for either."""
    path = f"workspaces/{cast.alice.workspace_id}/invitations/"
    answers = [cast.alice.api.post(path, {"email": email}) for email in (cast.dave.user.email, fresh_address("nobody"))]
    assert [(each.status_code, sorted(each.json())) for each in answers] == [(201, sorted(answers[0].json()))] * 2
    assert worker == [each.json()["id"] for each in answers]
    assert [row["email"] for row in cast.alice.api.get(path).json()["results"]] == [
        each.json()["email"] for each in reversed(answers)
    ]


def test_it_is_told_once_each_time_it_is_sent(cast: Cast) -> None:
    invitation = invite(cast.alice, cast.dave.user.email)
    notices.invited_tell(invitation_id=invitation.id)
    assert len(told(cast.dave)) == 1
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    invitations.invitation_resend(actor=actor, invitation=invitation)
    assert len(told(cast.dave)) == 2
    assert len(waiting(cast.dave)) == 1
    invitations.invitation_revoke(actor=actor, invitation=invitation)
    notices.invited_tell(invitation_id=invitation.id)
    assert len(told(cast.dave)) == 2


# Answering


def test_accepting_joins_and_the_page_leads_there(cast: Cast) -> None:
    invitation = invite(cast.alice, cast.dave.user.email)
    browser = cast.dave.browser()
    accepted = browser.post(f"/inbox/invitations/{invitation.id}/accept/")
    assert (accepted.status_code, accepted["Location"]) == (302, "/")
    assert "Welcome to Alice. Your role: Editor." in browser.get("/").content.decode()
    assert User.objects.get(id=cast.dave.user.id).current_workspace_id == cast.alice.workspace_id
    assert waiting(cast.dave) == []
    assert selectors.unread_count(cast.dave.user.id) == 0, "what was told of it is read"
    assert AuditEntry.objects.filter(action="invitation.accepted", actor_id=cast.dave.user.id).count() == 1


def test_accepting_without_the_link_verifies_no_address(cast: Cast) -> None:
    EmailAddress.objects.create(user=cast.dave.user, email=cast.dave.user.email, primary=True, verified=False)
    assert answer(cast.dave, invite(cast.alice, cast.dave.user.email)).status_code == 200
    assert not EmailAddress.objects.get(user=cast.dave.user).verified


def test_declining_ends_it_and_shows_nobodys_profile(cast: Cast, mailoutbox: list[Any]) -> None:
    invitation = invite(cast.alice, cast.dave.user.email)
    browser = cast.dave.browser()
    assert browser.post(f"/inbox/invitations/{invitation.id}/decline/")["Location"] == "/inbox/"
    assert "You declined the invitation to Alice." in browser.get("/inbox/").content.decode()
    assert (waiting(cast.dave), selectors.unread_count(cast.dave.user.id)) == ([], 0)
    assert not is_member(cast.dave, cast)
    assert answer(cast.dave, invitation).status_code == 404
    link = mailoutbox[0].body.split("/invitations/")[1].split("/")[0]
    assert cast.dave.api.post("invitations/accept/", {"token": link}).status_code == 404
    [entry] = cast.alice.api.get("audit/?action=invitation.declined").json()["results"]
    assert (entry["actor_id"], entry["actor"], entry["after"]["email"]) == (None, None, cast.dave.user.email)
    assert invite(cast.alice, cast.dave.user.email).id != invitation.id, "it may be said again"


def _expire(_cast: Cast, _invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def _close(cast: Cast, _invitation: Invitation) -> None:
    Workspace.objects.filter(id=cast.alice.workspace_id).update(closed_at=timezone.now())


def _revoke(cast: Cast, invitation: Invitation) -> None:
    invitations.invitation_revoke(actor=get_actor(cast.alice.user, cast.alice.workspace_id), invitation=invitation)


def _accept(cast: Cast, invitation: Invitation) -> None:
    assert answer(cast.dave, invitation).status_code == 200


@pytest.mark.parametrize("how", ["accept", "decline"])
@pytest.mark.parametrize("end", [_expire, _close, _revoke, _accept])
def test_what_has_ended_and_what_never_was_look_the_same(
    cast: Cast, how: str, end: Callable[[Cast, Invitation], None]
) -> None:
    invitation = invite(cast.alice, cast.dave.user.email)
    end(cast, invitation)
    assert waiting(cast.dave) == []
    never = Invitation(id=cast.dave.user.id)
    answers = [answer(cast.dave, each, how) for each in (invitation, never)]
    assert [(each.status_code, each.json()["detail"]) for each in answers] == [(404, answers[1].json()["detail"])] * 2


@pytest.mark.parametrize("how", ["accept", "decline"])
def test_somebody_elses_is_not_there(cast: Cast, how: str) -> None:
    invitation = invite(cast.alice, fresh_address("frank"))
    for person in (cast.dave, cast.alice, cast.bob):
        assert answer(person, invitation, how).status_code == 404
        assert person.browser().post(f"/inbox/invitations/{invitation.id}/{how}/").status_code == 404
    assert Invitation.objects.get().is_open


def test_at_the_cap_it_waits(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    invitation = invite(cast.alice, cast.dave.user.email)
    monkeypatch.setattr(registry, "limit_sources", [lambda _workspace_id, _name: 3])
    full = answer(cast.dave, invitation)
    assert (full.status_code, full.json()["code"]) == (402, "plan_limit")
    assert cast.dave.browser().post(f"/inbox/invitations/{invitation.id}/accept/").status_code == 402
    assert len(waiting(cast.dave)) == 1
    monkeypatch.setattr(registry, "limit_sources", [lambda _workspace_id, _name: 4])
    assert answer(cast.dave, invitation).status_code == 200


@pytest.mark.parametrize("other", ["accept", "decline"])
def test_answered_twice_at_the_same_time_one_answer_counts(cast: Cast, other: str) -> None:
    invitation = invite(cast.alice, cast.dave.user.email)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def act(how: str) -> None:
        user = User.objects.get(id=cast.dave.user.id)
        barrier.wait(60)
        try:
            if how == "accept":
                invitations.invitation_accept_own(user=user, invitation_id=invitation.id)
            else:
                invitations.invitation_decline(user=user, invitation_id=invitation.id)
            outcomes.append(how)
        except AppError as error:
            outcomes.append(error.error_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=[how]) for how in ("accept", other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes.count("invitation_invalid") == 1
    invitation.refresh_from_db()
    assert is_member(cast.dave, cast) is ("accept" in outcomes) is (invitation.accepted_at is not None)
    assert (invitation.revoked_at is not None) is ("decline" in outcomes)


def test_sending_again_does_not_open_what_was_answered_meanwhile(cast: Cast) -> None:
    invitation = invite(cast.alice, cast.dave.user.email)
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    stale = get_invitation(actor, invitation.id)
    answer(cast.dave, invitation, "decline")
    with pytest.raises(AppError):
        invitations.invitation_resend(actor=actor, invitation=stale)
    assert not Invitation.objects.get().is_open


def test_many_cost_no_more_queries(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(6):
        owner = make_user(f"owner{number}")
        assert owner.current_workspace_id is not None
        on_plan(owner.current_workspace_id, "pro")
        invite(Person(owner, owner.current_workspace_id), cast.dave.user.email)
    actor = get_actor(cast.dave.user)
    source = registry.inbox_sources["invitation"]
    with django_assert_num_queries(1):
        assert len(source.items(actor, 10)) == 6
    with django_assert_num_queries(1):
        assert source.count(actor) == 6


# What others are told


def test_who_invited_hears_that_they_came(cast: Cast) -> None:
    erin = join(make_user("erin"), cast.alice.workspace_id, Role.ADMIN)
    answer(cast.dave, invite(erin, cast.dave.user.email))
    assert told(erin) == ["Dave joined Alice"]
    assert told(cast.alice) == told(cast.bob) == []
    notices.joined_tell(workspace_id=cast.alice.workspace_id, user_id=cast.dave.user.id)
    assert Notification.objects.filter(user=erin.user).count() == 1


def test_who_looks_after_the_workspace_no_more_hears_nothing(cast: Cast) -> None:
    erin = join(make_user("erin"), cast.alice.workspace_id, Role.ADMIN)
    invitation = invite(erin, cast.dave.user.email)
    Membership.objects.filter(user=erin.user, workspace_id=cast.alice.workspace_id).update(role=Role.VIEWER)
    answer(cast.dave, invitation)
    assert told(erin) == []


def test_a_new_role_and_being_removed_are_told_to_whom_they_concern(cast: Cast) -> None:
    path = f"workspaces/{cast.alice.workspace_id}/members/{cast.bob.user.id}/"
    for role in ("viewer", "editor", "viewer"):
        assert cast.alice.api.patch(path, {"role": role}).status_code == 200
    said = [f"Your role in Alice is now: {role}" for role in ("Viewer", "Editor", "Viewer")]
    assert told(cast.bob) == said
    assert cast.alice.api.delete(path).status_code == 204
    home = Person(cast.bob.user, cast.bob.user.personal_workspace.id)
    assert told(home) == ["You are no longer a member of Alice"], "found in the workspaces they still have"
    assert told(cast.alice) == told(cast.carol) == []


def test_who_leaves_is_told_nothing(cast: Cast) -> None:
    assert cast.bob.api.post(f"workspaces/{cast.alice.workspace_id}/leave/").status_code == 204
    assert not Notification.objects.filter(user=cast.bob.user).exists()

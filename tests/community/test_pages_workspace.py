"""The pages of a workspace: its settings, people, tokens and audit log."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from community import registry
from community.models import ApiToken, AuditEntry, Invitation, Membership, Role, Workspace
from community.services.workspaces import workspace_create
from tests.agents.world import make_agent
from tests.cast import Cast, Person, fresh_address, join, make_user, on_plan

HTMX = {"HX-Request": "true"}


@pytest.fixture
def office(cast: Cast) -> Person:
    """Alice, in a workspace that is not her personal one; bob edits there."""
    workspace = workspace_create(owner=cast.alice.user, name="Office")
    on_plan(workspace.id, "pro")
    join(cast.bob.user, workspace.id, Role.EDITOR)
    return Person(cast.alice.user, workspace.id)


def text_of(response: Any) -> str:
    return response.content.decode()  # type: ignore[no-any-return]


def test_a_new_workspace_is_worked_in(cast: Cast) -> None:
    browser = cast.dave.browser()
    made = browser.post("/workspaces/new/", {"name": "Garage"})
    assert (made.status_code, made["Location"]) == (302, "/workspace/members/")
    assert "Garage is ready" in text_of(browser.get("/workspace/members/"))
    assert Membership.objects.get(user=cast.dave.user, workspace__name="Garage").role == "owner"
    assert browser.post("/workspaces/new/", {"name": " "}).status_code == 422


def test_the_switcher_stands_on_every_page(office: Person, cast: Cast) -> None:
    page = text_of(office.browser().get("/"))
    for path in (
        "/workspace/",
        "/workspace/members/",
        "/workspaces/new/",
        f"/workspaces/{cast.alice.workspace_id}/switch/",
    ):
        assert path in page
    alone = text_of(cast.dave.browser().get("/"))
    assert "/workspaces/new/" in alone
    assert "/switch/" not in alone


def test_what_a_role_does_not_allow_is_not_offered(office: Person, cast: Cast) -> None:
    owner, editor = (text_of(person.browser().get("/workspace/")) for person in (office, cast.bob))
    for path in ("/workspace/transfer/", "/workspace/delete/", "/workspace/tokens/", "/workspace/audit/"):
        assert path in owner
        assert path not in editor
    assert "/workspace/leave/" in editor
    members = text_of(cast.bob.browser().get("/workspace/members/"))
    assert "/workspace/invitations/" not in members
    assert office.user.email not in members


def test_renaming(office: Person) -> None:
    browser = office.browser()
    assert browser.post("/workspace/", {"name": "", "email": "x"}).status_code == 422
    assert browser.post("/workspace/", {"name": "HQ", "email": "bills@example.com"}).status_code == 302
    assert Workspace.objects.get(id=office.workspace_id).name == "HQ"
    assert (
        browser.post("/workspace/", {"name": "HQ", "email": "b@example.com", "closed_at": "2020-01-01"}).status_code
        == 302
    )
    assert Workspace.objects.get(id=office.workspace_id).closed_at is None


def test_deleting_lists_what_depends_and_wants_the_name(office: Person) -> None:
    make_agent(office)
    make_agent(office, name="Other")
    browser = office.browser()
    assert "2 agents" in text_of(browser.get("/workspace/"))
    wrong = browser.post("/workspace/delete/", {"confirm": "office"})
    assert wrong.status_code == 422
    assert "This is not the name of the workspace." in text_of(wrong)
    assert browser.post("/workspace/delete/", {"confirm": "Office"}).status_code == 302
    assert Workspace.objects.get(id=office.workspace_id).closed_at is not None
    assert browser.get("/").status_code == 200  # back in another


def test_handing_over(office: Person, cast: Cast) -> None:
    browser = office.browser()
    wrong = browser.post("/workspace/transfer/", {"to": str(cast.bob.user.id), "confirm": "x"})
    assert wrong.status_code == 422
    assert browser.post("/workspace/transfer/", {"to": str(cast.dave.user.id), "confirm": "Office"}).status_code == 422
    assert browser.post("/workspace/transfer/", {"to": str(cast.bob.user.id), "confirm": "Office"}).status_code == 302
    roles = dict(Membership.objects.filter(workspace_id=office.workspace_id).values_list("user__name", "role"))
    assert roles == {"Alice": "admin", "Bob": "owner"}


def test_the_last_owner_is_told_on_the_page_why_they_stay(office: Person) -> None:
    browser, me = office.browser(), office.user.id
    for path, data in ((f"/workspace/members/{me}/role/", {"role": "admin"}), (f"/workspace/members/{me}/remove/", {})):
        refused = browser.post(path, data, follow=True)
        assert refused.redirect_chain == [("/workspace/members/", 302)]
        assert "The last owner cannot go." in text_of(refused)
    assert Membership.objects.get(user_id=me, workspace_id=office.workspace_id).role == "owner"


def test_inviting_changing_roles_and_removing(office: Person, cast: Cast) -> None:
    browser = office.browser()
    email = fresh_address("guest")
    assert browser.post("/workspace/invitations/", {"email": email, "role": "viewer"}).status_code == 302
    assert email in text_of(browser.get("/workspace/members/"))
    refused = browser.post("/workspace/invitations/", {"email": cast.bob.user.email, "role": "viewer"})
    assert (refused.status_code, "This person is a member already." in text_of(refused)) == (422, True)
    invitation = Invitation.objects.get()
    assert browser.post(f"/workspace/invitations/{invitation.id}/resend/").status_code == 302
    assert browser.post(f"/workspace/invitations/{invitation.id}/revoke/").status_code == 302
    assert not Invitation.objects.open().exists()
    assert browser.post(f"/workspace/members/{cast.bob.user.id}/role/", {"role": "admin"}).status_code == 302
    assert Membership.objects.get(user=cast.bob.user, workspace_id=office.workspace_id).role == "admin"
    assert browser.post(f"/workspace/members/{cast.bob.user.id}/remove/").status_code == 302
    assert not Membership.objects.filter(user=cast.bob.user, workspace_id=office.workspace_id).exists()


def test_the_members_page_costs_the_same_for_many(
    office: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        join(make_user(f"more{number}"), office.workspace_id, Role.VIEWER)
    browser = office.browser()
    with django_assert_max_num_queries(15):
        page = text_of(browser.get("/workspace/members/"))
    assert page.count("/remove/") == 13
    assert text_of(browser.get("/workspace/members/", {"q": "more11"})).count("/remove/") == 1


def test_a_token_is_shown_once(office: Person) -> None:
    browser = office.browser()
    made = browser.post("/workspace/tokens/", {"name": "Robot", "scopes": ["agents:read"], "lifetime": "30"})
    found = re.search(r"trp_[A-Za-z0-9]{40}", text_of(made))
    assert found is not None
    assert "no-store" in made["Cache-Control"]
    row = ApiToken.objects.get()
    assert row.expires_at is not None
    page = text_of(browser.get("/workspace/tokens/"))
    assert found[0] not in page
    assert row.prefix in page
    client = Client()
    assert client.get("/api/v1/agents/", headers={"Authorization": f"Bearer {found[0]}"}).status_code == 200
    assert browser.post(f"/workspace/tokens/{row.id}/revoke/").status_code == 302
    assert client.get("/api/v1/agents/", headers={"Authorization": f"Bearer {found[0]}"}).status_code == 401
    refused = browser.post("/workspace/tokens/", {"name": "Robot", "lifetime": ""})
    assert (refused.status_code, 'aria-describedby="scopes-error"' in text_of(refused)) == (422, True)
    assert '<span class="help font-normal">optional' not in text_of(refused)
    assert browser.post("/workspace/tokens/", {"name": "Robot", "scopes": ["fly"]}).status_code == 422


def test_the_audit_page_shows_what_was_done_by_whom(office: Person, cast: Cast) -> None:
    office.api.patch(f"workspaces/{office.workspace_id}/members/{cast.bob.user.id}/", {"role": "viewer"})
    browser = office.browser()
    page = text_of(browser.get("/workspace/audit/"))
    assert "member.role_changed" in page
    assert "workspace.created" in page
    filtered = browser.get("/workspace/audit/", {"action": "member.role_changed"}, headers=HTMX)
    assert "workspace.created" not in text_of(filtered)
    assert "<html" not in text_of(filtered)
    for query in (
        {"person": str(cast.bob.user.id)},
        {"until": "2020-01-01"},
        {"since": "2999-01-01"},
        {"action": "x'--"},
    ):
        assert "Nothing fits" in text_of(browser.get("/workspace/audit/", query, headers=HTMX))
    assert browser.get("/workspace/audit/", {"person": "x", "since": "soon"}).status_code == 200


def test_the_audit_page_costs_the_same_for_many(
    office: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = office.browser()
    AuditEntry.objects.bulk_create(
        AuditEntry(action="test.done", workspace_id=office.workspace_id, actor_id=office.user.id)
        for _number in range(60)
    )
    with django_assert_max_num_queries(6):
        browser.get("/workspace/audit/", headers=HTMX)


def test_who_cannot_invite_for_the_plan_is_told_before_they_type(office: Person, cast: Cast) -> None:
    on_plan(office.workspace_id, "free")
    page = text_of(office.browser().get("/workspace/members/"))
    assert "plan is for one person" in page
    assert 'href="/billing/">Plans and billing' in page
    assert 'name="email"' not in page
    erin = join(make_user("erin"), office.workspace_id, Role.ADMIN)
    admins = text_of(erin.browser().get("/workspace/members/"))
    assert "An owner can change it." in admins
    assert 'href="/billing/">Plans and billing' not in admins
    on_plan(office.workspace_id, "pro")
    page = text_of(office.browser().get("/workspace/members/"))
    assert 'name="email"' in page
    assert "Plans and billing" not in page


def test_open_invitations_take_places_too(
    office: Person, cast: Cast, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    monkeypatch.setattr(registry, "limit_sources", [lambda _workspace_id, _name: 3])
    browser = office.browser()
    assert (
        browser.post("/workspace/invitations/", {"email": fresh_address("guest"), "role": "viewer"}).status_code == 302
    )
    page = text_of(browser.get("/workspace/members/"))
    assert "plan allows 3 members, and all places are taken or promised" in page
    Invitation.objects.update(expires_at=timezone.now())
    assert 'name="email"' in text_of(browser.get("/workspace/members/"))

"""Whoever is put out of a workspace, or down in it, does not come back by invitations that they sent before."""

from collections.abc import Callable

import pytest

from community.access import Actor, get_actor
from community.models import AuditEntry, Invitation, Membership, Role, Workspace
from community.services.erasure import person_erase
from community.services.invitations import invitation_create, invitation_resend
from community.services.members import member_change_role, member_leave, member_remove, ownership_transfer
from community.services.workspaces import workspace_create, workspace_delete
from config.lib.errors import AppError, Forbidden
from tests.cast import Cast, Person, join, make_user, on_plan


@pytest.fixture
def erin(cast: Cast) -> Person:
    """An admin, who means no good."""
    return join(make_user("erin"), cast.alice.workspace_id, Role.ADMIN)


def actor_of(person: Person) -> Actor:
    return get_actor(person.user, person.workspace_id)


def sent_by(person: Person, role: str = Role.ADMIN, to: str = "accomplice@example.com") -> Invitation:
    return invitation_create(actor=actor_of(person), email=to, role=role)


def membership(person: Person) -> Membership:
    return Membership.objects.get(user=person.user, workspace_id=person.workspace_id)


def put_down(cast: Cast, erin: Person) -> None:
    member_change_role(actor=actor_of(cast.alice), member=membership(erin), role=Role.EDITOR)


def put_out(cast: Cast, erin: Person) -> None:
    member_remove(actor=actor_of(cast.alice), member=membership(erin))


def go(cast: Cast, erin: Person) -> None:
    member_leave(actor=actor_of(erin))


def vanish(cast: Cast, erin: Person) -> None:
    person_erase(user=erin.user)


@pytest.mark.parametrize("end", [put_down, put_out, go, vanish])
def test_an_invitation_ends_with_the_right_to_send_it(
    cast: Cast, erin: Person, end: Callable[[Cast, Person], None]
) -> None:
    theirs = sent_by(erin, to=cast.dave.user.email)
    others = sent_by(cast.alice, to="guest@example.com")
    end(cast, erin)
    answer = cast.dave.api.post(f"users/me/invitations/{theirs.id}/accept/", headers={"X-Workspace": ""})
    assert (answer.status_code, answer.json()["code"]) == (404, "invitation_invalid")
    assert list(Invitation.objects.open().values_list("id", flat=True)) == [others.id]
    assert AuditEntry.objects.filter(action="invitation.revoked", object_id=theirs.id).count() == 1


def test_a_new_owner_is_invited_by_owners_only_also_after_handing_over(cast: Cast) -> None:
    alice = cast.alice
    second = Person(alice.user, workspace_create(owner=alice.user, name="Second").id)
    on_plan(second.workspace_id, "pro")
    bob = join(cast.bob.user, second.workspace_id, Role.ADMIN)
    owner, admin = sent_by(second, Role.OWNER, "a@example.com"), sent_by(second, Role.ADMIN, "b@example.com")
    ownership_transfer(actor=actor_of(second), member=membership(bob), confirmation="Second")
    assert not Invitation.objects.open().filter(id=owner.id).exists()
    assert Invitation.objects.open().filter(id=admin.id).exists()  # an admin may still invite admins


def test_who_sends_it_again_answers_for_it(cast: Cast, erin: Person) -> None:
    invitation = sent_by(erin)
    invitation_resend(actor=actor_of(cast.alice), invitation=invitation)
    put_out(cast, erin)
    assert Invitation.objects.open().get(id=invitation.id).invited_by_id == cast.alice.user.id


@pytest.mark.parametrize("change", [put_down, put_out])
def test_who_was_put_down_while_asking_does_nothing_more(
    cast: Cast, erin: Person, change: Callable[[Cast, Person], None]
) -> None:
    before, known = actor_of(erin), sent_by(cast.alice, to="guest@example.com")
    change(cast, erin)
    for ask in (
        lambda: invitation_create(actor=before, email="accomplice@example.com", role=Role.ADMIN),
        lambda: invitation_create(actor=before, email="accomplice@example.com", role=Role.VIEWER),
        lambda: invitation_resend(actor=before, invitation=known),
        lambda: member_remove(actor=before, member=membership(cast.carol)),
        lambda: member_change_role(actor=before, member=membership(cast.carol), role=Role.EDITOR),
    ):
        with pytest.raises(AppError):
            ask()
    assert list(Invitation.objects.open().values_list("id", "invited_by_id")) == [(known.id, cast.alice.user.id)]
    assert membership(cast.carol).role == Role.VIEWER


def test_who_owned_it_when_asking_does_not_delete_it(cast: Cast) -> None:
    second = Person(cast.alice.user, workspace_create(owner=cast.alice.user, name="Second").id)
    on_plan(second.workspace_id, "pro")
    before, bob = actor_of(second), join(cast.bob.user, second.workspace_id, Role.ADMIN)
    ownership_transfer(actor=before, member=membership(bob), confirmation="Second")
    with pytest.raises(Forbidden):
        workspace_delete(actor=before, confirmation="Second")
    assert Workspace.objects.get(id=second.workspace_id).closed_at is None

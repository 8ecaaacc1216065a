"""Registering: a person, their handle and their workspace come together or not at all."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from community.events import WorkspaceCreated
from community.models import AuditEntry, Membership, Role, User, Workspace
from community.services.people import EmailTaken, person_register, person_settle, person_update
from config.lib import events
from config.lib.errors import InvalidInput
from tests.cast import PASSWORD, Cast, workspace_of


@pytest.mark.django_db
def test_a_person_gets_a_handle_and_a_workspace_they_own_and_work_in() -> None:
    user = person_register(email=" Alice@Example.COM ", password=PASSWORD, name="  Alice   Ärger ")

    user.refresh_from_db()
    assert (user.email, user.name, user.handle) == ("alice@example.com", "Alice Ärger", "alice-arger")
    assert user.check_password(PASSWORD)
    assert user.password.startswith("argon2")
    workspace = Workspace.objects.get(personal_of=user)
    assert (workspace.name, workspace.email, workspace.id) == ("Alice Ärger", user.email, user.current_workspace_id)
    assert list(Membership.objects.filter(user=user).values_list("workspace_id", "role")) == [
        (workspace.id, Role.OWNER)
    ]
    actions = AuditEntry.objects.filter(actor_id=user.id).values_list("action", flat=True)
    assert set(actions) == {"person.registered", "workspace.created"}


@pytest.mark.django_db
def test_two_people_of_one_name_get_different_handles() -> None:
    first = person_register(email="one@example.com", password=PASSWORD, name="Sam")
    second = person_register(email="two@example.com", password=PASSWORD, name="Sam")
    assert first.handle == "sam"
    assert second.handle.startswith("sam-")


@pytest.mark.django_db
def test_it_refuses_a_taken_address_in_any_case_and_changes_nothing() -> None:
    person_register(email="alice@example.com", password=PASSWORD, name="Alice")
    before = (User.objects.count(), Workspace.objects.count(), AuditEntry.objects.count())
    with pytest.raises(EmailTaken):
        person_register(email="ALICE@example.com", password=PASSWORD, name="Mallory")
    assert (User.objects.count(), Workspace.objects.count(), AuditEntry.objects.count()) == before


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short", "1234567890123", "password123", "alice.arger@example.com"])
def test_it_refuses_a_weak_password(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        person_register(email="alice.arger@example.com", password=password, name="Alice")
    assert "password" in refused.value.errors
    assert not User.objects.filter(email="alice.arger@example.com").exists()


@pytest.mark.django_db
def test_workspace_created_is_published_after_commit(django_capture_on_commit_callbacks: Any) -> None:
    seen: list[WorkspaceCreated] = []
    events.subscribe(WorkspaceCreated, seen.append)
    with django_capture_on_commit_callbacks(execute=True):
        user = person_register(email="alice@example.com", password=PASSWORD, name="Alice")
        assert seen == []
    assert seen == [WorkspaceCreated(workspace_of(user), user.id, personal=True)]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_register_one_address_at_once_one_succeeds() -> None:
    def register(number: int) -> str:
        try:
            person_register(email="race@example.com", password=PASSWORD, name=f"Racer {number}")
        except EmailTaken:
            return "taken"
        finally:
            connection.close()
        return "registered"

    with ThreadPoolExecutor(6) as pool:
        results = sorted(pool.map(register, range(6)))
    assert results == ["registered"] + ["taken"] * 5
    assert User.objects.filter(email="race@example.com").count() == 1
    assert Workspace.objects.filter(email="race@example.com").count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_who_want_one_handle_at_once_all_get_one() -> None:
    def register(number: int) -> str:
        try:
            return person_register(email=f"sam{number}@example.com", password=PASSWORD, name="Sam").handle
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        handles = list(pool.map(register, range(6)))
    assert len(set(handles)) == 6
    assert "sam" in handles


@pytest.mark.django_db
def test_staff_made_on_the_command_line_get_their_workspace_later_and_once() -> None:
    staff = User.objects.create_superuser("root@example.com", PASSWORD)
    assert staff.current_workspace_id is None
    person_settle(user=staff)
    person_settle(user=staff)
    assert Workspace.objects.get(personal_of=staff).id == staff.current_workspace_id


def test_a_person_changes_what_they_say_about_themselves(cast: Cast) -> None:
    alice = cast.alice.user
    person_update(user=alice, changes={"name": "Alice B.", "timezone": "Europe/Paris", "email": "evil@example.com"})
    alice.refresh_from_db()
    assert (alice.name, alice.timezone) == ("Alice B.", "Europe/Paris")
    assert alice.email.startswith("alice.")
    entry = AuditEntry.objects.get(action="person.updated")
    assert (entry.before["name"], entry.after["name"]) == ("Alice", "Alice B.")


@pytest.mark.parametrize(
    ("field", "value"),
    [("handle", "Me Too"), ("handle", "settings"), ("timezone", "Mars/Olympus"), ("language", "tlh")],
)
def test_it_refuses_what_is_no_valid_value(cast: Cast, field: str, value: str) -> None:
    with pytest.raises(ValidationError):
        person_update(user=cast.alice.user, changes={field: value})
    assert getattr(User.objects.get(id=cast.alice.user.id), field) != value


def test_it_refuses_somebody_elses_handle(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as refused:
        person_update(user=cast.alice.user, changes={"handle": cast.dave.user.handle})
    assert refused.value.error_code == "handle_taken"

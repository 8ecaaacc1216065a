"""The cast of every test: alice owns a workspace, bob edits and carol views in it, dave is a stranger with one of his own."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from billing.models import CreditAccount, Plan
from billing.services.accounts import account_open
from community.models import Membership, Role, User
from community.services.people import person_add
from community.tokens import AccessToken
from tests import database

PASSWORD = "a quiet place to stand"  # pragma: allowlist secret


class Api:
    """A program: JSON in and out, signed in by an access token, or by nothing."""

    def __init__(self, user: User | None = None, workspace_id: UUID | None = None) -> None:
        self.headers: dict[str, str] = {}
        if user is not None:
            self.headers["Authorization"] = f"Bearer {AccessToken.issue(user)}"
        if workspace_id is not None:
            self.headers["X-Workspace"] = str(workspace_id)

    def request(self, method: str, path: str, data: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Django's test response. A relative ``path`` is one under ``/api/v1/``."""
        address = path if path.startswith("/") else f"/api/v1/{path}"
        options: dict[str, Any] = {"headers": self.headers | (headers or {})}
        if method not in ("GET", "HEAD"):
            options |= {"data": {} if data is None else data, "content_type": "application/json"}
        elif data:
            options |= {"data": data}
        return getattr(Client(enforce_csrf_checks=True), method.lower())(address, **options)

    def get(self, path: str, data: Any = None, **options: Any) -> Any:
        return self.request("GET", path, data, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> Any:
        return self.request("POST", path, data, **options)

    def put(self, path: str, data: Any = None, **options: Any) -> Any:
        return self.request("PUT", path, data, **options)

    def patch(self, path: str, data: Any = None, **options: Any) -> Any:
        return self.request("PATCH", path, data, **options)

    def delete(self, path: str, data: Any = None, **options: Any) -> Any:
        return self.request("DELETE", path, data, **options)


@dataclass
class Person:
    """Somebody, in the workspace the test is about."""

    user: User
    workspace_id: UUID
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        self.api = Api(self.user, self.workspace_id)

    def browser(self, *, enforce_csrf_checks: bool = False) -> Client:
        """A signed-in browser."""
        client = Client(enforce_csrf_checks=enforce_csrf_checks)
        client.force_login(self.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client


@dataclass
class Cast:
    alice: Person
    bob: Person
    carol: Person
    dave: Person

    def by_role(self) -> dict[str, Person]:
        return {"owner": self.alice, "editor": self.bob, "viewer": self.carol, "stranger": self.dave}


def fresh_address(name: str) -> str:
    """An e-mail address no other test has used: some limits count by address, in a cache that outlives the test."""
    return f"{name}.{secrets.token_hex(4)}@example.com"


def make_user(name: str) -> User:
    """A person with their personal workspace; no password (hashing is slow), an address nobody else has."""
    user = User.from_email(fresh_address(name), name.title())
    user.set_unusable_password()
    return person_add(user=user)


def workspace_of(user: User) -> UUID:
    assert user.current_workspace_id is not None
    return user.current_workspace_id


def join(user: User, workspace_id: UUID, role: str) -> Person:
    """Make ``user`` a member, working there."""
    Membership.objects.create(user=user, workspace_id=workspace_id, role=role)
    User.objects.filter(id=user.id).update(current_workspace_id=workspace_id)
    user.current_workspace_id = workspace_id
    return Person(user, workspace_id)


def on_plan(workspace_id: UUID, slug: str) -> None:
    """Put a workspace on a plan; the free one has a single member."""
    account = account_open(workspace_id=workspace_id)
    CreditAccount.objects.filter(id=account.id).update(plan=Plan.objects.get(slug=slug))


def assemble() -> Cast:
    alice, dave = make_user("alice"), make_user("dave")
    office = workspace_of(alice)
    on_plan(office, "pro")
    return Cast(
        alice=Person(alice, office),
        bob=join(make_user("bob"), office, Role.EDITOR),
        carol=join(make_user("carol"), office, Role.VIEWER),
        dave=Person(dave, workspace_of(dave)),
    )


@pytest.fixture
def cast(db: None) -> Cast:
    return assemble()


@pytest.fixture(scope="module")
def lasting_cast(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """One cast for all tests of a module, committed: for tests that only ask, and change nothing."""
    with django_db_blocker.unblock():
        yield assemble()
        database.restore()


@pytest.fixture
def anyone(db: None) -> Api:
    """A program that is not signed in."""
    return Api()

"""The table of roles."""

import pytest

from community import policies
from community.models import Role


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("workspace.read", {"viewer", "editor", "admin", "owner"}),
        ("workspace.update", {"admin", "owner"}),
        ("workspace.delete", {"owner"}),
    ],
)
def test_who_may_do_what(action: str, allowed: set[str]) -> None:
    assert {role for role in Role.values if policies.allows(role, action)} == allowed


def test_an_action_nobody_registered_is_an_error_and_not_a_yes() -> None:
    with pytest.raises(KeyError):
        policies.allows(Role.OWNER, "nothing.ever")
    with pytest.raises(KeyError):
        policies.allows("root", "workspace.read")


def test_an_action_has_one_least_role() -> None:
    policies.allow("workspace.update", Role.ADMIN)
    with pytest.raises(ValueError, match=r"workspace\.update"):
        policies.allow("workspace.update", Role.VIEWER)


@pytest.mark.parametrize(
    ("action", "scope"),
    [
        ("agent.read", "agents:read"),
        ("agent.write", "agents:write"),
        ("agent.run", "runs:run"),
        ("run.read", "runs:read"),
        ("provider.write", "admin"),
        ("member.write", "admin"),
        ("billing.read", "billing:read"),
        ("nothing.known", "admin"),
        ("workspace.read", "any"),
        ("token.write", "person"),
        ("workspace.delete", "person"),
    ],
)
def test_what_a_token_needs(action: str, scope: str) -> None:
    assert policies.needed_scope(action) == scope


def test_admin_stands_for_every_scope_and_for_nothing_that_is_the_persons() -> None:
    assert policies.in_scope(["admin"], "agent.write")
    assert policies.in_scope(["agents:write"], "agent.write")
    assert not policies.in_scope(["agents:read"], "agent.write")
    assert not policies.in_scope(policies.SCOPES, "token.write")
    assert not policies.in_scope([], "member.read")
    assert policies.in_scope([], "workspace.read")


def test_a_scope_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="scope"):
        policies.allow("new.thing", Role.VIEWER, "agents:fly")
    with pytest.raises(KeyError):
        policies.least_role("new.thing")


def test_every_action_needs_a_scope_that_exists() -> None:
    known = {*policies.SCOPES, policies.ANY_SCOPE, policies.NO_TOKEN}
    assert {policies.needed_scope(action) for action in policies.actions()} <= known

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

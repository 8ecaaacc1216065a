"""The admin is staff's, whatever role a person has in a workspace."""

import pytest

from tests.cast import Cast
from tests.permissions.table import ROLES
from tests.permissions.world import person_of
from tests.walk import Address, addresses

ADMIN = [address for address in addresses() if address.route.startswith("admin/") and "<" not in address.route]


@pytest.mark.parametrize("role", [role for role in ROLES if role != "visitor"])
def test_no_role_opens_the_admin(cast: Cast, role: str) -> None:
    person = person_of(role, cast)
    assert person is not None
    browser = person.browser()
    opened = [address.route for address in ADMIN if browser.get(address.path).status_code == 200]
    assert opened == ["admin/login/"] or opened == []


@pytest.mark.parametrize(
    "address", [found for found in ADMIN if "login" not in found.route], ids=lambda found: found.route
)
def test_staff_may_look(cast: Cast, address: Address) -> None:
    cast.dave.user.is_staff = cast.dave.user.is_superuser = True
    cast.dave.user.save()
    assert cast.dave.browser().get(address.path).status_code in (200, 302, 403, 405)

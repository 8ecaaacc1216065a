"""Nothing of a workspace is shown to, or changed by, somebody who is no member."""

import pytest

from tests.cast import Cast
from tests.walk import NOBODYS_ID, Address, addresses

# Endpoints that are about the person and not about a workspace.
PERSONAL = {
    "api/", "api/schema/", "api/docs/", "api/v1/users/me/", "api/v1/users/me/password/",
    "api/v1/users/me/avatar/", "api/v1/avatars/<uuid:file_id>/",
    "api/v1/users/me/confirm/", "api/v1/users/me/second-factor/", "api/v1/users/me/second-factor/totp/",
    "api/v1/users/me/second-factor/totp/confirm/", "api/v1/users/me/second-factor/recovery-codes/",
    "api/v1/users/me/email/", "api/v1/users/me/email/resend/",
    "api/v1/users/me/connections/",
    "api/v1/users/me/sign-ins/", "api/v1/users/me/invitations/", "api/v1/workspaces/",
    "api/v1/invitations/accept/",
}  # fmt: skip

API = [address for address in addresses() if address.api and not address.route.startswith("api/v1/auth/")]
IN_A_WORKSPACE = [address for address in API if address.route not in PERSONAL]


@pytest.mark.parametrize("address", IN_A_WORKSPACE, ids=lambda address: address.route)
def test_naming_a_strangers_workspace_is_answered_like_naming_none_there_is(
    lasting_cast: Cast, address: Address
) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answers = [
            lasting_cast.dave.api.request(method, address.path, headers={"X-Workspace": str(workspace)}).status_code
            for workspace in (lasting_cast.alice.workspace_id, NOBODYS_ID)
        ]
        assert (method, answers) in [(method, [404, 404]), (method, [405, 405])]


@pytest.mark.parametrize("address", [found for found in API if "<" in found.route], ids=lambda address: address.route)
def test_an_id_that_is_nobodys_is_not_found(lasting_cast: Cast, address: Address) -> None:
    assert lasting_cast.alice.api.get(address.path).status_code in (404, 405)

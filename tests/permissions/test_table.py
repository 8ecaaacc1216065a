"""The table of roles holds on every endpoint."""

import pytest

from community.models import Role
from tests.cast import Api, Cast, join, make_user
from tests.permissions.table import ROLES, TABLE, Line


def program_of(role: str, cast: Cast) -> Api:
    people = cast.by_role()
    if role == "visitor":
        return Api()
    if role == "admin":
        return join(make_user("erin"), cast.alice.workspace_id, Role.ADMIN).api
    return people[role].api


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("line", TABLE, ids=str)
def test_the_answer_is_the_tables(cast: Cast, anyone: Api, line: Line, role: str) -> None:
    path = line.path.format(workspace=cast.alice.workspace_id)
    response = program_of(role, cast).request(line.method, path, line.data)
    assert response.status_code == line.answers[ROLES.index(role)], response.content

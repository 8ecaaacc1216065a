"""The table of roles holds on every endpoint."""

import pytest

from agent_app.models import Conversation
from community.models import Role
from tests.agents.world import make_agent, make_provider, make_run
from tests.cast import Api, Cast, join, make_user
from tests.community.files_world import make_file
from tests.community.test_notifications import tell
from tests.permissions.table import COMMITTED, ROLES, TABLE, Line


def program_of(role: str, cast: Cast) -> Api:
    people = cast.by_role()
    if role == "visitor":
        return Api()
    if role == "admin":
        return join(make_user("erin"), cast.alice.workspace_id, Role.ADMIN).api
    return people[role].api


def objects(cast: Cast) -> dict[str, object]:
    """One object of each kind in alice's workspace, by the name that paths give it."""
    agent = make_agent(cast.alice, model="no-such-model")
    conversation = Conversation.objects.create(
        workspace_id=cast.alice.workspace_id, agent=agent, created_by=cast.alice.user
    )
    return {
        "workspace": cast.alice.workspace_id,
        "agent": agent.id,
        "file": make_file(cast.alice).id,
        "notification": tell(cast.alice)[0].id,
        "provider": make_provider(cast.alice).id,
        "conversation": conversation.id,
        "run": make_run(cast.alice, agent).id,
    }


def check(cast: Cast, line: Line, role: str) -> None:
    path = line.path.format(**objects(cast))
    program = program_of(role, cast)
    if role == "stranger" and not line.path.startswith(("users/", "workspaces/")):
        program.headers["X-Workspace"] = str(cast.alice.workspace_id)
    response = program.request(line.method, path, line.data)
    assert response.status_code == line.answers[ROLES.index(role)], response.content


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("line", TABLE, ids=str)
def test_the_answer_is_the_tables(cast: Cast, line: Line, role: str) -> None:
    check(cast, line, role)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("line", COMMITTED, ids=str)
def test_the_answer_of_an_asynchronous_view_is_the_tables(cast: Cast, line: Line, role: str) -> None:
    check(cast, line, role)

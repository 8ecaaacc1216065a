"""What the table's lines are tried on: the people of each role, and one object of each kind in alice's workspace."""

from typing import Any

from agent_app.models import Conversation
from community.access import get_actor
from community.models import Role
from community.services.api_tokens import token_create
from community.services.invitations import invitation_create
from tests.agents.world import make_agent, make_provider, make_run
from tests.cast import Cast, Person, join, make_user
from tests.community.files_world import make_file
from tests.community.test_notifications import tell
from tests.permissions.table import Line
from tests.walk import NOBODYS_ID


def person_of(role: str, cast: Cast) -> Person | None:
    """Who stands for ``role``; nobody for a visitor."""
    if role == "admin":
        return join(make_user("erin"), cast.alice.workspace_id, Role.ADMIN)
    return cast.by_role().get(role)


def objects(cast: Cast) -> dict[str, object]:
    """Ids by the name that paths give them."""
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    agent = make_agent(cast.alice, model="no-such-model")
    conversation = Conversation.objects.create(
        workspace_id=cast.alice.workspace_id, agent=agent, created_by=cast.alice.user
    )
    return {
        "nobody": NOBODYS_ID,
        "workspace": cast.alice.workspace_id,
        "member": join(make_user("frank"), cast.alice.workspace_id, Role.VIEWER).user.id,
        "invitation": invitation_create(actor=actor, email="guest@example.com", role=Role.VIEWER).id,
        "token": token_create(actor=actor, name="Robot", scopes=["runs:read"])[0].id,
        "agent": agent.id,
        "file": make_file(cast.alice).id,
        "notification": tell(cast.alice)[0].id,
        "provider": make_provider(cast.alice).id,
        "conversation": conversation.id,
        "run": make_run(cast.alice, agent).id,
    }


def filled(line: Line, ids: dict[str, object]) -> tuple[str, Any]:
    """The line's address and data with the ids in their places."""

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(part) for part in value]
        return value.format(**ids) if isinstance(value, str) else value

    data = None if line.data is None else {name: fill(value) for name, value in line.data.items()}
    return line.address.format(**ids), data

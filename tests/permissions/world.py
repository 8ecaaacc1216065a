"""What the table's lines are tried on: the people of each role, and one object of each kind in alice's workspace."""

from datetime import timedelta
from functools import cached_property
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from agent_app.definition.content import draft_content
from agent_app.models import (
    Agent,
    AgentFile,
    AgentTool,
    AgentVersion,
    Approval,
    Context,
    Conversation,
    Credential,
    Guardrail,
    Handoff,
    Integration,
    Message,
    ProviderModel,
    Share,
    Tool,
)
from agent_app.services.agents import agent_snapshot
from community.access import Actor, get_actor
from community.models import Role
from community.services.api_tokens import token_create
from community.services.invitations import invitation_create
from tests.agents.world import make_agent, make_key, make_provider, make_run
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


class Objects(dict[str, object]):
    """Ids by the name that paths give them. Each object is made when it is first named: most lines need one."""

    def __init__(self, cast: Cast) -> None:
        self._alice, self._workspace, self._stranger = cast.alice, cast.alice.workspace_id, cast.dave
        super().__init__(
            nobody=NOBODYS_ID, workspace=self._workspace, type_name="score", slug="openai", parts="contexts", call="c0"
        )

    def __missing__(self, name: str) -> object:
        self[name] = made = getattr(self, f"_{name}")()
        return made

    @cached_property
    def _owner(self) -> Actor:
        return get_actor(self._alice.user, self._workspace)

    @cached_property
    def _the_agent(self) -> Agent:
        return make_agent(self._alice, model="no-such-model")

    def _agent(self) -> object:
        return self._the_agent.id

    def _handoff(self) -> object:
        both = {"agent": self._the_agent, "target_agent": self._the_agent}
        return Handoff.objects.create(workspace_id=self._workspace, **both).id

    def _context(self) -> object:
        return Context.objects.create(
            workspace_id=self._workspace, agent=self._the_agent, name="EU", is_default=True
        ).id

    def _guardrail(self) -> object:
        return Guardrail.objects.create(
            workspace_id=self._workspace, agent=self._the_agent, name="Words", type="input", implementation="keywords",
            config={"keywords": ["darn"]},
        ).id  # fmt: skip

    def _tool(self) -> object:
        about = {"type": "llm", "params": {"prompt": "Say {{ input }}."}, "approval": "never"}
        return Tool.objects.create(workspace_id=self._workspace, name="say", **about).id

    def _integration(self) -> object:
        params = {"url": "https://api.example.com", "auth": {"type": "bearer"}}
        return Integration.objects.create(workspace_id=self._workspace, name="Bank", params=params).id

    def _agent_tool(self) -> object:
        about = {"type": "llm", "params": {"prompt": "Say {{ input }}."}, "approval": "never"}
        return AgentTool.objects.create(workspace_id=self._workspace, agent=self._the_agent, name="say", **about).id

    def _agent_file(self) -> object:
        file_id = make_file(self._alice).id
        return AgentFile.objects.create(workspace_id=self._workspace, agent=self._the_agent, file_id=file_id).id

    def _connection(self) -> object:
        return SocialAccount.objects.create(user=self._alice.user, provider="oidc", uid="1").id

    def _version(self) -> object:
        agent = self._the_agent
        snapshot = agent_snapshot(agent=agent)
        about = {"workspace_id": self._workspace, "agent": agent, "content": draft_content(agent)}
        return AgentVersion.objects.create(**about, number=1, snapshot=snapshot).number

    @cached_property
    def _the_conversation(self) -> Conversation:
        about = {"workspace_id": self._workspace, "agent": self._the_agent, "created_by": self._alice.user}
        return Conversation.objects.create(**about)

    def _conversation(self) -> object:
        return self._the_conversation.id

    def _answer(self) -> object:
        return Message.objects.create(
            workspace_id=self._workspace, conversation=self._the_conversation, role="assistant", content="Yes."
        ).id

    def _file(self) -> object:
        return make_file(self._alice).id

    def _invitation(self) -> object:
        return invitation_create(actor=self._owner, email="guest@example.com", role=Role.VIEWER).id

    def _member(self) -> object:
        return join(make_user("frank"), self._workspace, Role.VIEWER).user.id

    def _notification(self) -> object:
        return tell(self._alice)[0].id

    def _provider(self) -> object:
        return make_provider(self._alice).id

    def _model(self) -> object:
        return ProviderModel.objects.get(provider=make_provider(self._alice, name="with a model")).id

    def _key(self) -> object:
        return make_key(self._alice).id

    def _credential(self) -> object:
        """Of an account that can be connected."""
        config = {"grant": "authorization_code", "authorize_url": "https://example.com/authorize", "client_id": "me"}
        row = Credential(workspace_id=self._workspace, kind="http", config=config)
        row.set_values({})
        row.save()
        return row.id

    def _waiting_run(self) -> object:
        """It asks about its call c0."""
        run = make_run(self._alice, self._the_agent, status="waiting", reason="approval", finished_at=None)
        about = {"workspace_id": self._workspace, "run": run, "call_id": "c0", "tool_name": "say"}
        Approval.objects.create(**about, expires_at=timezone.now() + timedelta(days=3))
        return run.id

    def _run(self) -> object:
        return make_run(self._alice, self._the_agent).id

    def _shared(self) -> object:
        """A conversation that alice shows to the world."""
        Share.objects.create(
            workspace_id=self._workspace, conversation=self._the_conversation, shared_at=timezone.now(), shared_by=self._alice.user
        )  # fmt: skip
        return self._the_conversation.id

    def _trace(self) -> object:
        return make_run(self._alice, self._the_agent).trace_id

    def _token(self) -> object:
        return token_create(actor=self._owner, name="Robot", scopes=["runs:read"])[0].id

    def _waiting(self) -> object:
        """An invitation for the stranger."""
        return invitation_create(actor=self._owner, email=self._stranger.user.email, role=Role.VIEWER).id


def filled(line: Line, ids: Objects) -> tuple[str, Any]:
    """The line's address and data with the ids in their places."""

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(part) for part in value]
        return value.format_map(ids) if isinstance(value, str) else value

    data = None if line.data is None else {name: fill(value) for name, value in line.data.items()}
    return line.address.format_map(ids), data

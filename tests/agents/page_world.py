"""An agent with a conversation, as rows: what the pages show, without running anything."""

from dataclasses import dataclass

from django.utils import timezone

from agent_app.models import Agent, Conversation, Message, Run
from config.lib.ids import uuid7
from tests.cast import Person

HTMX = {"HX-Request": "true"}
SCRIPT = {"Accept": "application/json"}  # what autosave sends


@dataclass(frozen=True)
class World:
    agent: Agent
    conversation: Conversation
    run: Run


def make_agent(owner: Person, **fields: object) -> Agent:
    values = {"name": "Refund specialist", "instructions": "Be kind.", "starters": ["Where is my parcel?"]} | fields
    return Agent.objects.create(workspace_id=owner.workspace_id, created_by=owner.user, **values)


def make_world(
    owner: Person, *, status: str = "succeeded", answer: str = "**Bold** and\n\n```python\nx = 1\n```"
) -> World:
    """A conversation of one question, with its run in ``status``; an ended one has its answer where ``answer`` is not empty."""
    agent = make_agent(owner)
    office = owner.workspace_id
    ended = status not in ("queued", "running", "waiting")
    conversation = Conversation.objects.create(
        workspace_id=office, agent=agent, title="Lost parcel", created_by=owner.user, last_message_at=timezone.now()
    )
    question = Message.objects.create(
        workspace_id=office, conversation=conversation, role="user", content="Where is <b>it</b>?"
    )
    run = Run.objects.create(
        workspace_id=office, agent=agent, conversation=conversation, user_message=question, status=status, model="local/tiny",
        actor_id=owner.user.id, actor_name="Alice", input={"message": "Where is it?"}, message_id=uuid7(),
        started_at=timezone.now(), finished_at=timezone.now() if ended else None,
        error={"code": "provider_error", "error": "The provider said no."} if status == "failed" else {},
        reason="provider_error" if status == "failed" else "",
    )  # fmt: skip
    conversation.head, conversation.last_run = question, run
    if ended and answer:
        conversation.head = Message.objects.create(
            id=run.message_id,
            workspace_id=office,
            conversation=conversation,
            role="assistant",
            content=answer,
            parent=question,
            run=run,
        )
    conversation.save()
    return World(agent, conversation, run)

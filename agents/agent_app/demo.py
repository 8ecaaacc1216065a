"""Sample content of the demo workspace: only what works with the local model."""

from agent_app.models import Agent, AgentStatus
from agent_app.services.agents import agent_create
from community.access import Actor

_AGENTS = (
    {
        "name": "Welcome guide",
        "description": "Answers questions in plain words, with the small model on this machine.",
        "instructions": "You are a friendly guide. Answer in a few short sentences, in plain words.",
        "starters": ["What is an agent?", "Write a haiku about the sea.", "Explain how rain forms."],
        "tags": ["sample"],
        "status": AgentStatus.ACTIVE,
    },
    {
        "name": "Subject liner",
        "description": "Turns a message into three possible e-mail subject lines.",
        "instructions": "Read the message and answer with exactly three short e-mail subject lines, one per line. Add nothing else.",
        "starters": ["Our shop is closed next Monday because of the holiday."],
        "tags": ["sample"],
        "status": AgentStatus.DRAFT,
    },
)


def seed(actor: Actor) -> None:
    """Make the samples once."""
    if not Agent.objects.in_workspace(actor.workspace_id).exists():
        for fields in _AGENTS:
            agent_create(actor=actor, fields=fields)

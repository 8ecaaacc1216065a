from agent_app.models.agents import Agent, AgentSnapshot, AgentStatus
from agent_app.models.contexts import Context
from agent_app.models.conversations import Conversation, Message, MessageRole
from agent_app.models.handoffs import Handoff
from agent_app.models.providers import Provider, ProviderType
from agent_app.models.runs import ACTIVE, ENDED, Run, RunEvent, RunStatus
from agent_app.models.versions import AgentVersion

__all__ = [
    "ACTIVE",
    "ENDED",
    "Agent",
    "AgentSnapshot",
    "AgentStatus",
    "AgentVersion",
    "Context",
    "Conversation",
    "Handoff",
    "Message",
    "MessageRole",
    "Provider",
    "ProviderType",
    "Run",
    "RunEvent",
    "RunStatus",
]

from agent_app.models.agents import Agent, AgentSnapshot, AgentStatus
from agent_app.models.conversations import Conversation, Message, MessageRole
from agent_app.models.providers import Provider, ProviderType
from agent_app.models.runs import ACTIVE, ENDED, Run, RunEvent, RunStatus

__all__ = [
    "ACTIVE",
    "ENDED",
    "Agent",
    "AgentSnapshot",
    "AgentStatus",
    "Conversation",
    "Message",
    "MessageRole",
    "Provider",
    "ProviderType",
    "Run",
    "RunEvent",
    "RunStatus",
]

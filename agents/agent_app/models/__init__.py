from agent_app.models.agents import Agent, AgentSnapshot, AgentStatus
from agent_app.models.approvals import Approval, ApprovalStatus, Decision
from agent_app.models.catalogue import CAPABILITIES, CatalogueModel, Lifecycle
from agent_app.models.contexts import Context
from agent_app.models.conversations import Conversation, Message, MessageRole
from agent_app.models.credentials import Credential
from agent_app.models.feedback import Feedback, Rating
from agent_app.models.files import AgentFile
from agent_app.models.guardrails import Guardrail, GuardrailAction, GuardrailMode, GuardrailStage
from agent_app.models.handoffs import Handoff
from agent_app.models.integrations import Integration
from agent_app.models.keys import KeyPurpose, KeyScope, ProviderKey
from agent_app.models.providers import Provider, ProviderModel
from agent_app.models.runs import ACTIVE, ENDED, REASONS, Run, RunEvent, RunQuerySet, RunSource, RunStatus
from agent_app.models.shares import Share
from agent_app.models.tools import AgentTool, RunCheckpoint, Tool, ToolCall, ToolCallStatus
from agent_app.models.traces import Span, SpanType
from agent_app.models.versions import AgentVersion

__all__ = [
    "ACTIVE",
    "CAPABILITIES",
    "ENDED",
    "REASONS",
    "Agent",
    "AgentFile",
    "AgentSnapshot",
    "AgentStatus",
    "AgentTool",
    "AgentVersion",
    "Approval",
    "ApprovalStatus",
    "CatalogueModel",
    "Context",
    "Conversation",
    "Credential",
    "Decision",
    "Feedback",
    "Guardrail",
    "GuardrailAction",
    "GuardrailMode",
    "GuardrailStage",
    "Handoff",
    "Integration",
    "KeyPurpose",
    "KeyScope",
    "Lifecycle",
    "Message",
    "MessageRole",
    "Provider",
    "ProviderKey",
    "ProviderModel",
    "Rating",
    "Run",
    "RunCheckpoint",
    "RunEvent",
    "RunQuerySet",
    "RunSource",
    "RunStatus",
    "Share",
    "Span",
    "SpanType",
    "Tool",
    "ToolCall",
    "ToolCallStatus",
]

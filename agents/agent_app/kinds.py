"""Which types of tools and kinds of guardrails there are, in the order in which pages show them. A new one has its line here."""

from agent_app.guardrails import registry as guardrails
from agent_app.guardrails.code import Code
from agent_app.guardrails.endpoint import Endpoint
from agent_app.guardrails.form import JsonForm
from agent_app.guardrails.judged import Judged
from agent_app.guardrails.keywords import Keywords
from agent_app.guardrails.length import Length
from agent_app.guardrails.links import Links
from agent_app.guardrails.moderation import Moderation
from agent_app.guardrails.pattern import Pattern
from agent_app.guardrails.personal import Personal
from agent_app.guardrails.secret_values import Secrets
from agent_app.tools import registry as tools
from agent_app.tools.agent import AgentToolType
from agent_app.tools.code_interpreter import CodeInterpreterTool
from agent_app.tools.computer import ComputerTool
from agent_app.tools.function import FunctionTool
from agent_app.tools.http import HttpTool
from agent_app.tools.image import ImageTool
from agent_app.tools.llm import LlmToolType
from agent_app.tools.mcp import McpTool
from agent_app.tools.openapi import OpenApiTool
from agent_app.tools.web_search import WebSearchTool

TOOLS = (
    WebSearchTool(),
    CodeInterpreterTool(),
    ComputerTool(),
    FunctionTool(),
    HttpTool(),
    OpenApiTool(),
    McpTool(),
    AgentToolType(),
    LlmToolType(),
    ImageTool(),
)
GUARDRAILS = (
    Pattern(),
    Keywords(),
    Personal(),
    Secrets(),
    Links(),
    Length(),
    JsonForm(),
    Judged(),
    Moderation(),
    Code(),
    Endpoint(),
)


def register() -> None:
    for tool in TOOLS:
        tools.register(tool)
    for guardrail in GUARDRAILS:
        guardrails.register(guardrail)

"""An agent as a Python script for the OpenAI Agents SDK, which needs nothing of Troupe. Pure."""

from agent_app.definition.script.writing import Script, script

__all__ = ["Script", "script"]

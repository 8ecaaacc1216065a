"""Reads that serve pages and the API."""

from agent_app.selectors.agents import (
    AGENT_ORDERINGS,
    agent_dependents,
    agent_file_rows,
    agent_rows,
    agent_statistics,
    dependents,
    tags_of,
)
from agent_app.selectors.conversations import (
    branch,
    conversation_list,
    conversation_usage,
    files_of,
    path_to,
    run_choices,
)
from agent_app.selectors.feedback import feedback_counts, feedback_list, feedback_of, feedback_on
from agent_app.selectors.providers import provider_dependents, provider_rows
from agent_app.selectors.runs import RUN_ORDERINGS, RunFilters, asked_in, calls_of, run_list
from agent_app.selectors.tools import integration_rows, tool_rows
from agent_app.selectors.versions import content_of, export_of, script_of, sources_of, suggestions_of, version_rows

__all__ = [
    "AGENT_ORDERINGS",
    "RUN_ORDERINGS",
    "RunFilters",
    "agent_dependents",
    "agent_file_rows",
    "agent_rows",
    "agent_statistics",
    "asked_in",
    "branch",
    "calls_of",
    "content_of",
    "conversation_list",
    "conversation_usage",
    "dependents",
    "export_of",
    "feedback_counts",
    "feedback_list",
    "feedback_of",
    "feedback_on",
    "files_of",
    "integration_rows",
    "path_to",
    "provider_dependents",
    "provider_rows",
    "run_choices",
    "run_list",
    "script_of",
    "sources_of",
    "suggestions_of",
    "tags_of",
    "tool_rows",
    "version_rows",
]

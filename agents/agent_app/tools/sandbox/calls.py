"""What the types of tools that need a machine share: asking for it, its files, what is said of how it ended, the audit."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from agent_app.events import RunEnded
from agent_app.models import AgentFile
from agent_app.tools.registry import CallContext, Function, ToolDefinition, ToolFailed
from agent_app.tools.sandbox import boxes, machine, queue
from agent_app.tools.sandbox.browser import sessions
from community.models import FileStatus
from config.lib import audit
from config.lib.db import in_db

MOST_FILES = 20
MOST_BYTES = 50 * 2**20
_OVERHEAD = 5.0  # seconds beside the command's own, for the machine and the way
_AUDITED = 2000  # characters of an argument
_SHOWN = 4000  # characters of what was said before it was ended


# Runs whose workspace this process has used. One that goes on elsewhere is found by the sweep of files.
_used: set[UUID] = set()


def forget_workspace(event: RunEnded) -> None:
    """What a run has kept from call to call ends with it."""
    sessions.forget(event.run_id)
    if event.run_id in _used:
        _used.discard(event.run_id)
        boxes.forget(str(event.run_id))


async def in_box(payload: dict[str, Any], context: CallContext, *, seconds: float) -> dict[str, Any]:
    """Have ``payload`` done (see ``boxes.run``) with the agent's files, in the run's workspace. Raises ToolFailed."""
    limit = min(seconds, max(context.timeout_s - _OVERHEAD, 1.0))
    asked = {
        **payload,
        "limits": {"seconds": limit, **payload.get("limits", {})},
        "workspace": str(context.run_id) if context.run_id else "",
        "inputs": await in_db(_files_of, context.workspace_id, context.agent_id),
    }
    if context.run_id:
        _used.add(context.run_id)
    try:
        told = await queue.run("box", asked, timeout_s=max(context.timeout_s, limit + _OVERHEAD))
    except queue.SandboxFailed as error:
        raise ToolFailed(error.message, code=error.code) from error
    if told["how"] != machine.EXITED:
        raise _ended(told, limit)
    return told


def _files_of(workspace_id: UUID, agent_id: UUID | None) -> list[tuple[str, str]]:
    """Name and key of the agent's files, as many as there is room for."""
    if agent_id is None:
        return []
    rows = (
        AgentFile.objects.in_workspace(workspace_id)
        .filter(agent_id=agent_id, file__deleted_at=None, file__status__in=(FileStatus.CLEAN, FileStatus.SKIPPED))
        .exclude(file__stored_at=None)
        .order_by("created_at")
        .values_list("file__name", "file__key", "file__size")
    )
    found, total = [], 0
    for name, key, size in rows[:MOST_FILES]:
        total += size
        if total > MOST_BYTES:
            break
        found.append((name, key))
    return found


def _ended(told: dict[str, Any], seconds: float) -> ToolFailed:
    """Why it was ended, with what it had said until then."""
    words = {
        machine.TIMEOUT: _("It was ended after %(seconds)g s.") % {"seconds": seconds},
        machine.MEMORY: _("It was ended because it used too much memory."),
        machine.DISK: _("It was ended because it wrote too many files."),
        machine.OUTPUT: _("It was ended because it wrote too much output. Narrow it down, for example with head."),
    }
    said = (told["stdout"] + told["stderr"])[:_SHOWN]
    message = words.get(told["how"], _("It was ended."))
    return ToolFailed(
        f"{message}\n{said}".strip(), code="timeout" if told["how"] == machine.TIMEOUT else "limit",
        details={"how": told["how"], "duration_ms": told["duration_ms"]},
    )  # fmt: skip


async def audited(
    tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext, outcome: dict[str, Any]
) -> None:
    """Every operation is on record: what was asked, how it ended, how long it took."""
    after = {
        "tool": tool.name,
        "function": function.key,
        "arguments": {name: _short(value) for name, value in arguments.items()},
        **outcome,
    }
    entry = audit.Entry(
        action=f"tool.{tool.type}", actor_id=context.actor_id, workspace_id=context.workspace_id,
        object_type="run" if context.run_id else "tool", object_id=context.run_id, after=after,
    )  # fmt: skip
    await in_db(audit.record, entry)


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _AUDITED:
        return f"{value[:_AUDITED]}… ({len(value)} characters)"
    return value

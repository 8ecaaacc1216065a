"""One call of a tool outside any run, for the panel that tries it out."""

import asyncio
import logging
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from agent_app.models import Run, RunStatus
from agent_app.runs import events, lifecycle
from agent_app.runs.reader import follow
from agent_app.runs.registry import RunInput
from agent_app.services.tool_tests import Trial, Tried
from agent_app.tools.registry import CallContext, ToolFailed
from config.lib import secrets
from config.lib.db import in_db
from config.lib.errors import AppError
from config.lib.ids import parse_uuid

logger = logging.getLogger(__name__)

_MOST = 1024 * 1024  # bytes of a result
_PANEL = "agent_app.engine.panel.ask_model"
LEFT = Tried(result=None, is_error=True, duration_ms=0)  # whoever tried did not wait for what came of it


async def call(trial: Trial) -> Tried:
    """Make the call; what goes wrong is its result."""
    limit = float(trial.tool.timeout_s or trial.kind.default_timeout_s)
    begun = monotonic()
    details: dict[str, Any] = {}
    try:
        async with asyncio.timeout(limit):
            made = await trial.kind.call(trial.tool, trial.function, trial.arguments, _context(trial, limit))
        result, details, failed = _shown(made.value), dict(made.details), False
    except ToolFailed as error:
        result, details, failed = _error(error.code, error.message), error.details, True
    except TimeoutError:
        result, failed = _error("timeout", f"The tool did not answer within {limit:.0f} seconds."), True
    except AppError as error:
        result, failed = _error(error.error_code, str(error.detail)), True
    except Exception:
        logger.exception("a tool broke in its test", extra={"tool_type": trial.tool.type})
        result, failed = _error("tool_fault", "The tool broke on our side. The fault was recorded."), True
    return Tried(
        result=result, is_error=failed, duration_ms=round((monotonic() - begun) * 1000), details=details
    )  # fmt: skip


def _context(trial: Trial, limit: float) -> CallContext:
    actor = trial.actor
    return CallContext(
        workspace_id=actor.workspace_id, actor_id=actor.id, call_id=str(trial.id), timeout_s=limit,
        values={"context": {}, "user": {"name": actor.user.display_name}, "message": ""}, asks=_Asks(trial),
    )  # fmt: skip


class _Asks:
    """See ``tools.registry.Asks``: an agent that is asked is a run of its own."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    async def agent(self, agent_id: str, message: str, *, call_id: str) -> Any:
        run = await in_db(self._start, parse_uuid(agent_id) or UUID(int=0), message)
        async for event in follow(run.id, fresh=True):
            if event is not None and event.type == events.APPROVAL_REQUIRED:
                where = f"{settings.BASE_URL.rstrip('/')}{reverse('agents:run', args=[run.id])}"
                raise ToolFailed(
                    f"The agent waits for an approval, and goes on when it has one: {where}", code="waiting"
                )
        run = await in_db(Run.objects.get, id=run.id)
        if run.status not in (RunStatus.SUCCEEDED, RunStatus.PARTIAL):
            raise ToolFailed(str(run.error.get("error") or run.reason), code=run.error.get("code") or run.status)
        return run.output

    def _start(self, agent_id: UUID, message: str) -> Run:
        run, _new = lifecycle.start(
            kind="agent",
            object_id=agent_id,
            actor=self._trial.actor,
            run_input=RunInput(message=message),
            source="test",
        )
        return run

    async def model(self, reference: str, prompt: str, *, temperature: float | None, max_tokens: int | None) -> str:
        """Loads the engine, which web processes have no other use for."""
        ask = await asyncio.to_thread(import_string, _PANEL)
        actor = self._trial.actor
        run = Run(id=self._trial.id, workspace_id=actor.workspace_id, actor_id=actor.id, attempt=2, source="test")
        answer: str = await ask(run, reference, prompt, temperature=temperature, max_tokens=max_tokens)
        return answer


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": secrets.redact(message)}}


def _shown(value: Any) -> Any:
    """As a run's model would be given it: without keys, and not longer."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    text = secrets.redact(text)
    if len(data := text.encode("utf-8", "replace")) > _MOST:
        return data[:_MOST].decode("utf-8", "ignore") + f"\n[The output was cut here: {len(data)} bytes in all.]"
    return text if isinstance(value, str) else orjson.loads(text)

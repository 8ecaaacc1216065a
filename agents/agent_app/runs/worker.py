"""Executing runs: what a worker process does beside the runnable's own work. Its ``upkeep`` is for all of them at once."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from redis.exceptions import RedisError

from agent_app.guardrails.frozen import guarded
from agent_app.guardrails.registry import OUTPUT
from agent_app.models import Run, RunStatus
from agent_app.runs import charges, claims, ending, events, pauses, registry
from agent_app.runs.aftercare import Aftercare
from agent_app.runs.claims import Claim
from agent_app.runs.log import RunLog
from agent_app.runs.ownership import NotOwned
from agent_app.runs.queue import call_next
from agent_app.runs.registry import Outcome, Paused, Produced, RunContext, RunFailure
from agent_app.runs.stream import StreamWriter, fence_key, read_stream
from agent_app.runs.upkeep import Active, Upkeep
from config.lib import logs, redis
from config.lib.db import in_db

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Worker:
    """All runs of one event loop."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.active: dict[UUID, Active] = {}
        self.stopping = False
        self._writer = StreamWriter()
        self._aftercare = Aftercare()
        self._upkeep = Upkeep(self.active, self._aftercare)

    async def execute(self, run_id: UUID) -> None:
        """Claim a run and bring it to its end, or give it back. Answers at once where it is not ours to take."""
        if self.stopping:
            return
        self._upkeep.start()
        claim = await self._claimed(run_id)
        if claim is None:
            return
        logs.run_id.set(str(run_id))
        logs.workspace_id.set(str(claim.run.workspace_id))
        logs.request_id.set(claim.run.request_id)
        log = RunLog(run_id, claim.run.attempt, claim.last_saved_seq, self._writer)
        context = RunContext(
            run=claim.run, definition=claim.definition, history=claim.history, log=log, held=claim.held,
            waited=claim.waited,
        )  # fmt: skip
        with override(claim.run.language or settings.LANGUAGE_CODE):  # a task keeps what it was begun with
            task = asyncio.create_task(self._carry(claim, context))
        if (earlier := self.active.get(run_id)) is not None:  # lost while this process slept, and taken again by it
            earlier.end("lost")
        active = self.active[run_id] = Active(context, task)
        if run_id in self._upkeep.early_cancels:
            active.end("cancel")
        try:
            await asyncio.wait([task])
        finally:
            if self.active.get(run_id) is active:
                del self.active[run_id]
        if not task.cancelled() and (error := task.exception()):
            logger.error("run left to the reaper", exc_info=error)

    async def _claimed(self, run_id: UUID) -> Claim | None:
        """A run that is claimed while this process is told to stop is given back at once: ``shut_down`` does not know of it."""
        claim = await in_db(claims.claim, run_id, self.name)
        if claim is not None and self.stopping:
            await in_db(claims.release, claim.run, Produced(), [])
            return None
        return claim

    async def _carry(self, claim: Claim, context: RunContext) -> None:
        active = self.active[context.run.id]
        active.begun = True
        try:
            if active.stop:
                raise asyncio.CancelledError
            outcome = await self._outcome(claim, context)
        except Paused as paused:
            active.ending = True
            await self._pause(active, paused)
            return
        except NotOwned:
            return
        except asyncio.CancelledError:
            if active.stop == "lost":
                return
            active.ending = True
            if active.stop == "hand over":
                await self._hand_over(active)
                return
            outcome = Outcome(status=RunStatus.CANCELLED, reason="user_cancelled")
        active.ending = True
        await self._finish(active, outcome)

    async def _outcome(self, claim: Claim, context: RunContext) -> Outcome:
        """Execute, and turn whatever goes wrong into the way the run ends."""
        produced = context.produced
        try:
            async with asyncio.timeout(_time_left(context.run)):
                await self._begin(claim, context)
                return await registry.get(context.run.kind).execute(context)
        except (Paused, NotOwned):
            raise
        except TimeoutError:
            status = RunStatus.PARTIAL if produced.text else RunStatus.FAILED
            minutes = int(settings.RUN_ACTIVE_TIME // 60)
            return Outcome(
                status=status, reason="timeout", code="timeout",
                error=_("The run was stopped after %(minutes)d minutes. What it had produced is kept.") % {"minutes": minutes},
            )  # fmt: skip
        except RunFailure as failure:
            return Outcome(
                status=RunStatus.FAILED, reason=failure.reason, code=failure.code, error=failure.error, cause=failure.cause
            )  # fmt: skip
        except Exception:
            logger.exception("run failed by a fault of ours")
            return Outcome(
                status=RunStatus.FAILED, reason="error", code="error",
                error=_("Something broke on our side. The fault was recorded; you can run it again."),
            )  # fmt: skip

    async def _begin(self, claim: Claim, context: RunContext) -> None:
        run, log = context.run, context.log
        log.on_first_delta = lambda: setattr(run, "first_token_at", run.first_token_at or timezone.now())
        if run.attempt > 1:
            await self._take_over(claim, context)
        if context.waited:
            log.append(events.RUN_STATUS, status=RunStatus.RUNNING, reason="")
            return
        if log.seq:
            log.append(events.CONTENT_RESET, message_id=run.message_id, reason="worker_lost")
            if guarded(run, OUTPUT):  # what the lost worker has shown, nobody will check
                context.produced.unshown = dict.fromkeys(events.DELTAS, log.seq)
            return
        if run.conversation_id:
            log.append(events.CONVERSATION_STARTED, conversation_id=run.conversation_id, message_id=run.user_message_id)
        log.append(
            events.RUN_STARTED, kind=run.kind, agent_id=run.agent_id, conversation_id=run.conversation_id,
            message_id=run.message_id, model=run.model, trace_id=run.trace_id,
        )  # fmt: skip

    async def _take_over(self, claim: Claim, context: RunContext) -> None:
        """Go on after the last number that readers have seen: what only the stream has must reach the database too."""
        run, log = context.run, context.log
        try:
            await redis.loop_client().set(fence_key(run.id), run.attempt, ex=settings.RUN_STREAM_EXPIRY)
        except RedisError:
            logger.warning("taken over without Valkey", exc_info=True)
        shown = events.without_gap(run.id, claim.last_saved_seq, await read_stream(run.id, claim.last_saved_seq))
        log.unsaved += shown
        log.seq = shown[-1].seq if shown else claim.last_saved_seq
        await in_db(charges.settle_lost, run, shown)

    # End

    async def _finish(self, active: Active, outcome: Outcome) -> None:
        """Commit the end, then tell the readers; while the database is away, try again for as long as it takes."""
        context = active.context
        run, log, produced = context.run, context.log, context.produced
        if outcome.output is None and produced.content:
            outcome = Outcome(**{**vars(outcome), "output": produced.content})
        log.flush_delta()
        unsaved = list(log.unsaved)
        last = await self._until_stored(active, lambda: in_db(ending.finish, run, outcome, produced, unsaved, log.seq))
        if last:
            log.saved(unsaved)
            log.send(last, anew=bool(produced.unshown))
            self._aftercare.take(run, produced.spans, ended=True)
        if run.concurrency:
            await self._call_next(run)

    async def _pause(self, active: Active, paused: Paused) -> None:
        """Commit what is asked, then tell the readers."""
        context = active.context
        run, log, produced = context.run, context.log, context.produced
        log.flush_delta()
        unsaved = list(log.unsaved)
        last = await self._until_stored(active, lambda: in_db(pauses.pause, run, paused, produced, unsaved, log.seq))
        if last:
            log.saved(unsaved)
            log.send(last)
            self._aftercare.take(run, produced.spans, ended=run.status != RunStatus.WAITING)
        if run.concurrency:
            await self._call_next(run)

    async def _call_next(self, run: Run) -> None:
        try:
            await in_db(call_next, run)
        except (DatabaseError, InterfaceError):
            logger.warning("the next run was not called; the reaper will", exc_info=True)

    async def _hand_over(self, active: Active) -> None:
        context = active.context
        context.log.flush_delta()
        await self._writer.drained()
        run, unsaved = context.run, list(context.log.unsaved)
        await self._until_stored(active, lambda: in_db(claims.release, run, context.produced, unsaved))
        self._aftercare.take(run, context.produced.spans)

    async def _until_stored(self, active: Active, store: Callable[[], Awaitable[T]]) -> T | None:
        delay = 0.2
        while True:
            try:
                return await store()
            except (DatabaseError, InterfaceError):
                logger.warning("the database does not take the end of a run; trying again", exc_info=True)
            if active.stop == "lost":
                return None
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)

    async def shut_down(self) -> None:
        """Take nothing new; let what is nearly done end; hand the rest over."""
        self.stopping = True
        tasks = [active.task for active in self.active.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=settings.RUN_SHUTDOWN_GRACE)
        for active in list(self.active.values()):
            active.end("hand over")
        remaining = [active.task for active in self.active.values()]
        if remaining:
            await asyncio.wait(remaining, timeout=settings.RUN_SHUTDOWN_GRACE)
        await self._writer.drained()
        await self._aftercare.finish(settings.RUN_SHUTDOWN_GRACE)


def _time_left(run: Run) -> float:
    """How long a run may be active: what it was before it waited counts."""
    if not run.waited_s or run.started_at is None:
        return settings.RUN_ACTIVE_TIME
    active = (timezone.now() - run.started_at).total_seconds() - run.waited_s
    return max(settings.RUN_ACTIVE_TIME - active, 1.0)


@cache
def worker() -> Worker:
    """The process's worker."""
    return Worker()

"""The playground's socket: a translator between frames and the run pipeline. It holds nothing of a run."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext as _

from agent_app import access
from agent_app.api.runs import parse_run_input
from agent_app.api.serializers_approvals import DecisionInput
from agent_app.approvals import approval_decide
from agent_app.models import Run
from agent_app.runs import lifecycle
from agent_app.runs.reader import follow
from community.access import Actor, renewed
from community.sockets import NOT_FOUND, UNAUTHENTICATED, SignedInSocket
from config.lib.db import in_db
from config.lib.errors import AppError, InvalidInput, NotFound, Unauthenticated
from config.lib.http import as_app_error
from config.lib.ids import parse_uuid

logger = logging.getLogger(__name__)

MAX_FRAME = 1_000_000


class PlaygroundConsumer(SignedInSocket):
    """``/api/v1/playground/{agent_id}/``. Runs go on when the socket closes; ``resume`` continues watching one."""

    action = "agent.run"
    agent_id: UUID

    async def connect(self) -> None:
        self.watching: dict[UUID, asyncio.Task[None]] = {}
        self.agent_id = self.scope["url_route"]["kwargs"]["agent_id"]
        await self.open()
        if not await self.identified():
            return
        try:
            agent = await in_db(access.get_agent, self.actor, self.agent_id, self.action)
        except NotFound:
            await self.close(NOT_FOUND)
        except AppError as error:
            await self.refused(error)
        else:
            self.watch_access()
            await self.send_frame(
                {"type": "agent_loaded", "agent_id": str(agent.id), "name": agent.name, "revision": agent.revision}
            )

    def identify(self) -> Actor:
        """In the workspace it was opened in, also when its person goes to work in another."""
        now = super().identify()
        return now if not hasattr(self, "actor") else renewed(self.actor)

    async def refused(self, error: AppError) -> None:
        await self._fail(error)
        await self.close()

    async def disconnect(self, code: int) -> None:
        for task in getattr(self, "watching", {}).values():
            task.cancel()
        await super().disconnect(code)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            frame = self._parse(text_data or bytes_data or b"")
            handlers: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
                "user_message": self._user_message,
                "cancel": self._cancel,
                "resume": self._resume,
                "decision": self._decision,
            }
            kind = frame.pop("type", None)
            if not isinstance(kind, str) or kind not in handlers:
                raise InvalidInput(
                    _("There is no message of type %(type)s.") % {"type": repr(kind)}, code="unknown_type"
                )
            self.actor = await in_db(renewed, self.actor)  # a socket outlives roles, sign-ins and tokens
            await handlers[kind](frame)
        except Unauthenticated:
            await self.close(UNAUTHENTICATED)
        except Exception as error:
            app_error = as_app_error(error)
            if app_error is None:
                logger.exception("socket message failed")
                app_error = AppError(_("Something broke on our side"), code="server_error")
            await self._fail(app_error)

    @staticmethod
    def _parse(data: str | bytes) -> dict[str, Any]:
        if len(data) > MAX_FRAME:
            raise InvalidInput(_("The message is too large."), code="too_large")
        try:
            frame = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(_("The message is not JSON.")) from error
        if not isinstance(frame, dict):
            raise InvalidInput(_("The message must be a JSON object."))
        return frame

    async def _user_message(self, frame: dict[str, Any]) -> None:
        run, is_new = await in_db(self._start, frame)
        self._watch(run.id, after=0, fresh=is_new)

    def _start(self, frame: dict[str, Any]) -> tuple[Run, bool]:
        run_input, _stream = parse_run_input(frame)
        return lifecycle.start(
            kind="agent", object_id=self.agent_id, actor=self.actor, run_input=run_input, source="playground"
        )

    async def _cancel(self, frame: dict[str, Any]) -> None:
        await in_db(lambda: lifecycle.cancel(access.get_run(self.actor, self._run_id(frame), "run.cancel")))

    async def _resume(self, frame: dict[str, Any]) -> None:
        after = frame.get("after", 0)
        if not isinstance(after, int) or after < 0:
            raise InvalidInput(_("“after” is a sequence number."))
        run = await in_db(access.get_run, self.actor, self._run_id(frame))
        self._watch(run.id, after=after, fresh=False)

    async def _decision(self, frame: dict[str, Any]) -> None:
        """As the API's; whoever watches the run is told by its events."""
        run_id = self._run_id({"run_id": frame.pop("run_id", None)})
        await in_db(self._decide, run_id, frame)

    def _decide(self, run_id: UUID, frame: dict[str, Any]) -> None:
        access.get_run(self.actor, run_id, "run.decide")
        given = DecisionInput(data=frame)
        given.is_valid(raise_exception=True)
        approval_decide(actor=self.actor, run_id=run_id, **given.validated_data)

    @staticmethod
    def _run_id(frame: dict[str, Any]) -> UUID:
        run_id = parse_uuid(frame.get("run_id"))
        if run_id is None:
            raise NotFound(_("There is no such run."))
        return run_id

    def _watch(self, run_id: UUID, *, after: int, fresh: bool) -> None:
        """Send the run's events; watching it again replaces the first watch."""
        if (earlier := self.watching.get(run_id)) is not None:
            earlier.cancel()
        self.watching[run_id] = asyncio.create_task(self._follow(run_id, after, fresh))

    async def _follow(self, run_id: UUID, after: int, fresh: bool) -> None:
        async for event in follow(run_id, after=after, fresh=fresh):
            if event is not None:
                await self.send(text_data=event.data.decode())
        self.watching.pop(run_id, None)

    async def _fail(self, error: AppError) -> None:
        await self.send_frame(
            {"type": "error", "code": error.error_code, "error": error.detail, "errors": error.errors}
        )

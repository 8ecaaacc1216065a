"""The endpoints that wait or stream: starting a run, and following one. Plain async views (see ``config/lib/http.py``)."""

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.views import APIView

from agent_app import access
from agent_app.api import serializers_runs as serializers
from agent_app.models import Run, RunSource, RunStatus
from agent_app.runs import lifecycle
from agent_app.runs.events import RUN_STATUS
from agent_app.runs.lifecycle import IdempotencyKey
from agent_app.runs.reader import follow
from agent_app.runs.registry import RunInput
from community.access import Actor
from community.api.authentication import identify
from community.streams import Reader, while_allowed
from config.lib import http
from config.lib.db import in_db
from config.lib.errors import AppError, Conflict, InvalidInput, ProviderTimeout, ProviderTrouble, Refused

# One Server-Sent Event, as the schema sees it.
_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The run's sequence number, from 1, without gaps."},
        "event": {"type": "string", "description": "The type, which is in `data` as well."},
        "data": {"type": "string", "description": "JSON with `type`, `seq`, `run_id` and what belongs to the type."},
    },
    "required": ["id", "event", "data"],
}
_PREFER_WAIT = re.compile(r"wait=(\d+)")


def parse_run_input(data: object) -> tuple[RunInput, bool]:
    """A RunInput and whether its stream is wanted. Raises ValidationError."""
    serializer = serializers.RunInputSerializer(data=data)
    serializer.is_valid(raise_exception=True)
    values = dict(serializer.validated_data)
    stream = values.pop("stream", False)
    values.pop("content", None)
    attached = values.get("attachments")
    values["attachments"] = None if attached is None else tuple(attached)
    values["metadata"] = dict(values.get("metadata") or {})
    values["model"] = values.get("model") or ""
    return RunInput(**values), stream


class _StartSchema(APIView):
    """Describes ``start`` for the schema."""

    @extend_schema(
        operation_id="agents_run",
        request=serializers.RunInputSerializer,
        parameters=[
            OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER),
            OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, description="respond-async, or wait=<seconds>"),
        ],
        responses={
            (200, "application/json"): serializers.RunOutput,
            (200, "text/event-stream"): _EVENT,
            (202, "application/json"): serializers.AcceptedOutput,
        },
    )
    def post(self) -> None: ...


class _EventsSchema(APIView):
    """Describes ``events`` for the schema."""

    @extend_schema(
        operation_id="runs_events",
        parameters=[
            OpenApiParameter("after", int, description="The last sequence number already seen."),
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER),
        ],
        responses={
            (200, "text/event-stream"): _EVENT,
            204: OpenApiResponse(description="The run has ended and everything was seen."),
        },
    )
    def get(self) -> None: ...


@http.async_api("POST", schema=_StartSchema)
async def start(request: HttpRequest, agent_id: UUID) -> HttpResponseBase:
    """Start a run: answer its stream, wait for its end, or answer where to look (202)."""
    run, is_new, reader = await in_db(_start, request, agent_id)
    if reader is not None:
        return _event_stream(run.id, reader, after=0, fresh=is_new)
    if "respond-async" in request.headers.get("Prefer", ""):
        return _accepted(run)
    if not is_new and run.status == RunStatus.WAITING:
        return await in_db(_waiting, run.id)
    if not is_new and not run.ended:
        raise Conflict(
            _("The first request with this Idempotency-Key is still being answered."),
            code="idempotency_in_flight", headers={"Retry-After": "2"}, run_id=str(run.id),
        )  # fmt: skip
    wanted = _PREFER_WAIT.search(request.headers.get("Prefer", ""))
    wait = min(float(wanted[1]), settings.RUN_WAIT) if wanted else settings.RUN_WAIT
    try:
        async with asyncio.timeout(wait):
            async for event in follow(run.id, fresh=is_new):
                if event is not None and event.type == RUN_STATUS and event.payload()["status"] == RunStatus.WAITING:
                    return await in_db(_waiting, run.id)
    except TimeoutError:
        pass  # what it has come to meanwhile is answered
    run = await in_db(Run.objects.get, id=run.id)
    return _answer(run) if run.ended else _accepted(run)


def _start(request: HttpRequest, agent_id: UUID) -> tuple[Run, bool, Reader | None]:
    """The run, whether it is a new one, and who reads its stream, where that is wanted."""
    actor = identify(request, "agent.run")  # before a key is looked up: the first answer is for whoever may run as well
    data = http.json_object(request)
    run_input, stream = parse_run_input(data)
    key = request.headers.get("Idempotency-Key")
    run, is_new = lifecycle.start(
        kind="agent",
        object_id=agent_id,
        actor=actor,
        run_input=run_input,
        source=_source(request),
        idempotency_key=IdempotencyKey(key, request.path.rstrip("/"), http.digest(data)) if key is not None else None,
    )
    return run, is_new, _reader(request, actor, run, "agent.run") if stream else None


def _reader(request: HttpRequest, actor: Actor, run: Run, action: str) -> Reader:
    return Reader.of(request, actor, lambda now: access.get_run(now, run.id, action))


def _source(request: HttpRequest) -> str:
    """Where a run comes from: a program, a page's chat, or the builder's test chat (which says so)."""
    if "Authorization" in request.headers:
        return RunSource.API
    return RunSource.TEST if request.headers.get("X-Troupe-Source") == "test" else RunSource.PLAYGROUND


def _accepted(run: Run) -> HttpResponse:
    document = {
        "run_id": run.id, "status": run.status, "conversation_id": run.conversation_id,
        "user_message_id": run.user_message_id, "message_id": run.message_id,
        "status_url": reverse("api-run", args=[run.id]), "events_url": reverse("api-run-events", args=[run.id]),
    }  # fmt: skip
    return http.json_response(document, status=202)


def _waiting(run_id: UUID) -> HttpResponse:
    """A run that waits for people: what it is asked, and where to look for its end."""
    run = Run.objects.get(id=run_id)
    links = {
        "status_url": reverse("api-run", args=[run.id]), "events_url": reverse("api-run-events", args=[run.id]),
        "decisions_url": reverse("api-run-decisions", args=[run.id]),
    }  # fmt: skip
    return http.json_response(serializers.RunOutput(run).data | links, status=202)


def _answer(run: Run) -> HttpResponse:
    """The end of a run as an HTTP answer (rules: "HTTP answers of a non-streaming run")."""
    kind: type[AppError] | None = None
    if run.status == RunStatus.FAILED:
        if run.reason == "provider_error":
            kind = ProviderTimeout if run.error.get("code") == "provider_timeout" else ProviderTrouble
        elif run.reason in ("guardrail_tripped", "invalid_output"):
            kind = Refused
    if kind is not None:
        raise kind(
            run.error.get("error", ""), code=run.error.get("code") or None, run_id=str(run.id), output=run.output
        )
    return http.json_response(serializers.RunOutput(run).data)


@http.async_api("GET", schema=_EventsSchema)
async def events(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Follow a run from a sequence number: what was first, then what comes."""
    after = _after(request)
    run, reader = await in_db(_find, request, run_id)
    if run.ended and after >= run.last_seq:
        return HttpResponse(status=204)
    return _event_stream(run_id, reader, after=after, fresh=False)


def _find(request: HttpRequest, run_id: UUID) -> tuple[Run, Reader]:
    actor = identify(request)
    run = access.get_run(actor, run_id)
    return run, _reader(request, actor, run, "run.read")


def _after(request: HttpRequest) -> int:
    text = request.GET.get("after") or request.headers.get("Last-Event-ID") or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput(errors={"after": [_("This is not a sequence number.")]})
    return int(text)


def _event_stream(run_id: UUID, reader: Reader, *, after: int, fresh: bool) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _frames(run_id, reader, after=after, fresh=fresh),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no", "X-Run-ID": str(run_id)},
    )


async def _frames(run_id: UUID, reader: Reader, *, after: int, fresh: bool) -> AsyncIterator[bytes]:
    """Frames until the run ends, the reader's sign-in does, or for five minutes; then the client connects again."""
    try:
        async with while_allowed(reader, settings.RUN_STREAM_LIMIT):
            async for event in follow(run_id, after=after, fresh=fresh):
                yield b": ping\n\n" if event is None else event.sse()
    except TimeoutError:
        return

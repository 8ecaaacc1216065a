"""A run's open stream ends with its reader's sign-in, token or membership, at once, and nobody else's does.

Streams ask by themselves every 30 seconds at the soonest: what ends them here is that they were told.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from agent_app.models import Run
from community import access, streams
from community.access import get_actor
from community.models import ApiToken
from community.services import members, sessions, sign_ins
from community.services.api_tokens import token_create, token_revoke
from community.tokens import AccessToken
from config.asgi import application
from tests import clock
from tests.agents.world import make_agent, make_provider, start
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60.0
LATER = "later"


@pytest.fixture
def run(cast: Cast) -> Run:
    """One that no worker takes: its stream says at which place it waits, and stays open."""
    make_provider(cast.alice, "http://127.0.0.1:9/v1")
    return start(cast.alice, make_agent(cast.alice, model="fake/m"))


class Stream:
    def __init__(self, communicator: ApplicationCommunicator) -> None:
        self.communicator = communicator

    async def body(self) -> bytes:
        """The next frame; nothing at the stream's end."""
        message = await self.communicator.receive_output(timeout=PATIENCE)
        return bytes(message.get("body", b""))

    async def ended(self) -> bool:
        while await self.body():
            pass
        return True

    async def goes_on(self) -> bool:
        while not await self.communicator.receive_nothing(timeout=0.2):
            if not await self.body():
                return False
        return True


@asynccontextmanager
async def reading(path: str, body: bytes = b"", **headers: str) -> AsyncIterator[Stream]:
    sent = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body)), **headers}
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "POST" if body else "GET", "path": f"/api/v1/{path}",
        "query_string": b"", "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }  # fmt: skip
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "http.request", "body": body, "more_body": False})
    started = await communicator.receive_output(timeout=PATIENCE)
    assert started["status"] == 200, started
    stream = Stream(communicator)
    while b"queued" not in (frame := await stream.body()):
        assert frame
    try:
        yield stream
    finally:
        await communicator.send_input({"type": "http.disconnect"})
        communicator.stop()


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def cookie(client: Client) -> dict[str, str]:
    return {"cookie": f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"}


async def only_one_ends(run: Run, going: dict[str, str], change: Callable[[], object], staying: dict[str, str]) -> None:
    async with AsyncExitStack() as stack:
        goes = await stack.enter_async_context(reading(f"runs/{run.id}/events/", **going))
        stays = await stack.enter_async_context(reading(f"runs/{run.id}/events/", **staying))
        await sync_to_async(change)()
        assert await goes.ended()
        assert await stays.goes_on()


@pytest.mark.parametrize("when", ["at once", LATER])
def test_a_program_that_signs_out(cast: Cast, run: Run, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Before and after the stream has begun to listen for it."""
    if when == LATER:
        monkeypatch.setattr(streams, "GRACE", 0.0)
    going, staying = (sessions._sign_in(cast.alice.user, method="password") for _ in range(2))
    async_to_sync(only_one_ends)(
        run, bearer(going.access), lambda: sessions.tokens_revoke(refresh=going.refresh), bearer(staying.access)
    )


def test_a_browser_that_signs_out(cast: Cast, run: Run) -> None:
    browser, other = cast.alice.browser(), cast.alice.browser()
    async_to_sync(only_one_ends)(run, cookie(browser), lambda: browser.post("/accounts/logout/"), cookie(other))


def test_a_browser_that_is_signed_out_from_elsewhere(cast: Cast, run: Run) -> None:
    browser = cast.alice.browser()
    async_to_sync(only_one_ends)(
        run, cookie(browser), lambda: sign_ins.sign_ins_end_all(user=cast.alice.user), bearer(access_of(cast.bob.user))
    )


def access_of(user: Any) -> str:
    return str(AccessToken.issue(user))


def test_an_api_token_that_is_revoked_or_over(cast: Cast, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUN_STREAM_LIMIT", "LIVE_RECHECK"):  # neither is what ends it here
        monkeypatch.setattr(settings, name, 100_000.0)
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    row, revoked = token_create(actor=actor, name="revoked", scopes=["runs:read"])
    _row, kept = token_create(actor=actor, name="kept", scopes=["runs:read"])
    until = timezone.now() + timedelta(hours=1)
    short, over = token_create(actor=actor, name="over", scopes=["runs:read"], expires_at=until)

    async def story() -> None:
        async with reading(f"runs/{run.id}/events/", **bearer(over)) as ending:
            await only_one_ends(run, bearer(revoked), lambda: token_revoke(actor=actor, token=row), bearer(kept))
            await ApiToken.objects.filter(id=short.id).aupdate(expires_at=timezone.now())
            clock.forward(3601)
            assert await ending.ended()

    async_to_sync(story)()


def test_a_member_who_is_removed(cast: Cast, run: Run) -> None:
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)

    def remove() -> None:
        members.member_remove(actor=actor, member=access.get_member(actor, cast.bob.user.id))

    async_to_sync(only_one_ends)(run, bearer(access_of(cast.bob.user)), remove, bearer(access_of(cast.carol.user)))


def test_a_token_that_may_only_run_reads_on_what_it_started(
    cast: Cast, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked again is the right it came in by."""
    monkeypatch.setattr(streams, "GRACE", 0.0)
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    row, text = token_create(actor=actor, name="runs", scopes=["runs:run"])

    async def story() -> None:
        body = b'{"message": "Hello", "stream": true}'
        async with reading(f"agents/{run.agent_id}/run/", body, **bearer(text)) as stream:
            assert await stream.goes_on()
            await sync_to_async(token_revoke)(actor=actor, token=row)
            assert await stream.ended()

    async_to_sync(story)()

"""What ends a sign-in, a token or a membership closes its open sockets at once, and only those.

In this process the sockets ask by themselves every 30 seconds at the soonest: what closes them here is that they were told.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.testing import WebsocketCommunicator
from django.utils import timezone
from pytest_django import Settings

from community import access
from community.access import get_actor
from community.models import ApiToken, Membership, Role, User
from community.services import members, sessions, sign_ins, workspaces
from community.services.api_tokens import token_create, token_revoke
from community.services.people import person_register
from community.services.sessions import Tokens
from community.sockets import SignedInSocket
from community.tokens import AccessToken
from config.asgi import application
from tests import clock
from tests.agents.world import make_agent
from tests.cast import PASSWORD, Cast, Person, fresh_address, join

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60.0
CLOSED = 4401
ELSEWHERE = 4404


class Socket:
    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    async def close_code(self) -> int:
        """Waits for the close; what comes before is passed over."""
        while True:
            message = await self.communicator.receive_output(timeout=PATIENCE)
            if message["type"] == "websocket.close":
                return int(message["code"])

    async def is_open(self) -> bool:
        """Whether nonsense is answered with an error."""
        await self.communicator.send_json_to({"type": "nonsense"})
        while True:
            message = await self.communicator.receive_output(timeout=PATIENCE)
            if message["type"] == "websocket.close":
                return False
            if "unknown_type" in message["text"]:
                return True


class NotLetIn(AssertionError):
    """A socket was closed before it had said anything."""


@asynccontextmanager
async def opened(path: str, token: str, workspace: object = None, app: Any = application) -> AsyncIterator[Socket]:
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())]
    if workspace:
        headers.append((b"x-workspace", str(workspace).encode()))
    communicator = WebsocketCommunicator(app, f"/api/v1/{path}", headers=headers)
    assert (await communicator.connect(timeout=PATIENCE))[0]
    first = await communicator.receive_output(timeout=PATIENCE)  # only now it has joined its groups
    if first["type"] != "websocket.send":
        raise NotLetIn(first)
    try:
        yield Socket(communicator)
    finally:
        communicator.stop()


def both(agent_id: object) -> tuple[str, str]:
    return ("live/", f"playground/{agent_id}/")


async def told(change: Callable[[], object]) -> None:
    await sync_to_async(change)()


@pytest.fixture
def alice(db: None) -> Person:
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    assert user.current_workspace_id is not None
    return Person(user, user.current_workspace_id)


def signed_in(person: Person) -> Tokens:
    return sessions._sign_in(person.user, method="password")


def steal(tokens: Tokens) -> None:
    """Use a refresh token twice."""
    sessions.tokens_rotate(refresh=tokens.refresh)
    with pytest.raises(Exception, match="not valid"):
        sessions.tokens_rotate(refresh=tokens.refresh)


def end_by_list(tokens: Tokens) -> None:
    family_id = AccessToken.read(tokens.access).family_id
    assert family_id is not None
    sign_ins.sign_in_end(user=tokens.user, sign_in_id=family_id)


def change_password(tokens: Tokens) -> None:
    answer = Person(tokens.user, tokens.user.current_workspace_id or tokens.user.id).api.post(
        "users/me/password/", {"current": PASSWORD, "new": "another quiet place"}
    )
    assert answer.status_code == 200, answer.json()


def test_a_program_that_is_signed_out_is_cut_off_at_once_and_no_other(alice: Person) -> None:
    paths = both(make_agent(alice).id)
    ways: list[Callable[[Tokens], object]] = [
        lambda tokens: sessions.tokens_revoke(refresh=tokens.refresh),
        steal,
        end_by_list,
    ]
    kept, ended = signed_in(alice), [signed_in(alice) for _way in ways]

    async def story() -> None:
        async with AsyncExitStack() as stack:
            stay = [await stack.enter_async_context(opened(path, kept.access)) for path in paths]
            for way, tokens in zip(ways, ended, strict=True):
                going = [await stack.enter_async_context(opened(path, tokens.access)) for path in paths]
                await told(lambda way=way, tokens=tokens: way(tokens))  # type: ignore[misc]
                assert [await socket.close_code() for socket in going] == [CLOSED] * len(paths)
                assert [await socket.is_open() for socket in stay] == [True] * len(paths)
            await told(lambda: change_password(kept))
            assert [await socket.close_code() for socket in stay] == [CLOSED] * len(paths)

    async_to_sync(story)()


def test_signing_out_everywhere_cuts_all_off(alice: Person) -> None:
    paths, tokens = both(make_agent(alice).id), signed_in(alice)

    async def story() -> None:
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(opened(path, tokens.access)) for path in paths]
            await told(lambda: sign_ins.sign_ins_end_all(user=User.objects.get(id=alice.user.id)))
            assert [await socket.close_code() for socket in sockets] == [CLOSED] * len(paths)

    async_to_sync(story)()


def test_an_api_token_that_is_revoked_or_over_is_cut_off_and_its_makers_others_are_not(
    cast: Cast, settings: Settings
) -> None:
    settings.LIVE_RECHECK = 100_000.0  # that is not what closes it here
    _live, path = both(make_agent(cast.alice).id)
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    made = {name: token_create(actor=actor, name=name, scopes=["runs:run"]) for name in ("kept", "revoked")}
    until = timezone.now() + timedelta(hours=1)
    short, over = token_create(actor=actor, name="over", scopes=["runs:run"], expires_at=until)

    async def story() -> None:
        async with (
            opened(path, made["kept"][1]) as kept,
            opened(path, made["revoked"][1]) as revoked,
            opened(path, over) as ending,
        ):
            await told(lambda: token_revoke(actor=actor, token=made["revoked"][0]))
            assert await revoked.close_code() == CLOSED
            await ApiToken.objects.filter(id=short.id).aupdate(expires_at=timezone.now())
            clock.forward(3601)
            assert await ending.close_code() == CLOSED
            assert await kept.is_open()

    async_to_sync(story)()


def test_an_access_token_that_is_over_is_cut_off(cast: Cast) -> None:
    paths = both(make_agent(cast.alice).id)
    token = AccessToken.issue(cast.alice.user)

    async def story() -> None:
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(opened(path, str(token))) for path in paths]
            assert [await socket.close_code() for socket in sockets] == [CLOSED] * len(paths)

    for seconds in (2, 10, 60):  # longer where the machine is too busy to open them while it holds
        token.set_exp(lifetime=timedelta(seconds=seconds))
        with suppress(NotLetIn):
            return async_to_sync(story)()
    pytest.fail("it was never let in")


@pytest.mark.parametrize("how", ["removed", "closed"])
def test_who_may_be_there_no_more_is_cut_off_and_who_stays_is_not(cast: Cast, how: str) -> None:
    """Bob works in the office's page and in one of his own at the same time."""
    office = cast.alice.workspace_id
    if how == "closed":
        cast.alice = Person(cast.alice.user, workspaces.workspace_create(owner=cast.alice.user, name="Lab").id)
        office = cast.alice.workspace_id
        join(cast.bob.user, office, Role.EDITOR)
    paths = both(make_agent(cast.alice).id)
    own = Membership.objects.exclude(workspace_id=office).filter(user=cast.bob.user, role=Role.OWNER).get().workspace_id
    token = str(AccessToken.issue(cast.bob.user))
    actor = get_actor(cast.alice.user, office)

    def change() -> None:
        if how == "closed":
            workspaces.workspace_delete(actor=actor, confirmation="Lab")
        else:
            members.member_remove(actor=actor, member=access.get_member(actor, cast.bob.user.id))

    async def story() -> None:
        async with AsyncExitStack() as stack:
            going = [await stack.enter_async_context(opened(path, token, office)) for path in paths]
            stays = await stack.enter_async_context(opened("live/", token, own))
            await told(change)
            assert [await socket.close_code() for socket in going] == [ELSEWHERE] * len(paths)
            assert await stays.is_open()

    async_to_sync(story)()


class AdminsOnly(SignedInSocket):
    action = "token.write"

    async def connect(self) -> None:
        await self.open()
        if await self.identified():
            await self.send_frame({"type": "ready"})


def test_a_lower_role_cuts_off_where_it_may_not_be(cast: Cast) -> None:
    office = cast.alice.workspace_id
    Membership.objects.filter(user=cast.bob.user, workspace_id=office).update(role=Role.ADMIN)
    actor = get_actor(cast.alice.user, office)

    def change(role: str) -> Callable[[], object]:
        member = access.get_member(actor, cast.bob.user.id)
        return lambda: members.member_change_role(actor=actor, member=member, role=role)

    async def story() -> None:
        async with (
            opened("live/", str(AccessToken.issue(cast.bob.user))) as anybodys,
            opened("admins/", str(AccessToken.issue(cast.bob.user)), app=AdminsOnly.as_asgi()) as admins,
        ):
            await told(await sync_to_async(change)(Role.VIEWER))
            assert await admins.close_code() == CLOSED
            assert await anybodys.is_open()

    async_to_sync(story)()

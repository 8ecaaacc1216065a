"""The table of roles holds on every socket. Each is opened against the whole ASGI application."""

from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.testing import WebsocketCommunicator

from community.access import get_actor
from community.models import ApiToken, Membership
from community.policies import ADMIN_SCOPE, SCOPES
from community.services.api_tokens import token_create
from community.tokens import AccessToken
from config.asgi import application
from tests.cast import Cast, Person
from tests.permissions.table import ROLES, SOCKETS, Line
from tests.permissions.world import Objects, filled, person_of

pytestmark = pytest.mark.django_db(transaction=True)
OPEN = 101


async def _closed_after(address: str, token: str, change: Callable[[], object]) -> int:
    """The code with which an open socket is closed when it sends something after ``change``."""
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())]
    socket = WebsocketCommunicator(application, address, headers=headers)
    assert (await socket.connect(timeout=60))[0]
    await socket.receive_output(timeout=60)
    await sync_to_async(change)()
    await socket.send_json_to({"type": "user_message", "message": "Hello"})
    message = await socket.receive_output(timeout=60)
    return int(message.get("code", OPEN))


async def _opened(address: str, headers: list[tuple[bytes, bytes]]) -> int:
    socket = WebsocketCommunicator(application, address, headers=[(b"host", b"localhost"), *headers])
    connected, code = await socket.connect(timeout=60)
    if not connected:
        return int(code or 0)
    message = await socket.receive_output(timeout=60)
    await socket.disconnect()
    return int(message["code"]) if message["type"] == "websocket.close" else OPEN


def opened(address: str, token: str | None, **headers: str) -> int:
    """101 where the socket stays open, else the code it was closed with."""
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    if token is not None:
        pairs.append((b"authorization", f"Bearer {token}".encode()))
    return async_to_sync(_opened)(address, pairs)


def token_of(person: Person | None) -> str | None:
    return None if person is None else str(AccessToken.issue(person.user))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("line", SOCKETS, ids=str)
def test_what_becomes_of_a_socket_is_the_tables(cast: Cast, line: Line, role: str) -> None:
    address, _data = filled(line, Objects(cast))
    assert opened(address, token_of(person_of(role, cast))) == line.answers[ROLES.index(role)]


@pytest.mark.parametrize("line", SOCKETS, ids=str)
def test_a_token_needs_the_scope_of_the_table(cast: Cast, line: Line) -> None:
    address, _data = filled(line, Objects(cast))
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    others = [scope for scope in SCOPES if scope not in (line.scope, ADMIN_SCOPE)]
    granted = [] if line.scope == "person" else [([line.scope], OPEN)]
    for scopes, expected in [(others, 4401), *granted]:
        assert opened(address, token_create(actor=actor, name="x", scopes=scopes)[1]) == expected


@pytest.mark.parametrize("line", SOCKETS, ids=str)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_foreign_page_opens_none_with_the_session(cast: Cast, line: Line, origin: str) -> None:
    address, _data = filled(line, Objects(cast))
    cookie = f"sessionid={cast.alice.browser().cookies['sessionid'].value}"
    assert opened(address, None, cookie=cookie, origin=origin) == 4401
    assert opened(address, None, cookie=cookie, origin="http://localhost") == OPEN


@pytest.mark.parametrize("how", ["revoked", "left"])
@pytest.mark.parametrize("line", [line for line in SOCKETS if line.scope != "person"], ids=str)
def test_an_open_socket_ends_with_the_right_to_open_it(cast: Cast, line: Line, how: str) -> None:
    address, _data = filled(line, Objects(cast))
    actor = get_actor(cast.bob.user, cast.alice.workspace_id)
    Membership.objects.filter(user=cast.bob.user, workspace_id=cast.alice.workspace_id).update(role="admin")
    token = token_create(actor=get_actor(actor.user, actor.workspace_id), name="x", scopes=[line.scope])[1]

    def change() -> object:
        if how == "left":
            return Membership.objects.filter(user=cast.bob.user, workspace_id=cast.alice.workspace_id).delete()
        return ApiToken.objects.filter(user=cast.bob.user).update(revoked_at=cast.bob.user.created_at)

    assert async_to_sync(_closed_after)(address, token, change) == 4401

"""The live socket, on a real web server: who may listen, what arrives, who is where, and when it ends."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import aiohttp
import psycopg
import pytest
import redis
import requests

from tests.benchmarks.stack import PASSWORD, Person, Stack
from tests.community.test_pictures import picture

SUBPROTOCOL = "troupe.bearer"
PATIENCE = 60.0
Frame = dict[str, Any]

# What no endpoint does yet is done by another process, as a worker would.
JOIN = """
from community.models import Membership, User
alice, bob = (User.objects.get(email=f"{name}@example.com") for name in ("alice", "bob"))
Membership.objects.create(user=bob, workspace_id=alice.current_workspace_id, role="editor")
User.objects.filter(id=bob.id).update(current_workspace_id=alice.current_workspace_id)
"""
TELL = """
from community.models import User
from community.services.notifications import notification_send
user = User.objects.get(email="{email}")
notification_send(user_ids=[user.id], kind="follow", key="{key}", title="Bob follows you", url="/runs/")
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(environment={"DJANGO_SETTINGS_MODULE": "tests.realtime.settings"}) as running:
        running.start("web")
        yield running


@pytest.fixture(scope="module")
def people(stack: Stack) -> dict[str, Person]:
    found = {name: stack.register(name.title()) for name in ("alice", "bob", "dave")}
    stack.manage("shell", "-c", JOIN)
    return found


class Live:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._arrived: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """All the time, for the server closes what does not answer its pings."""
        while True:
            message = await self.socket.receive()
            self._arrived.put_nowait(message)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return

    async def next(self, within: float = PATIENCE) -> aiohttp.WSMessage:
        async with asyncio.timeout(within):
            return await self._arrived.get()

    async def send(self, kind: str, **frame: Any) -> None:
        await self.socket.send_json({"type": kind, **frame})

    async def until(self, kind: str, **wanted: Any) -> Frame:
        """The next frame of this type with these values; what comes before is passed over."""
        while True:
            message = await self.next()
            assert message.type is aiohttp.WSMsgType.TEXT, (message, self.socket.close_code)
            frame: Frame = json.loads(message.data)
            if frame["type"] == kind and all(frame.get(name) == value for name, value in wanted.items()):
                return frame

    async def hears_nothing_of(self, kind: str) -> None:
        """What was sent before the answer to this ping has arrived before it."""
        await self.send("ping")
        while (frame := json.loads((await self.next()).data))["type"] != "pong":
            assert frame["type"] != kind, frame

    async def close_code(self) -> int | None:
        while (await self.next()).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code


@asynccontextmanager
async def live(stack: Stack, **options: Any) -> AsyncIterator[Live]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{stack.base_url}/api/v1/live/", **options) as found,
    ):
        yield Live(found)


@asynccontextmanager
async def listening(stack: Stack, person: Person) -> AsyncIterator[Live]:
    async with live(stack, headers=person.headers) as found:
        await found.until("ready")
        yield found


def browser(stack: Stack, email: str) -> requests.Session:
    """Signed in by the page."""
    session = requests.Session()
    page = session.get(f"{stack.base_url}/accounts/login/", timeout=60).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    data = {"csrfmiddlewaretoken": token[1], "login": email, "password": PASSWORD}
    answer = session.post(f"{stack.base_url}/accounts/login/", data=data, timeout=60)
    assert answer.ok and "sessionid" in session.cookies, answer.text[:500]
    return session


def cookie(session: requests.Session) -> str:
    return "; ".join(f"{name}={value}" for name, value in session.cookies.items())


# Who may listen


async def test_it_opens_by_header_subprotocol_and_session(stack: Stack, people: dict[str, Person]) -> None:
    alice = people["alice"]
    ways: list[dict[str, Any]] = [
        {"headers": alice.headers},
        {"protocols": (SUBPROTOCOL, alice.access)},
        {"headers": {"Cookie": cookie(browser(stack, alice.email)), "Origin": stack.base_url}},
    ]
    for way in ways:
        async with live(stack, **way) as socket:
            ready = await socket.until("ready")
            assert ready["badges"] == {"notifications": 0, "inbox": 0, "runs": 0}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"Authorization": "Bearer wrong"}},
        {"protocols": (SUBPROTOCOL, "wrong")},
        {"protocols": (SUBPROTOCOL,)},
        {"headers": {"Cookie": "sessionid=wrong"}},
        {"headers": {"Origin": "https://evil.example"}},
    ],
    ids=["nothing", "wrong header", "wrong subprotocol", "no token", "wrong cookie", "foreign page"],
)
async def test_whoever_is_not_known_is_closed_with_4401(stack: Stack, options: dict[str, Any]) -> None:
    async with live(stack, **options) as socket:
        assert await socket.close_code() == 4401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", None])
async def test_a_foreign_page_cannot_listen_with_somebodys_cookie(
    stack: Stack, people: dict[str, Person], origin: str | None
) -> None:
    headers = {"Cookie": cookie(browser(stack, people["alice"].email))} | ({"Origin": origin} if origin else {})
    async with live(stack, headers=headers) as socket:
        assert await socket.close_code() == 4401


async def test_another_workspace_looks_like_none(stack: Stack, people: dict[str, Person]) -> None:
    headers = people["alice"].headers | {"X-Workspace": str(uuid4())}
    async with live(stack, headers=headers) as socket:
        assert await socket.close_code() == 4404


# What arrives


async def test_a_notification_reaches_its_person_and_nobody_else(stack: Stack, people: dict[str, Person]) -> None:
    async with listening(stack, people["bob"]) as bob, listening(stack, people["alice"]) as alice:
        await asyncio.to_thread(stack.manage, "shell", "-c", TELL.format(email=people["bob"].email, key="1"))
        told = await bob.until("notification")
        assert {name: told[name] for name in ("kind", "title", "url", "unread")} == {
            "kind": "follow", "title": "Bob follows you", "url": "/runs/", "unread": 1,
        }  # fmt: skip
        await alice.hears_nothing_of("notification")
        await asyncio.to_thread(people["bob"].request, "PATCH", f"/notifications/{told['id']}/", {"read": True}, 200)
        assert (await bob.until("badges"))["badges"]["notifications"] == 0


async def test_what_happens_in_a_workspace_reaches_its_members_only(stack: Stack, people: dict[str, Person]) -> None:
    async with (
        listening(stack, people["alice"]) as alice,
        listening(stack, people["bob"]) as bob,
        listening(stack, people["dave"]) as dave,
    ):
        made = await asyncio.to_thread(people["alice"].create, "/agents/", {"name": "Porter"})
        await asyncio.to_thread(people["alice"].request, "PATCH", f"/agents/{made['id']}/", {"name": "Other"}, 200)
        for member in (alice, bob):
            assert (await member.until("agent.saved"))["agent_id"] == made["id"]
        await dave.hears_nothing_of("agent.saved")


async def test_runs_are_heard_of_when_they_start_and_end(stack: Stack, people: dict[str, Person]) -> None:
    alice = people["alice"]
    alice.provider("http://127.0.0.1:9/v1", ["m"])
    agent_id = alice.agent("fake/m")
    async with listening(stack, people["bob"]) as bob, listening(stack, people["dave"]) as dave:
        headers = {"Prefer": "respond-async"}
        started = await asyncio.to_thread(
            alice.request, "POST", f"/agents/{agent_id}/run/", {"message": "Hello"}, 202, headers=headers
        )
        run_id = started.json()["run_id"]
        assert (await bob.until("run.started"))["run_id"] == run_id
        await bob.send("resync")
        assert (await bob.until("badges"))["badges"]["runs"] == 1
        await asyncio.to_thread(alice.request, "POST", f"/runs/{run_id}/cancel/", {}, 200)
        ended = await bob.until("run.ended")
        assert (ended["run_id"], ended["status"]) == (run_id, "cancelled")
        await dave.hears_nothing_of("run.started")


async def test_resync_gives_the_numbers_as_they_are(stack: Stack, people: dict[str, Person]) -> None:
    async with listening(stack, people["dave"]) as dave:
        await dave.send("resync")
        assert (await dave.until("badges"))["badges"] == {"notifications": 0, "inbox": 0, "runs": 0}


# Who is where


async def names(socket: Live, *wanted: str) -> None:
    """Wait until exactly these are on the page."""
    async with asyncio.timeout(PATIENCE):
        while sorted(person["name"] for person in (await socket.until("presence"))["people"]) != sorted(wanted):
            pass


async def test_people_on_the_same_page_see_each_other(stack: Stack, people: dict[str, Person]) -> None:
    async with listening(stack, people["alice"]) as alice, listening(stack, people["dave"]) as dave:
        await alice.send("presence", page="/agents/1/")
        await names(alice, "Alice")
        await dave.send("presence", page="/agents/1/")
        await names(dave, "Dave")
        async with listening(stack, people["bob"]) as bob:
            await bob.send("presence", page="/agents/1/")
            await names(bob, "Alice", "Bob")
            await names(alice, "Alice", "Bob")
            await bob.send("presence", page="/agents/2/")
            await names(bob, "Bob")
            await names(alice, "Alice")
            await bob.send("presence", page="/agents/1/")
            await names(alice, "Alice", "Bob")
        await names(alice, "Alice")
        await dave.hears_nothing_of("presence")


async def test_people_are_shown_by_their_picture(stack: Stack, people: dict[str, Person]) -> None:
    alice, bob = people["alice"], people["bob"]
    address = await asyncio.to_thread(show_picture, stack, alice)
    async with listening(stack, alice) as first, listening(stack, bob) as second:
        await first.send("presence", page="/faces/")
        await names(first, "Alice")
        await second.send("presence", page="/faces/")
        seen = {person["name"]: person["avatar"] for person in (await second.until("presence"))["people"]}
        assert seen == {"Alice": address, "Bob": ""}


def show_picture(stack: Stack, person: Person) -> str:
    url = f"{stack.base_url}/api/v1/users/me/avatar/"
    sent = requests.post(url, files={"file": ("me.png", picture())}, headers=person.headers, timeout=60)
    address: str = sent.json()["avatar"]
    return address


async def test_two_tabs_are_one_person(stack: Stack, people: dict[str, Person]) -> None:
    async with listening(stack, people["alice"]) as first, listening(stack, people["alice"]) as second:
        await first.send("presence", page="/tabs/")
        await second.send("presence", page="/tabs/")
        await names(second, "Alice")
        await second.socket.close()
        await names(first, "Alice")


async def test_whoever_vanishes_is_forgotten_and_nothing_stays_in_valkey(
    stack: Stack, people: dict[str, Person]
) -> None:
    valkey = redis.Redis.from_url(stack.urls["REDIS_URL"])
    of_page = f"presence:*.{hashlib.sha256(b'/vanish/').hexdigest()[:24]}"
    async with listening(stack, people["alice"]) as alice:
        await alice.send("presence", page="/vanish/")
        await names(alice, "Alice")
        [key] = valkey.keys(of_page)  # others' pages of the tests before may be leaving only now
        assert 0 < valkey.ttl(key) <= 30
        valkey.zadd(key, {json.dumps([str(uuid4()), "Ghost", "x"]): 1.0})  # its time was over long ago
        await alice.send("presence", page="/vanish/")
        await names(alice, "Alice")
        await alice.send("presence", page="")
        await alice.hears_nothing_of("error")
    assert not valkey.keys(of_page)


# What it does not put up with


@pytest.mark.parametrize(
    "text", ["no json", "[]", '"text"', "{}", '{"type": 5}', '{"type": "delete"}', '{"type": "presence", "page": "https://x"}',
             '{"type": "presence", "page": 5}', '{"type": "presence", "page": "/' + "x" * 300 + '"}'],
)  # fmt: skip
async def test_nonsense_is_answered_and_changes_nothing(stack: Stack, people: dict[str, Person], text: str) -> None:
    async with listening(stack, people["alice"]) as alice:
        await alice.socket.send_str(text)
        await alice.until("error")
        await alice.send("ping")
        await alice.until("pong")


async def test_a_flood_of_frames_ends_the_socket(stack: Stack, people: dict[str, Person]) -> None:
    async with listening(stack, people["alice"]) as alice:
        with suppress(ConnectionError):  # it may be closed before the last of them
            for _ in range(60):
                await alice.send("ping")
        assert await alice.close_code() == 1008


@pytest.mark.parametrize("size", [3_000, 2_000_000])
async def test_an_oversized_frame_ends_the_socket(stack: Stack, people: dict[str, Person], size: int) -> None:
    async with listening(stack, people["alice"]) as alice:
        with suppress(ConnectionError):  # it may be closed before the whole of it is sent
            await alice.socket.send_str("x" * size)
        assert await alice.close_code() == 1009


# When it ends


async def test_signing_out_closes_the_sockets_of_that_sign_in_at_once(stack: Stack, people: dict[str, Person]) -> None:
    here, elsewhere = browser(stack, people["bob"].email), browser(stack, people["bob"].email)
    origin = {"Origin": stack.base_url}
    async with (
        live(stack, headers={"Cookie": cookie(here)} | origin) as one,
        live(stack, headers={"Cookie": cookie(elsewhere)} | origin) as other,
    ):
        await one.until("ready")
        await other.until("ready")
        data = {"csrfmiddlewaretoken": here.cookies["csrftoken"]}
        answer = await asyncio.to_thread(here.post, f"{stack.base_url}/accounts/logout/", data=data, timeout=60)
        assert answer.ok
        assert await one.close_code() == 4401
        await other.send("ping")
        await other.until("pong")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("User.objects.filter(email=email).update(is_active=False)", 4401),
        ("u = User.objects.get(email=email); u.set_password('another one of twenty'); u.save()", 4401),
        ("from community.models import Membership; Membership.objects.filter(user__email=email).delete()", 4404),
    ],
    ids=["deactivated", "new password", "removed"],
)
async def test_a_socket_learns_that_its_person_may_listen_no_more(stack: Stack, change: str, code: int) -> None:
    person = await asyncio.to_thread(stack.register, f"p{uuid4().hex[:8]}")
    async with listening(stack, person) as socket:
        script = f"from community.models import User; email = {person.email!r}; {change}"
        await asyncio.to_thread(stack.manage, "shell", "-c", script)
        assert await socket.close_code() == code


async def test_a_socket_to_which_nothing_is_said_stays_open(stack: Stack, people: dict[str, Person]) -> None:
    """Longer than the layer and its client wait for one message: their limits must not meet."""
    async with listening(stack, people["dave"]) as dave:
        with pytest.raises(TimeoutError):
            await dave.next(within=6.5)
    async with listening(stack, people["dave"]) as dave:
        await dave.send("ping")
        await dave.until("pong")


def _connections(stack: Stack) -> int:
    """How many there are to the database, without the one that asks."""
    with psycopg.connect(stack.urls["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0]) - 1


async def test_idle_sockets_hold_no_database_connection(stack: Stack, people: dict[str, Person]) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        sockets = [
            await session.ws_connect(f"{stack.base_url}/api/v1/live/", headers=people["alice"].headers)
            for _ in range(60)
        ]
        for socket in sockets:
            await Live(socket).until("ready")
        async with asyncio.timeout(PATIENCE):  # whoever used it last may be about to leave
            most = stack.options.env.DATABASE_POOL_SIZE
            while await asyncio.to_thread(_connections, stack) > most:  # noqa: ASYNC110  (it announces nothing)
                await asyncio.sleep(0.1)


async def test_after_valkey_was_away_sockets_open_again(stack: Stack, people: dict[str, Person]) -> None:
    """Last in the file: the sockets that are open meanwhile may be closed, and whoever comes back is heard again."""
    async with listening(stack, people["alice"]):
        await asyncio.to_thread(stack.valkey.kill)
        await asyncio.to_thread(stack.valkey.start)
    async with listening(stack, people["bob"]) as bob, listening(stack, people["alice"]) as alice:
        await bob.send("presence", page="/after/")
        await names(bob, "Bob")
        await alice.send("presence", page="/after/")
        await names(bob, "Alice", "Bob")

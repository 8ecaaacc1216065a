"""The playground's socket, over a real web server and a real worker: who may connect, and what a run looks like there."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.benchmarks.stack import Person, Stack
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script, ToolCall

SUBPROTOCOL = "troupe.bearer"
PATIENCE = 60.0
HELD = Script(deltas=("one ", "two ", "three"), hold_after=2)
Frame = dict[str, Any]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(environment={"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}) as running:
        running.start("web", "worker-runs")
        yield running


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Person:
    return stack.register()


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def agent_id(alice: Person, provider: FakeOpenAI) -> str:
    alice.provider(provider.base_url, ["m"])
    return alice.agent("fake/m")


class Playground:
    """One socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, kind: str, **frame: Any) -> None:
        await self.socket.send_json({"type": kind, **frame})

    async def receive(self) -> Frame:
        """The next frame. A place in line, which a run is told while no worker is free, is passed over."""
        while (frame := await self.socket.receive_json(timeout=PATIENCE))["type"] == "queued":
            pass
        found: Frame = frame
        return found

    async def until(self, what: Callable[[Frame], bool]) -> list[Frame]:
        """All frames up to the one of which ``what`` is true."""
        async with asyncio.timeout(PATIENCE):
            frames = [await self.receive()]
            while not what(frames[-1]):
                frames.append(await self.receive())
        return frames

    async def until_type(self, kind: str) -> list[Frame]:
        return await self.until(lambda frame: frame["type"] == kind)

    async def until_text(self, text: str) -> list[Frame]:
        """Frames until the deltas so far are ``text``."""
        said: list[str] = []

        def whole(frame: Frame) -> bool:
            said.append(frame.get("delta", ""))
            return "".join(said) == text

        return await self.until(whole)

    async def close_code(self) -> int | None:
        message = await self.socket.receive(timeout=PATIENCE)
        assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}, message
        return self.socket.close_code


class Client:
    """Opens sockets as the person of ``token``."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self.base_url, self.session = stack.base_url, session

    async def open(self, path: str, **options: Any) -> Playground:
        return Playground(await self.session.ws_connect(f"{self.base_url}{path}", **options))

    async def playground(self, person: Person, agent_id: str) -> Playground:
        """A socket that is ready for messages."""
        playground = await self.open(f"/api/v1/playground/{agent_id}/", headers=person.headers)
        assert (await playground.receive())["type"] == "agent_loaded"
        return playground


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(stack, session)


@pytest.fixture
async def playground(client: Client, alice: Person, agent_id: str) -> Playground:
    return await client.playground(alice, agent_id)


# Who may connect


async def test_a_token_as_subprotocol_opens_the_socket(client: Client, alice: Person, agent_id: str) -> None:
    playground = await client.open(f"/api/v1/playground/{agent_id}/", protocols=(SUBPROTOCOL, alice.access))
    assert playground.socket.protocol == SUBPROTOCOL
    loaded = await playground.receive()
    assert (loaded["type"], loaded["agent_id"]) == ("agent_loaded", agent_id)


async def test_a_token_as_header_opens_the_socket(client: Client, alice: Person, agent_id: str) -> None:
    playground = await client.open(f"/api/v1/playground/{agent_id}/", headers=alice.headers)
    assert (await playground.receive())["type"] == "agent_loaded"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"Authorization": "Bearer wrong"}},
        {"protocols": (SUBPROTOCOL, "wrong")},
        {"protocols": (SUBPROTOCOL,)},
        {"headers": {"Origin": "https://elsewhere.example"}},
    ],
    ids=["nothing", "wrong header", "wrong subprotocol", "subprotocol alone", "foreign page"],
)
async def test_whoever_is_not_known_is_closed_with_4401(client: Client, agent_id: str, options: dict[str, Any]) -> None:
    playground = await client.open(f"/api/v1/playground/{agent_id}/", **options)
    assert await playground.close_code() == 4401


async def test_an_agent_that_is_not_there_is_closed_with_4404(client: Client, alice: Person) -> None:
    playground = await client.open(f"/api/v1/playground/{uuid4()}/", headers=alice.headers)
    assert await playground.close_code() == 4404


async def test_a_strangers_agent_looks_like_none(client: Client, stack: Stack, agent_id: str) -> None:
    dave = stack.register("Dave")
    playground = await client.open(f"/api/v1/playground/{agent_id}/", headers=dave.headers)
    assert await playground.close_code() == 4404


async def test_an_unknown_path_is_closed_with_4404(client: Client, alice: Person) -> None:
    playground = await client.open("/api/v1/nowhere/", headers=alice.headers)
    assert await playground.close_code() == 4404


# Runs


async def test_a_message_is_answered_by_gapless_events(
    playground: Playground, provider: FakeOpenAI, alice: Person
) -> None:
    provider.queue(Script(tokens=30))
    await playground.send("user_message", message="Hello")
    frames = await playground.until_type("run_finished")
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert [frame["type"] for frame in frames[:2]] == ["conversation_started", "run_started"]
    assert "".join(frame.get("delta", "") for frame in frames) == Script(tokens=30).text
    assert (frames[-1]["status"], frames[-2]["type"]) == ("succeeded", "message_complete")
    stored = alice.request("GET", f"/runs/{frames[0]['run_id']}/events/", expect=200).text
    data = [json.loads(line.removeprefix("data: ")) for line in stored.splitlines() if line.startswith("data: ")]
    assert data == frames, "the same events by every way"


async def test_a_conversation_goes_on_in_the_same_socket(playground: Playground, provider: FakeOpenAI) -> None:
    provider.queue(Script(deltas=("one",)), Script(deltas=("two",)))
    await playground.send("user_message", message="First")
    first = await playground.until_type("run_finished")
    await playground.send("user_message", message="Second", conversation_id=first[0]["conversation_id"])
    await playground.until_type("run_finished")
    asked = [message["content"] for message in provider.exchanges[-1].body["messages"]]
    assert asked[-3:] == ["First", "one", "Second"]


async def test_another_socket_resumes_after_the_last_number_seen(
    client: Client, playground: Playground, provider: FakeOpenAI, alice: Person, agent_id: str
) -> None:
    provider.queue(HELD)
    await playground.send("user_message", message="Hello")
    seen = await playground.until_text("one two ")
    await playground.socket.close()
    again = await client.playground(alice, agent_id)
    await again.send("resume", run_id=seen[0]["run_id"], after=seen[-1]["seq"])
    provider.exchanges[-1].release()
    rest = await again.until_type("run_finished")
    frames = seen + rest
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert "".join(frame.get("delta", "") for frame in frames) == "one two three"
    assert rest[-1]["status"] == "succeeded"


async def test_cancel_ends_the_run_and_keeps_the_text(
    playground: Playground, provider: FakeOpenAI, alice: Person
) -> None:
    provider.queue(HELD)
    await playground.send("user_message", message="Hello")
    seen = await playground.until_text("one two ")
    await playground.send("cancel", run_id=seen[0]["run_id"])
    end = (await playground.until_type("run_finished"))[-1]
    assert (end["status"], end["reason"]) == ("cancelled", "user_cancelled")
    assert alice.request("GET", f"/runs/{end['run_id']}/", expect=200).json()["output"] == "one two "


async def test_runs_of_one_socket_do_not_mix(playground: Playground, provider: FakeOpenAI) -> None:
    provider.queue(Script(tokens=20), Script(tokens=20))
    await playground.send("user_message", message="One")
    await playground.send("user_message", message="Other")
    frames = await playground.until_type("run_finished")
    frames += await playground.until_type("run_finished")
    by_run: dict[str, list[int]] = {}
    for frame in frames:
        by_run.setdefault(frame["run_id"], []).append(frame["seq"])
    assert len(by_run) == 2
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_run.values())


# Frames that make no sense


@pytest.mark.parametrize(
    "frame",
    [
        "no json",
        "[]",
        "null",
        "{}",
        '{"type": 7}',
        '{"type": []}',
        '{"type": "dance"}',
        '{"type": "user_message"}',
        '{"type": "user_message", "message": {}}',
        '{"type": "user_message", "message": " "}',
        '{"type": "cancel"}',
        '{"type": "cancel", "run_id": 7}',
        '{"type": "cancel", "run_id": "no-uuid"}',
        '{"type": "resume", "run_id": "0199a0e0-0000-7000-8000-000000000000"}',
        '{"type": "resume", "after": "x"}',
        '{"type": "resume", "after": -1}',
    ],
)
async def test_a_malformed_frame_is_told_and_the_socket_lives(playground: Playground, frame: str) -> None:
    await playground.socket.send_str(frame)
    error = await playground.receive()
    assert error["type"] == "error"
    assert error["code"] != "server_error"
    assert error["error"] or error["errors"]
    assert "seq" not in error, "only events of runs are numbered"
    await playground.send("dance")
    assert (await playground.receive())["code"] == "unknown_type"


async def test_bytes_that_are_no_text_are_told_too(playground: Playground) -> None:
    await playground.socket.send_bytes(b"\xff\xfe{")
    assert (await playground.receive())["type"] == "error"


# Approvals


@pytest.mark.usefixtures("agent_id")  # and with it the provider
async def test_a_call_is_allowed_on_the_socket(alice: Person, client: Client, provider: FakeOpenAI) -> None:
    agent_id = alice.agent("fake/m")
    tool = {
        "name": "say",
        "type": "llm",
        "params": {"prompt": "Say {{ input }}.", "model": "fake/m"},
        "approval": "always",
    }
    alice.create(f"/agents/{agent_id}/tools/", tool)
    playground = await client.playground(alice, agent_id)
    provider.queue(
        Script(tool_calls=(ToolCall("say", '{"input": "it"}'),)), Script(deltas=("it",)), Script(deltas=("Said.",))
    )  # fmt: skip
    await playground.send("user_message", message="Say it.")
    asked = (await playground.until_type("approval_required"))[-1]
    assert (asked["tool_name"], asked["arguments"]) == ("say", {"input": "it"})
    await playground.until(lambda frame: frame.get("status") == "waiting")
    answer = {"run_id": asked["run_id"], "call_id": asked["call_id"], "decision": "approve"}
    await playground.send("decision", **(answer | {"call_id": "c9"}))
    refused = (await playground.until_type("error"))[-1]
    assert refused["code"] == "not_found"
    await playground.send("decision", **answer)
    frames = await playground.until_type("run_finished")
    assert frames[-1]["status"] == "succeeded"
    assert [frame["decision"] for frame in frames if frame["type"] == "approval_decided"] == ["approve"]
    await playground.send("decision", **answer)
    assert (await playground.until_type("error"))[-1]["code"] == "already_decided"

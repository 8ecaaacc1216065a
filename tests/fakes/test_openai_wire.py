"""The fake provider, read by the stock client: what it promises to the tests that stand on it."""

import base64
import contextlib
import json
import select
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import islice, pairwise

import aiohttp
import openai
import psutil
import pytest
import requests
from openai.types.chat import ChatCompletionChunk

from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.recording import Exchange
from tests.fakes.script import Fault, Script, ToolCall, script_of
from tests.fakes.server import in_process

KEY = "sk-fake-1234567890"  # pragma: allowlist secret


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def client(provider: FakeOpenAI) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=provider.base_url, api_key=KEY, max_retries=0, timeout=60) as client:
        yield client


def stream(client: openai.OpenAI, model: str = "m") -> Iterator[ChatCompletionChunk]:
    yield from client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "hello"}],
        stream=True,
        stream_options={"include_usage": True},
    )


def text(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def raw(provider: FakeOpenAI, script: Script, **extra: object) -> bytes:
    provider.queue(script)
    body = {"model": "m", "messages": [], "stream": True, **extra}
    return requests.post(f"{provider.base_url}/chat/completions", json=body, timeout=60).content


def test_a_stream_has_the_wire_order_of_the_original(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(deltas=("Grüß ", "Gott"), prompt_tokens=7, cached_tokens=3))
    chunks = list(stream(client))
    assert [chunk.choices[0].delta.role for chunk in chunks[:1]] == ["assistant"]
    assert text(chunks) == "Grüß Gott"
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None, None, None, "stop"]
    assert chunks[-1].choices == []
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (7, 2, 9)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 3
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_bytes_are_server_sent_events(provider: FakeOpenAI) -> None:
    body = raw(provider, Script(deltas=("a",)))
    lines = body.split(b"\n\n")
    assert lines[-2:] == [b"data: [DONE]", b""]
    assert all(line.startswith(b"data: {") for line in lines[:-2])
    assert b'"usage"' not in body
    asked = raw(provider, Script(deltas=("a",)), stream_options={"include_usage": True})
    assert [json.loads(line[6:])["usage"] is None for line in asked.split(b"\n\n")[:-2]] == [True, True, True, False]


def test_usage_is_missing_where_the_provider_knows_none(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(usage=False))
    assert all(chunk.usage is None for chunk in stream(client))


def test_a_completion_comes_in_one_piece(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(deltas=("one ", "two"), finish_reason="length"))
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("one two", "length")
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 2


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_it_ends_for_the_reason_asked(provider: FakeOpenAI, client: openai.OpenAI, finish: str) -> None:
    provider.queue(Script(finish_reason=finish))
    assert list(stream(client))[-2].choices[0].finish_reason == finish


def test_tool_calls_come_in_pieces(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(tool_calls=(ToolCall("add", '{"a": 1, "b": 2}'),)))
    chunks = list(stream(client))
    calls = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or []]
    assert [call.function.name for call in calls if call.function and call.function.name] == ["add"]
    assert "".join(call.function.arguments or "" for call in calls if call.function) == '{"a": 1, "b": 2}'
    assert len(calls) == 3
    assert chunks[-2].choices[0].finish_reason == "tool_calls"


def test_reasoning_comes_before_the_text(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(reasoning=("hm ", "so "), deltas=("yes",)))
    deltas = [chunk.choices[0].delta for chunk in stream(client) if chunk.choices]
    assert [getattr(delta, "reasoning_content", None) for delta in deltas] == [None, "hm ", "so ", None, None]
    assert deltas[3].content == "yes"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError), (401, openai.AuthenticationError), (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError), (429, openai.RateLimitError), (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)  # fmt: skip
@pytest.mark.parametrize("html", [False, True])
def test_it_refuses_as_the_original_does(
    provider: FakeOpenAI, client: openai.OpenAI, status: int, error: type[openai.APIStatusError], html: bool
) -> None:
    provider.queue(Script(status=status, html=html, retry_after=7))
    with pytest.raises(error) as refused:
        list(stream(client))
    assert refused.value.response.headers["retry-after"] == "7"
    assert ("<h1>" in refused.value.response.text) == html
    assert provider.wait_request().outcome == "refused"
    if status == 401 and not html:
        assert KEY in str(refused.value)


def test_connections_are_refused_while_it_is_down_and_taken_again_after(
    provider: FakeOpenAI, client: openai.OpenAI
) -> None:
    with provider.refusing(), pytest.raises(openai.APIConnectionError):
        list(stream(client))
    assert text(list(stream(client))) == Script().text


def test_a_silent_provider_sends_no_header(provider: FakeOpenAI) -> None:
    provider.queue(Script(fault=Fault.STALL_BEFORE_HEADERS))
    with contextlib.closing(HTTPConnection("127.0.0.1", provider.port)) as connection:
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "m", "messages": [], "stream": True}))
        exchange = provider.wait_request()
        assert select.select([connection.sock], [], [], 0.1) == ([], [], []), "nothing came"
    assert provider.wait_end(exchange) == "client_closed"


def test_a_stalled_stream_keeps_what_it_sent_and_sees_the_client_leave(
    provider: FakeOpenAI, client: openai.OpenAI
) -> None:
    provider.queue(Script(fault=Fault.STALL, after=3))
    chunks = client.chat.completions.create(model="m", messages=[], stream=True)
    got = list(islice(chunks, 4))  # the first names the role
    exchange = provider.wait_request(deltas=3)
    chunks.close()
    assert provider.wait_end(exchange) == "client_closed"
    assert text(got) == exchange.text_sent
    assert exchange.deltas_sent == 3


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.DROP])
def test_a_cut_connection_is_an_error_of_the_transport(
    provider: FakeOpenAI, client: openai.OpenAI, fault: Fault
) -> None:
    provider.queue(Script(fault=fault, after=2, tokens=9, rate=50))
    with pytest.raises(openai.APIConnectionError):
        list(stream(client))
    assert provider.wait_end(provider.wait_request()) == "faulted"


@pytest.mark.parametrize(("fault", "finished"), [(Fault.TRUNCATE, False), (Fault.NO_DONE, True)])
def test_a_body_may_end_properly_and_yet_too_early(provider: FakeOpenAI, fault: Fault, finished: bool) -> None:
    body = raw(provider, Script(fault=fault, after=2))
    assert b"[DONE]" not in body
    assert (b'"finish_reason":"stop"' in body) == finished


@pytest.mark.parametrize("fault", [Fault.BAD_JSON, Fault.NOT_UTF8])
def test_a_malformed_chunk_stands_between_good_ones(provider: FakeOpenAI, fault: Fault) -> None:
    body = raw(provider, Script(fault=fault, after=1, tokens=3))
    good, bad = 0, 0
    for line in body.split(b"\n\n")[:-2]:
        try:
            json.loads(line.removeprefix(b"data: ").decode())
            good += 1
        except ValueError:
            bad += 1
    assert (good, bad) == (5, 1)


def test_a_chunk_may_be_no_object(provider: FakeOpenAI) -> None:
    assert b'\n\ndata: ["not", "an", "object"]\n\n' in raw(provider, Script(fault=Fault.JSON_ARRAY))


def test_an_error_may_come_inside_the_stream(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(fault=Fault.ERROR_OBJECT, message="The model fell over."))
    with pytest.raises(openai.APIError, match="The model fell over"):
        list(stream(client))


SAID = ("Grüß ", "Gott, ", "日本語 ", "🙂\n\n", "data: x\r\n")


@pytest.mark.parametrize(
    "script",
    [
        Script(deltas=SAID, split=1), Script(deltas=SAID, split=7), Script(deltas=SAID, crlf=True),
        Script(deltas=SAID, comments=True), Script(deltas=SAID, bare_field=True),
        Script(deltas=SAID, crlf=True, split=3),
    ],
)  # fmt: skip
def test_framing_does_not_change_what_is_said(provider: FakeOpenAI, client: openai.OpenAI, script: Script) -> None:
    provider.queue(script)
    assert text(list(stream(client))) == "".join(SAID)


def test_one_chunk_may_be_huge(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(deltas=("x" * 3_000_000,)))
    assert len(text(list(stream(client)))) == 3_000_000


def test_an_endless_stream_ends_when_the_client_leaves(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(tokens=None))
    chunks = client.chat.completions.create(model="m", messages=[], stream=True)
    for _ in zip(range(1000), chunks, strict=False):
        pass
    exchange = provider.wait_request()
    assert exchange.outcome == "open"
    chunks.close()
    assert provider.wait_end(exchange) == "client_closed"


def test_a_held_stream_waits_for_the_test(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(deltas=("a", "b", "c"), hold_after=2))
    chunks = stream(client)
    seen = [next(chunks) for _ in range(3)]
    exchange = provider.wait_request(deltas=2)
    assert (text(seen), exchange.text_sent, exchange.outcome) == ("ab", "ab", "open")
    exchange.release()
    assert text(list(chunks)) == "c"
    assert provider.wait_end(exchange) == "complete"


def test_it_keeps_the_pace_asked(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.queue(Script(tokens=5, rate=20, first_delay=0.1, clock=True))
    said = text(list(stream(client)))
    exchange = provider.wait_request()
    times = [float(word) - exchange.received_at for word in said.split()]  # when the word before was sent
    assert times[0] >= 0.099
    assert times[-1] >= 0.099 + 3 / 20
    assert all(later >= earlier for earlier, later in pairwise(times))


def test_every_request_is_recorded(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    list(stream(client, "m-1"))
    list(stream(client, "m-2"))
    second: Exchange = provider.wait_request(2)
    provider.wait_end(second)
    assert (second.number, second.path, second.key, second.body["model"]) == (2, "/v1/chat/completions", KEY, "m-2")
    assert second.body["messages"] == [{"role": "user", "content": "hello"}]
    assert second.received_at <= (second.ended_at or 0)


def test_models_are_listed_or_refused(provider: FakeOpenAI, client: openai.OpenAI) -> None:
    provider.model("fake-mini", Script())
    assert [model.id for model in client.models.list()] == ["fake-200", "fake-mini"]
    provider.catalogue = Script(status=401)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("fake-200", Script(tokens=200)),
        ("fake-40-at20-first300", Script(tokens=40, rate=20, first_delay=0.3)),
        ("fake-30-stall-after10", Script(tokens=30, fault=Fault.STALL, after=10)),
        ("fake-http429", Script(status=429)),
        ("fake-endless-at50", Script(tokens=None, rate=50)),
        ("fake-3-think2-nousage", Script(tokens=3, reasoning=("thought 0 ", "thought 1 "), usage=False)),
        ("gpt-unknown", Script()),
    ],
)
def test_a_models_name_spells_its_behaviour(name: str, script: Script) -> None:
    assert script_of(name) == script


def test_a_name_with_an_unknown_part_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        script_of("fake-200-nonsense")


async def test_a_stream_at_full_speed_is_cheap_enough_to_measure_others_with() -> None:
    """The processor time of the server's own process, which does not depend on who else is busy."""
    runs = 300
    with in_process("tests.fakes.openai_wire") as (url, pid):
        server = psutil.Process(pid)
        async with aiohttp.ClientSession() as session:
            before = server.cpu_times()
            for _ in range(runs):
                body = {"model": "fake-200", "stream": True, "messages": []}
                async with session.post(f"{url}/chat/completions", json=body) as answer:
                    assert (await answer.read()).count(b'"content"') == 201
            after = server.cpu_times()
    each = (after.user + after.system - before.user - before.system) / runs * 1000
    print(f"{each:.2f} ms of CPU a 200-token stream")  # noqa: T201
    assert each < 5


def test_embeddings_and_pictures_are_answered_as_the_stock_client_reads_them(client: openai.OpenAI) -> None:
    same, again, other = client.embeddings.create(
        model="e", input=["red fox", "red fox", "blue sea"], dimensions=64
    ).data
    assert (len(same.embedding), same.embedding == again.embedding, same.embedding == other.embedding) == (
        64,
        True,
        False,
    )
    assert sum(value * value for value in same.embedding) == pytest.approx(1.0, abs=1e-5)
    picture = client.images.generate(model="i", prompt="a red fox").data
    assert picture is not None
    assert base64.b64decode(picture[0].b64_json or "").startswith(b"\x89PNG")

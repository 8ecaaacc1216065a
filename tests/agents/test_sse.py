"""Data lines come out whole, however the network cuts the bytes."""

import pytest

from agent_app.engine.providers.sse import MAX_LINE, DataLines, LineTooLong

STREAM = (
    ': a comment\r\nevent: message\r\ndata: {"a": "Grüß 🙂"}\r\n\r\n'
    'data:{"b": 2}\n\ndata: \nid: 3\ndata: data: nested\n\ndata: [DONE]\n\n'
).encode()
PAYLOADS = ['{"a": "Grüß 🙂"}'.encode(), b'{"b": 2}', b"data: nested", b"[DONE]"]


def read(*chunks: bytes) -> list[bytes]:
    lines = DataLines()
    return [payload for chunk in chunks for payload in lines.feed(chunk)] + list(lines.end())


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_a_cut_at_any_byte_changes_nothing(cut: int) -> None:
    assert read(STREAM[:cut], STREAM[cut:]) == PAYLOADS


def test_single_bytes_are_enough() -> None:
    assert read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == PAYLOADS


def test_a_last_line_without_its_end_is_read() -> None:
    assert read(b"data: one\n\ndata: two") == [b"one", b"two"]


def test_comments_and_other_fields_are_passed_over() -> None:
    assert read(b": data: no\nevent: data\nretry: 3\n\n") == []


def test_a_line_without_end_is_refused() -> None:
    lines = DataLines()
    half = b"x" * (MAX_LINE // 2)
    assert list(lines.feed(b"data: " + half)) == []
    with pytest.raises(LineTooLong):
        list(lines.feed(half))


def test_a_long_line_below_the_limit_is_taken() -> None:
    payload = b"x" * (MAX_LINE - 100)
    assert read(b"data: " + payload + b"\n") == [payload]

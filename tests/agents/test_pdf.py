"""Counting the pages of a PDF without reading it."""

import zlib

import pytest

from agent_app.pdf import pages

PAGE = b"<< /Type /Page /Parent 2 0 R >>"


def packed(content: bytes) -> bytes:
    return (
        b"5 0 obj << /Type /ObjStm /Filter /FlateDecode >> stream\r\n"
        + zlib.compress(content)
        + b"\nendstream endobj\n"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", 0),
        (b"%PDF-1.7 no pages here", 0),
        (b"<</Type/Pages/Count 2>>" + PAGE + b"<</Type/Page>>", 2),
        (b"<< /Type /PageLabel >>" + PAGE, 1),
        (packed(PAGE * 3), 3),
        (PAGE + packed(PAGE) + packed(PAGE), 3),
        (b"<< /Type /ObjStm >> stream\nnot packed at all\nendstream" + PAGE, 1),
        (b"<< /Type /ObjStm >> stream\n" + zlib.compress(PAGE)[:9], 0),
    ],
)
def test_pages_are_counted_in_the_open_and_in_packed_streams(content: bytes, expected: int) -> None:
    assert pages(content) == expected


def test_a_bomb_is_not_unpacked_to_its_end() -> None:
    assert pages(packed(PAGE + b" " * 50_000_000 + PAGE)) == 1

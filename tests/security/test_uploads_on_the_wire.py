"""Uploads as bytes on a real server: in chunks without a length, too long, cut off; and what then lies on the disk."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.benchmarks.stack import Person, Stack

MB = 2**20
BOUNDARY = "troupe"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        running.start("web")
        yield running


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Person:
    return stack.register()


def form(*sizes: int) -> Iterator[bytes]:
    """A form with files of these sizes, a piece at a time: sent with chunked encoding, so nobody knows how long it is."""
    for number, size in enumerate(sizes):
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{number}.txt"\r\n\r\n'
        yield head.encode()
        for start in range(0, size, MB):
            yield b"x" * min(MB, size - start)
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def post(person: Person, data: Any, **headers: str) -> requests.Response:
    sent = person.headers | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} | headers
    return requests.post(f"{person.base_url}/api/v1/files/upload", data=data, headers=sent, timeout=60)


def stored(stack: Stack) -> list[Path]:
    return [path for path in (stack.options.var / "files").rglob("*") if path.is_file()]


def test_chunks_without_a_length_are_taken_and_measured(stack: Stack, alice: Person) -> None:
    before = len(stored(stack))
    answer = post(alice, form(25 * MB, 25 * MB + 1, 3))
    assert answer.status_code == 201, answer.text
    results = answer.json()["results"]
    assert [result.get("code", result.get("size")) for result in results] == [25 * MB, "file_too_large", 3]
    assert len(stored(stack)) == before + 2


def test_a_large_upload_does_not_pass_through_memory(stack: Stack, alice: Person) -> None:
    process = psutil.Process(stack.children["web"].pid)
    post(alice, form(MB)).raise_for_status()
    before = process.memory_info().rss
    assert post(alice, form(*[25 * MB] * 6)).status_code == 201
    assert process.memory_info().rss - before < 60 * MB, "150 MB were uploaded"


def test_an_endless_body_is_cut_off(stack: Stack, alice: Person) -> None:
    """The sender may see the answer, or only that the line was closed while it was still sending."""
    try:
        answer = post(alice, form(*[25 * MB] * 10))
    except requests.ConnectionError:
        pass
    else:
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert not list((stack.options.var / "files" / "incoming").iterdir())
    assert alice.request("GET", "/files/").status_code == 200


def test_a_body_that_says_it_is_too_long_is_not_read(alice: Person) -> None:
    host, port = alice.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(
            b"POST /api/v1/agents/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 999999999\r\n\r\n"
        )
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")


def test_json_in_chunks_is_read_too(alice: Person) -> None:
    answer = requests.post(
        f"{alice.base_url}/api/v1/agents/",
        data=iter([b'{"name": ', b'"In pieces"}']),
        headers=alice.headers | {"Content-Type": "application/json"},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["name"]) == (201, "In pieces")


def test_json_in_endless_chunks_is_cut_off(alice: Person) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(8):
            yield b"x" * MB

    try:
        answer = post(alice, endless(), **{"Content-Type": "application/json"})
    except requests.ConnectionError:
        return
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_sender_who_hangs_up_leaves_nothing(stack: Stack, alice: Person) -> None:
    before = len(stored(stack))
    host, port = alice.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        head = (
            f"POST /api/v1/files/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: {alice.headers['Authorization']}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: 10000000\r\n\r\n"
        )
        line.sendall(head.encode() + b"".join(form(5 * MB))[: 3 * MB])
    assert alice.request("GET", "/files/").status_code == 200
    assert len(stored(stack)) == before


def test_a_large_download_does_not_pass_through_memory_and_survives_a_deletion(stack: Stack, alice: Person) -> None:
    file = post(alice, form(25 * MB)).json()["results"][0]
    url = alice.request("GET", f"/files/{file['id']}/").json()["download_url"]
    process = psutil.Process(stack.children["web"].pid)
    before = process.memory_info().rss
    with requests.get(f"{alice.base_url}{url}", headers=alice.headers, stream=True, timeout=30) as answer:
        assert len(answer.raw.read(MB)) == MB
        alice.request("DELETE", f"/files/{file['id']}/", expect=204)
        (stack.options.var / "files").joinpath(
            *next(path for path in stored(stack) if path.name == file["id"]).parts[-2:]
        ).unlink()
        assert len(answer.raw.read()) == 24 * MB
    assert process.memory_info().rss - before < 15 * MB
    assert requests.get(f"{alice.base_url}{url}", headers=alice.headers, timeout=30).status_code == 404

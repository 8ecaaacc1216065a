"""The virus scanner: ClamAV's ``clamd``, spoken to over TCP or a unix socket (command INSTREAM)."""

import contextlib
import re
import socket
from dataclasses import dataclass
from typing import IO
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

CHUNK = 64 * 1024
_ANSWER = re.compile(r"stream: (?:(?P<clean>OK)|(?P<found>.+) FOUND)")


class ScannerDown(Exception):
    """No verdict: the scanner did not answer as it should. The file stays as it was."""


@dataclass(frozen=True)
class Verdict:
    """What was found; nothing in a clean file."""

    found: str = ""


def configured() -> bool:
    return bool(settings.CLAMD_URL)


def scan(content: IO[bytes]) -> Verdict:
    """Have ``content`` looked at, chunk by chunk. Raises ScannerDown."""
    try:
        with _connect() as connection:
            connection.sendall(b"zINSTREAM\0")
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it answers early where it has had enough
                while chunk := content.read(CHUNK):
                    connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
                connection.sendall(bytes(4))
            answer = _answer(connection)
    except OSError as error:
        raise ScannerDown(repr(error)) from error
    matched = _ANSWER.fullmatch(answer)
    if matched is None:
        raise ScannerDown(answer[:200] or "no answer")
    return Verdict(matched["found"] or "")


def _connect() -> socket.socket:
    url = urlsplit(settings.CLAMD_URL)
    if url.scheme == "unix" and url.path:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        address: str | tuple[str, int] = unquote(url.path)
    elif url.scheme == "tcp" and url.hostname:
        connection = socket.socket(socket.AF_INET6 if ":" in url.hostname else socket.AF_INET)
        address = (url.hostname, url.port or 3310)
    else:
        raise ImproperlyConfigured("CLAMD_URL must look like tcp://host:3310 or unix:///run/clamav/clamd.ctl.")
    connection.settimeout(settings.CLAMD_TIMEOUT)
    try:
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _answer(connection: socket.socket) -> str:
    """Up to the zero byte that ends an answer. A longer one than a line is no answer."""
    received = b""
    while b"\0" not in received and len(received) < 4096:
        if not (part := connection.recv(1024)):
            break
        received += part
    return received.partition(b"\0")[0].decode(errors="replace").strip()

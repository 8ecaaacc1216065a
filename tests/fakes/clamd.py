"""A virus scanner that speaks clamd's INSTREAM on a real socket and knows one virus: EICAR's test string."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

# Written in two parts, so that no scanner takes this file for what it means.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

Mood = Literal["well", "cut", "silent", "busy"]


@dataclass
class FakeClamd:
    """``mood``: answers well; cuts the line in the middle; never answers; or says that the stream is too long."""

    url: str = ""
    mood: Mood = "well"
    seen: list[bytes] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)


@contextmanager
def fake_clamd() -> Iterator[FakeClamd]:
    fake, closing = FakeClamd(), threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            assert self.rfile.read(10) == b"zINSTREAM\0"
            fake.asked.set()
            if fake.mood == "cut":
                self.rfile.read(4)
                self.request.shutdown(socket.SHUT_RDWR)
                return
            if fake.mood == "silent":
                closing.wait(20)
                return
            if fake.mood == "busy":
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
            content = b""
            while length := int.from_bytes(self.rfile.read(4), "big"):
                content += self.rfile.read(length)
            fake.seen.append(content)
            found = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"
            self.wfile.write(found)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        fake.url = f"tcp://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield fake
        finally:
            closing.set()
            server.shutdown()

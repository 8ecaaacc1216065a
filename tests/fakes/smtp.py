"""A mail server on a real socket, which takes mails, or answers recipients with ``refusal`` (``"550 no such mailbox"``)."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class FakeSmtp:
    url: str = ""
    refusal: str = ""
    taken: list[str] = field(default_factory=list)


@contextmanager
def fake_smtp() -> Iterator[FakeSmtp]:
    fake = FakeSmtp()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 ready")
            while line := self.rfile.readline().decode().strip().upper():
                match line[:4]:
                    case "RCPT" if fake.refusal:
                        self.say(fake.refusal)
                    case "DATA":
                        self.say("354 go on")
                        fake.taken.append(self.mail())
                        self.say("250 taken")
                    case "QUIT":
                        return self.say("221 bye")
                    case _:
                        self.say("250 fine")

        def mail(self) -> str:
            lines = []
            while (line := self.rfile.readline()).strip() != b".":
                lines.append(line.decode())
            return "".join(lines)

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        fake.url = f"smtp://127.0.0.1:{server.server_address[1]}"
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()

"""Reading ``text/event-stream`` bytes, however the network cuts them."""

from collections.abc import Iterator

MAX_LINE = 2_000_000


class LineTooLong(ValueError):
    """A line longer than any provider sends."""


class DataLines:
    """Turns chunks of bytes into the payloads of their ``data:`` lines.

    Providers put one JSON object on one line, so lines are not joined to events; comments and other fields are passed over.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The payloads that ``chunk`` completes. Raises LineTooLong."""
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE:
            raise LineTooLong
        for line in lines:
            if line.startswith(b"data:"):
                payload = line[5:].strip()
                if payload:
                    yield payload

    def end(self) -> Iterator[bytes]:
        """What was left without a line end."""
        return self.feed(b"\n")

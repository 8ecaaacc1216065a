"""What may go wrong, said in one line that tells what to do."""

from pathlib import Path


class StackError(Exception):
    """Stops the stack. ``str()`` is the one line; ``log`` holds a child's last lines where they explain it."""

    def __init__(self, message: str, *, log: list[str] | None = None) -> None:
        super().__init__(message)
        self.log = log or []


def last_lines(path: Path, count: int = 15) -> list[str]:
    """The end of a log file; empty when there is none."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 16_384))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]

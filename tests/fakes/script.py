"""What a fake provider does with one request, whatever its protocol: how much it says, how fast, and how it fails."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count, islice

PROSE = "the quick brown fox jumps over a lazy dog while seven wizards quietly box up forty jars of liquid ink"
WORDS = PROSE.split()


class Fault(StrEnum):
    """How a 200 answer goes wrong. Those that happen in mid-stream happen once ``Script.after`` deltas are sent."""

    STALL_BEFORE_HEADERS = "silent"
    STALL = "stall"
    RESET = "reset"  # TCP reset
    DROP = "drop"  # the connection closes inside the HTTP body
    TRUNCATE = "truncate"  # the HTTP body ends properly, without finish_reason and [DONE]
    NO_DONE = "nodone"  # finish_reason comes, [DONE] does not: complete all the same
    BAD_JSON = "badjson"
    NOT_UTF8 = "notutf8"
    JSON_ARRAY = "array"
    ERROR_OBJECT = "error"  # an error inside a 200 stream, then the end
    ERROR_BODY = "errorbody"  # an error as the JSON of a 200 answer, where a stream was asked for


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: str = "{}"
    call_id: str = "call_1"
    signature: str = ""  # Gemini's thought_signature


@dataclass(frozen=True, kw_only=True)
class Script:
    """One request's answer. Times in seconds, ``rate`` in deltas a second (None: as fast as the socket takes them).

    ``deltas`` are sent as they stand; without them and without tool calls the answer is ``tokens`` words
    (None: it never ends).
    ``hold_after`` stops the stream after so many deltas until the test calls ``Exchange.release()``.
    """

    deltas: tuple[str, ...] = ()
    tokens: int | None = 5
    reasoning: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    hosted: tuple[str, ...] = ()  # items (JSON) of calls that the provider makes itself; Responses only
    cites: tuple[str, ...] = ()  # annotations (JSON) of the message; Responses only
    refusal: str = ""
    finish_reason: str | None = "stop"

    clock: bool = False  # each word is the time (``time.monotonic()``) at which it is sent
    first_delay: float = 0.0
    rate: float | None = None
    hold_after: int | None = None

    usage: bool = True  # False: the provider knows no usage, even when asked
    prompt_tokens: int = 11
    cached_tokens: int = 0
    cache_write_tokens: int = 0

    status: int = 200
    message: str = ""  # of the error; "{key}" becomes the caller's key, as careless providers do
    html: bool = False
    retry_after: int | None = None

    fault: Fault | None = None
    after: int = 2

    split: int | None = None  # bytes per write: cuts inside characters and inside lines
    crlf: bool = False
    comments: bool = False
    bare_field: bool = False  # "data:{…}" without the space
    headers: tuple[tuple[str, str], ...] = field(default=())

    def says(self) -> Iterator[str]:
        """The content deltas in order."""
        if self.deltas or self.tool_calls or self.refusal:
            return iter(self.deltas)
        if self.clock:
            return islice((f"{time.monotonic():.4f} " for _ in count()), self.tokens)
        return islice((f"{WORDS[i % len(WORDS)]} " for i in count()), self.tokens)

    @property
    def endless(self) -> bool:
        return self.tokens is None and not self.deltas and not self.tool_calls

    @property
    def text(self) -> str:
        """The whole answer of a script that ends."""
        if self.endless:
            raise ValueError("an endless script has no whole text")
        return "".join(self.says())

    @property
    def completion_tokens(self) -> int:
        return sum(1 for _ in self.says()) + len(self.reasoning)

    @property
    def paced(self) -> bool:
        return bool(self.rate or self.hold_after is not None or self.fault or self.split or self.endless)


_PARTS: dict[str, re.Pattern[str]] = {
    "tokens": re.compile(r"\d+"),
    "rate": re.compile(r"at(\d+)"),
    "first": re.compile(r"first(\d+)"),
    "think": re.compile(r"think(\d+)"),
    "status": re.compile(r"http(\d{3})"),
    "after": re.compile(r"after(\d+)"),
}


def script_of(model: str) -> Script:
    """The script that a model's name spells, for tests and benchmarks that cannot reach the server's queue.

    ``fake-200`` says 200 words at once; ``fake-40-at20-first300`` 40 words, 20 a second, the first after 300 ms;
    ``fake-30-stall-after10``, ``fake-http429``, ``fake-endless-at50``. Other names get the default answer.
    """
    values: dict[str, object] = {}
    for part in model.removeprefix("fake-").split("-") if model.startswith("fake-") else []:
        kind, match = next(((k, m) for k, p in _PARTS.items() if (m := p.fullmatch(part))), (part, None))
        number = int(match[match.lastindex or 0]) if match else 0
        if kind == "first":
            values["first_delay"] = number / 1000
        elif kind == "think":
            values["reasoning"] = tuple(f"thought {i} " for i in range(number))
        elif match:
            values[kind] = number
        elif part == "endless":
            values["tokens"] = None
        elif part == "clock":
            values["clock"] = True
        elif part == "nousage":
            values["usage"] = False
        elif part in set(Fault):
            values["fault"] = Fault(part)
        else:
            raise ValueError(f"a fake model's name cannot hold {part!r}")
    return Script(**values)  # type: ignore[arg-type]

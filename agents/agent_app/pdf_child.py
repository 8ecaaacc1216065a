"""A process that reads the text of one PDF for others: the file on its standard input, a JSON line a page on its output.

Files come from anybody, so it has no environment, can write nothing, and is ended where it takes too much time or memory.
What it has told until then counts.
"""

import resource
import sys
from io import BytesIO
from typing import Any

import orjson
import pypdf
from pypdf import filters
from pypdf.errors import LimitReachedError, PyPdfError

SECONDS = 6  # of processor time
MEMORY = 512 * 2**20
MOST_PAGES = 500
_UNPACKED = 24 * 2**20  # bytes of one stream
_UNPACKERS = (
    "ZLIB_MAX_OUTPUT_LENGTH",
    "LZW_MAX_OUTPUT_LENGTH",
    "RUN_LENGTH_MAX_OUTPUT_LENGTH",
    "FLATE_MAX_BUFFER_SIZE",
)


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in _UNPACKERS:
        setattr(filters, name, min(getattr(filters, name), _UNPACKED))


def tell(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.buffer.flush()


def read(raw: bytes) -> None:
    """Tell ``text`` page by page, then how many ``pages`` there are and ``failed``; or the ``problem``: encrypted, broken, large."""
    try:
        reader = pypdf.PdfReader(BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):  # many are closed with no password at all
            return tell({"problem": "encrypted"})
        count = len(reader.pages)
    except (LimitReachedError, MemoryError):
        return tell({"problem": "large"})
    except Exception:  # noqa: BLE001  a broken file breaks its reader in any way
        return tell({"problem": "broken"})
    failed, why = 0, "broken"
    for number in range(min(count, MOST_PAGES)):
        try:
            text = reader.pages[number].extract_text()
        except (LimitReachedError, MemoryError):
            failed, why = failed + 1, "large"
            continue
        except (PyPdfError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
            failed += 1  # the others may be well
            continue
        tell({"page": number + 1, "text": text.encode(errors="replace").decode().replace("\0", "")})
    return tell({"problem": why} if failed and failed == count else {"pages": count, "failed": failed})


if __name__ == "__main__":
    limit()
    read(sys.stdin.buffer.read())

"""A question to somebody outside: one POST, an answer of bounded size in bounded time, and no redirect."""

import aiohttp
from django.utils.translation import gettext as _

from agent_app.guardrails.registry import CheckFailed
from config.lib.errors import InvalidInput
from config.lib.outbound import AddressRefused

MOST_ANSWER = 256 * 1024  # bytes


async def post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str], *, seconds: float
) -> bytes:
    """The body of a 200 answer. Raises CheckFailed."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    try:
        async with session.post(
            url, data=body, headers=headers, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=seconds)
        ) as answer:
            if answer.status != 200:
                raise CheckFailed(_("It was answered with the status %(status)d.") % {"status": answer.status})
            return await _read(answer.content)
    except TimeoutError as error:
        raise CheckFailed(_("There was no answer within %(seconds)d s.") % {"seconds": seconds}) from error
    except (AddressRefused, InvalidInput) as error:
        raise CheckFailed(_("The address leads where requests from here may not go.")) from error
    except (aiohttp.ClientError, OSError) as error:
        refused = isinstance(error.__cause__ or getattr(error, "os_error", None), AddressRefused)
        text = (
            _("The address leads where requests from here may not go.")
            if refused
            else _("The address cannot be reached.")
        )
        raise CheckFailed(text) from error


async def _read(content: aiohttp.StreamReader) -> bytes:
    found = bytearray()
    async for chunk in content.iter_any():
        found += chunk
        if len(found) > MOST_ANSWER:
            raise CheckFailed(_("The answer is longer than %(most)d KB.") % {"most": MOST_ANSWER // 1024})
    return bytes(found)

"""Files that a provider's code interpreter has made. An answer names them; they are fetched, and kept as those of our sandbox are.

Whatever goes wrong with one is said with the call that made it, and fails nothing.
"""

import asyncio
from typing import Any

import aiohttp
import orjson
from django.conf import settings
from django.utils.translation import gettext as _

from agent_app.engine.hosted_items import Cited
from agent_app.engine.providers import errors, transport
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.responses import Responses
from agent_app.models import Run, ToolCall
from agent_app.runs import bodies, tool_calls
from agent_app.tools.sandbox import outputs
from community.files import staging
from config.lib.db import in_db
from config.lib.errors import AppError
from config.lib.outbound import AddressRefused

MOST = 10  # of one answer
SECONDS = 60.0  # for all of them
_CHUNK = 64 * 1024
_MAX_ERROR = 20_000


Noted = tuple[str, dict[str, Any]]  # under which name of a call's result, and what


class HostedFiles:
    """Those of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._makers: dict[str, ToolCall] = {}  # the last call in each container
        self._known: set[Cited] = set()

    def made_in(self, container: str, row: ToolCall) -> None:
        self._makers[container] = row

    async def bring(self, named: list[Cited], endpoint: Endpoint) -> list[ToolCall]:
        """Keep what an answer names. The calls that have made something, with that in their results."""
        new = [each for each in dict.fromkeys(named) if each not in self._known]
        self._known.update(new)
        by_row: dict[ToolCall, list[Noted]] = {}
        until = asyncio.get_running_loop().time() + SECONDS
        for number, each in enumerate(new):
            if (row := await self._maker(each)) is None:
                continue
            if number < MOST:
                noted = await self._kept(each, endpoint, until)
            else:
                noted = _not_kept(each, _("At most %(most)d files of an answer are kept.") % {"most": MOST})
            by_row.setdefault(row, []).append(noted)
        for row, found in by_row.items():
            await self._noted(row, found)
        return list(by_row)

    async def _maker(self, cited: Cited) -> ToolCall | None:
        """The call that a file comes from; of those of an earlier worker the last one."""
        if cited.container not in self._makers:
            row = await in_db(tool_calls.last_of_type, self._run.id, "code_interpreter")
            if row is None:
                return None
            self._makers[cited.container] = row
        return self._makers[cited.container]

    async def _kept(self, cited: Cited, endpoint: Endpoint, until: float) -> Noted:
        run = self._run
        try:
            async with asyncio.timeout_at(until):
                data = await _fetched(cited, endpoint)
            return "files", await in_db(outputs.file_kept, data, cited.name, run.workspace_id, run.actor_id)
        except TimeoutError:
            return _not_kept(cited, errors.stalled(endpoint.provider).message)
        except ProviderError as error:
            return _not_kept(cited, error.message)
        except AppError as error:
            return _not_kept(cited, str(error.detail))

    async def _noted(self, row: ToolCall, found: list[Noted]) -> None:
        whole = await in_db(bodies.whole_result, row)
        result: dict[str, Any] = orjson.loads(whole) if whole else {}
        for name, each in found:
            result.setdefault(name, []).append(each)
        await in_db(tool_calls.keep_result_again, self._run, row, orjson.dumps(result).decode())


def _not_kept(cited: Cited, reason: str) -> Noted:
    return "not_kept", {"name": cited.name, "reason": reason}


async def _fetched(cited: Cited, endpoint: Endpoint) -> bytes:
    """Raises ProviderError, TooLarge and TimeoutError."""
    url = endpoint.url(f"/containers/{cited.container}/files/{cited.file_id}/content")
    headers = {**Responses().headers(endpoint), "Accept": "*/*"}
    data = bytearray()
    try:
        async with transport.session(guarded=endpoint.guarded).get(
            url, headers=headers, allow_redirects=False
        ) as response:
            if response.status != 200:
                raise errors.refused(
                    endpoint, response.status, await response.content.read(_MAX_ERROR), response.headers
                )
            async for chunk in response.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > settings.FILE_MAX_BYTES:
                    raise staging.too_large()
    except AddressRefused as error:
        raise ProviderError("unreachable", str(error)) from error
    except aiohttp.ClientError as error:
        raise errors.cut(endpoint.provider) from error
    return bytes(data)

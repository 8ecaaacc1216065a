"""One call of a model on the wire: bytes out, bytes in, and everything that can go wrong on the way."""

from collections.abc import Iterator
from typing import Any

import aiohttp
import orjson

from agent_app.engine.providers import errors, transport
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.protocol import Answer, Protocol
from agent_app.engine.providers.sse import DataLines, LineTooLong
from config.lib.outbound import AddressRefused

_NOT_OF_THE_PROTOCOL = (
    orjson.JSONDecodeError, LineTooLong, TypeError, AttributeError, KeyError, IndexError, ValueError,
)  # fmt: skip
_MAX_ERROR = 20_000


async def read(protocol: Protocol, endpoint: Endpoint, body: dict[str, Any], answer: Answer) -> None:
    """Ask once and read the answer to its end. Raises ProviderError; ``answer`` then has what came before it."""
    try:
        await _exchange(protocol, endpoint, body, answer)
    except ProviderError as error:
        error.shown = answer.length > 0
        answer.refused = error.kind in ("unreachable", "refused") and not error.shown
        raise


async def _exchange(protocol: Protocol, endpoint: Endpoint, body: dict[str, Any], answer: Answer) -> None:
    name = endpoint.provider
    try:
        async with transport.session(guarded=endpoint.guarded).post(
            endpoint.url(protocol.path),
            data=orjson.dumps(body),
            headers=protocol.headers(endpoint),
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                answered = await response.content.read(_MAX_ERROR)
                raise errors.refused(endpoint, response.status, answered, response.headers)
            if response.content_type == "application/json":  # no stream: some say so that they refuse
                raise errors.broke_off(endpoint, _object(await response.content.read(_MAX_ERROR)))
            await _read_stream(response, answer)
    except AddressRefused as error:
        raise ProviderError("unreachable", str(error)) from error
    except TimeoutError as error:
        raise errors.stalled(name) from error
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, AddressRefused):
            raise ProviderError("unreachable", str(error.os_error)) from error
        raise errors.unreachable(name, errors.why_not_connected(error)) from error
    except aiohttp.ClientError as error:
        raise errors.cut(name) from error
    if not answer.whole:
        raise errors.cut(name)


async def _read_stream(response: aiohttp.ClientResponse, answer: Answer) -> None:
    lines = DataLines()
    try:
        async for chunk in response.content.iter_any():
            if not answer.done:  # what follows the end is read too, so that the connection can be used again
                _take(lines.feed(chunk), answer)
        if not answer.done:
            _take(lines.end(), answer)
    except _NOT_OF_THE_PROTOCOL as error:
        raise errors.malformed(answer.endpoint.provider) from error


def _take(payloads: Iterator[bytes], answer: Answer) -> None:
    for payload in payloads:
        if payload == b"[DONE]":
            answer.done = True
        else:
            answer.take(orjson.loads(payload))
        if answer.done:
            return


def _object(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None

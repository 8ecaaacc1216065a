"""Which model answers: the chosen one, tried again where that helps, then the agent's fallbacks in their order.

Nothing is asked twice once a part of an answer was shown: what follows would begin another one.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from agents import ModelResponse
from django.conf import settings
from django.utils.translation import gettext as _

from agent_app.engine import breaker, hosted_items
from agent_app.engine.fitting import fitted
from agent_app.engine.providers import wire
from agent_app.engine.providers.base import WireModel, sdk_usage
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.protocol import Protocol
from agent_app.engine.providers.request import Request
from agent_app.engine.recorded_models import this_call
from agent_app.engine.response_cache import ResponseCache
from agent_app.engine.sink import Sink
from agent_app.model_references import ResolvedModel
from agent_app.runs.registry import Usage
from config.lib.errors import NotEnoughCredits

ATTEMPTS = 3
STALLED_ATTEMPTS = 2  # each costs a prompt, and the person a minute and a half
LONGEST_WAIT = 10.0  # seconds; a provider that asks for more is not waited for
_LONGEST_BACKOFF = 8.0
_PAUSES = 5


@dataclass(frozen=True, kw_only=True)
class Route:
    """One model with the keys it can be asked with. ``problem``: why it cannot be asked at all; ``named``: a reference that
    leads nowhere; ``own_key``: the provider is paid by the workspace or the person, not by credits."""

    resolved: ResolvedModel
    protocol: Protocol | None = None
    endpoints: Sequence[Endpoint] = ()
    own_key: bool = True
    problem: str = ""
    named: str = ""

    @property
    def reference(self) -> str:
        return self.named or self.resolved.reference


class RoutedModel(WireModel):
    """What the SDK takes for one model."""

    def __init__(self, routes: Sequence[Route], sink: Sink, cache: ResponseCache | None = None) -> None:
        self._routes = routes
        self._sink = sink
        self._cache = cache

    async def answer(self, request: Request) -> ModelResponse:
        """One model call: an answer that was given before, where the agent wants that, else a new one."""
        name = self._name(request)
        if self._cache is None or not name:
            return (await self._asked(request))[0]
        if (found := await self._cache.find(name)) is not None:
            self._sink.turn_started()
            self._sink.model_changed(self._routes[0].resolved, _("This answer was given before and kept."), "cached")
            self._sink.text(found.text)
            return found.response()
        response, route = await self._asked(request)
        if route is self._routes[0] and not self._sink.truncated:
            await self._cache.keep(name, response)
        return response

    def _name(self, request: Request) -> str:
        """By what an answer of the chosen model is found again; empty where it would not be the same each time."""
        first = self._routes[0]
        if hosted_items.named(request.tools):  # what a provider looks up is not the same each time
            return ""
        if self._cache is None or request.settings.temperature != 0 or first.protocol is None or not first.endpoints:
            return ""
        body = first.protocol.body(first.endpoints[0], request)
        return self._cache.name(first.reference, first.protocol.path, body)

    async def _asked(self, request: Request) -> tuple[ModelResponse, Route]:
        """A new answer, and whose it is."""
        troubles: list[tuple[Route, ProviderError]] = []
        turn_started = cache(self._sink.turn_started)
        for route in self._routes:

            def begun(route: Route = route) -> None:
                turn_started()
                if troubles:
                    self._sink.model_changed(route.resolved, " ".join(error.message for _route, error in troubles))

            try:
                given = self._fitted(route, request)
                answer = await _Asked(route, given, self._sink, cache(begun)).answer()
            except ProviderError as error:
                troubles.append((route, error))
                if error.shown:
                    break
            except NotEnoughCredits as error:
                if not troubles:  # the chosen model itself is too dear: that is for the person to know
                    raise
                troubles.append((route, ProviderError("resting", str(error.detail), cause="credits")))
            else:
                self._sink.answered_by(route.resolved)
                return answer, route
            this_call().passed_over(route.reference, troubles[-1][1])
        raise _all_of(troubles)

    def _fitted(self, route: Route, request: Request) -> Request:
        if route.protocol is None:  # it is not asked
            return request
        return fitted(request, route.resolved, stands_in=route is not self._routes[0])


def _all_of(troubles: list[tuple[Route, ProviderError]]) -> ProviderError:
    """The chosen model's trouble, and after it what the fallbacks said."""
    _route, first = troubles[0]
    if len(troubles) == 1:
        return first
    others = [f"{route.reference}: {error.message}" for route, error in troubles[1:]]
    text = _("%(first)s The fallback models did not help. %(others)s") % {
        "first": first.message, "others": " ".join(others),
    }  # fmt: skip
    last = troubles[-1][1]
    error = ProviderError(first.kind, text, status=first.status, cause=first.cause)
    error.shown = last.shown
    return error


class _Asked:
    """One request to one model, with all its keys and attempts. ``begun`` is called once it is held for."""

    def __init__(self, route: Route, request: Request, sink: Sink, begun: Callable[[], None]) -> None:
        self._route = route
        self._request = request
        self._sink = sink
        self._begun = begun
        self._limited = request
        self._held = False
        self._tired: dict[str, float] = {}  # keys that were refused in this very request, and until when (loop time)

    async def answer(self) -> ModelResponse:
        try:
            return await self._attempts()
        finally:
            if self._held:  # nothing was used: the hold is given back
                self._sink.turn_used(Usage(answered=False))

    async def _attempts(self) -> ModelResponse:
        attempt = 0
        while True:
            endpoint, half_open = await self._pick()
            attempt += 1
            try:
                answer = await self._once(endpoint)
            except ProviderError as error:
                if half_open and not error.broken:  # it is there again, whatever it has against this request
                    await breaker.succeeded(endpoint.circuit)
                wait = await self._after(error, endpoint, attempt)
                this_call().fails(error, wait)
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            except BaseException:
                if half_open:
                    await breaker.untried(endpoint.circuit)
                raise
            else:
                if half_open:
                    await breaker.succeeded(endpoint.circuit)
                return answer

    async def _pick(self) -> tuple[Endpoint, bool]:
        """The first key that may be used now; its circuit may be waiting for this very call to close."""
        if self._route.protocol is None or not self._route.endpoints:
            raise ProviderError("resting", self._route.problem, cause="key")
        states = []
        now = asyncio.get_running_loop().time()
        for endpoint in self._route.endpoints:
            if self._tired.get(endpoint.circuit, now) > now:
                continue
            state = await breaker.state(endpoint.circuit)
            if state.usable:
                return endpoint, state.name == "half-open"
            states.append((state, endpoint))
        if not states:  # all keys were refused just now, by us: the wait is over for the one that waited longest
            return min(self._route.endpoints, key=lambda each: self._tired[each.circuit]), False
        state, endpoint = min(states, key=lambda each: each[0].wait)
        if state.name != "resting" or state.wait > LONGEST_WAIT:
            raise _unusable(endpoint, state)
        await asyncio.sleep(state.wait * random.uniform(1.0, 1.25) + 0.01)  # noqa: S311  no secret
        return endpoint, False

    async def _once(self, endpoint: Endpoint) -> ModelResponse:
        protocol = self._route.protocol
        assert protocol is not None  # noqa: S101  _pick has looked
        if not self._held:
            most = await self._sink.turn_held(
                self._request.prompt_tokens, self._request.wanted, self._route.resolved, own_key=self._route.own_key
            )
            self._limited, self._held = self._request.limited(most), True
        self._begun()
        this_call().begins(self._route.reference, self._route.resolved.type, self._request.items)
        body = protocol.body(endpoint, self._limited)
        answer = protocol.answer(endpoint, self._limited, self._sink)
        try:
            await wire.read(protocol, endpoint, body, answer)
            for _pause in range(_PAUSES):
                if (again := protocol.resumed(body, answer)) is None:
                    break
                body = again
                await wire.read(protocol, endpoint, body, answer)
        finally:
            usage = answer.usage(self._request.prompt_tokens)
            if not answer.refused:
                self._sink.turn_used(usage)
                this_call().used(self._sink.step)
                self._held = False
        self._sink.truncated = answer.truncated
        return ModelResponse(output=answer.output(), usage=sdk_usage(usage), response_id=answer.id or None)

    async def _after(self, error: ProviderError, endpoint: Endpoint, attempt: int) -> float | None:
        """What a failure means for the next calls; in how many seconds to ask again (None: not)."""
        opened = await breaker.failed(endpoint.circuit) if error.broken else False
        if error.status == 429 and error.retry_after:
            await breaker.rest(endpoint.circuit, error.retry_after)
        if error.shown or not (error.passing or self._other_key_helps(error)):
            return None
        if attempt >= (STALLED_ATTEMPTS if error.kind == "stalled" else ATTEMPTS) + len(self._route.endpoints) - 1:
            return None
        wait = error.retry_after if error.retry_after is not None else _backoff(attempt)
        now = asyncio.get_running_loop().time()
        if error.status in (401, 403, 429):
            self._tired[endpoint.circuit] = now + (wait if error.passing else LONGEST_WAIT * 60)
        if any(self._tired.get(each.circuit, 0.0) <= now for each in self._route.endpoints if each != endpoint):
            return 0.0  # another key is at hand
        return None if opened or not error.passing or wait > LONGEST_WAIT else wait

    def _other_key_helps(self, error: ProviderError) -> bool:
        return len(self._route.endpoints) > 1 and error.cause in ("key", "quota", "forbidden", "rate")


def _backoff(attempt: int) -> float:
    """Exponential, with jitter: workers that failed together do not come back together."""
    delay = min(settings.PROVIDER_RETRY_DELAY * 2 ** (attempt - 1), _LONGEST_BACKOFF)
    return float(delay * random.uniform(0.75, 1.25))  # noqa: S311  no secret


def _unusable(endpoint: Endpoint, state: breaker.State) -> ProviderError:
    values = {"provider": endpoint.provider, "seconds": max(1, round(state.wait))}
    if state.name == "resting":
        text = _(
            "%(provider)s has reached its rate limit and asked to wait. Try again in %(seconds)d s, or add another key."
        )
        return ProviderError("resting", text % values, status=429, retry_after=state.wait, cause="rate")
    text = _(
        "%(provider)s has failed several times in a row and is not asked for the moment. Try again in %(seconds)d s, or give "
        "the agent a fallback model."
    )
    return ProviderError("resting", text % values, retry_after=state.wait, cause="down")

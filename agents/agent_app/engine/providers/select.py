"""From a resolved model to the model object that the SDK calls."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from agent_app import keys, model_references
from agent_app.engine.providers.anthropic import AnthropicMessages
from agent_app.engine.providers.base import WireModel
from agent_app.engine.providers.chat_completions import ChatCompletions
from agent_app.engine.providers.dialects import dialect_of
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.protocol import Protocol
from agent_app.engine.providers.responses import Responses
from agent_app.engine.response_cache import ResponseCache
from agent_app.engine.routing import Route, RoutedModel
from agent_app.engine.sink import Sink
from agent_app.keys import ChosenKey, KeyUnreadable
from agent_app.model_references import ResolvedModel
from agent_app.models import Run
from agent_app.runs.registry import RunFailure
from config.lib.errors import AppError

_CHAT_COMPLETIONS = ChatCompletions()
_PROTOCOLS: dict[str, Protocol] = {
    "chat_completions": _CHAT_COMPLETIONS, "responses": Responses(), "messages": AnthropicMessages(),
}  # fmt: skip


def model_for(routes: Sequence[Route], sink: Sink, cache: ResponseCache | None = None) -> WireModel:
    """The model of an agent: its own, and what stands in for it. Raises RunFailure where nothing can be asked at all."""
    if len(routes) == 1 and routes[0].problem:
        raise RunFailure("provider_error", routes[0].problem, cause="key")
    return RoutedModel(routes, sink, cache)


def route_of(run: Run, resolved: ResolvedModel, *, planned: bool = False) -> Route:
    """How a run reaches a model, with the keys it may use. Asks the database. ``planned``: it is the model, and so the price,
    that the run was started with."""
    if planned and run.provider is not None and not run.key_source:  # begun before runs noted their key
        usable = [ChosenKey(source="provider", type=run.provider.type, row=run.provider)]
    else:
        usable = keys.candidates(run, resolved)
    if not usable:
        return Route(resolved=resolved, problem=keys.missing(resolved, of_run=planned))
    keys.used(usable[0])
    return route_to(resolved, usable)


def fallback_routes(run: Run, references: Sequence[str]) -> list[Route]:
    """How an agent's fallback models are reached. Asks the database. What leads nowhere any more is passed over in its turn."""
    routes = []
    for reference in references:
        try:
            routes.append(route_of(run, model_references.resolve(workspace_id=run.workspace_id, reference=reference)))
        except AppError as error:
            routes.append(Route(resolved=ResolvedModel(reference), problem=error.detail, named=reference))
    return routes


def route_to(resolved: ResolvedModel, usable: Sequence[ChosenKey]) -> Route:
    """How a model is reached with these keys: with those that are paid for as the first one is, since that is what is held.

    A key that cannot be read is the route's problem, not an exception.
    """
    protocol = _PROTOCOLS.get(resolved.api)
    if protocol is None:
        text = _("%(model)s makes pictures; it cannot lead a conversation. Choose another model.")
        return Route(resolved=resolved, problem=text % {"model": resolved.reference})
    own = usable[0].own
    endpoints, problem = [], ""
    for key in (key for key in usable if key.own == own):
        try:
            endpoints.append(_endpoint(resolved, key))
        except KeyUnreadable as error:
            problem = str(error)
    return Route(
        resolved=resolved, protocol=protocol, endpoints=endpoints, own_key=own,
        problem="" if endpoints else problem,
    )  # fmt: skip


def _endpoint(resolved: ResolvedModel, key: ChosenKey) -> Endpoint:
    """Raises KeyUnreadable."""
    return Endpoint(
        provider=resolved.label, base_url=resolved.base_url, model=resolved.model, kind=resolved.type, api_key=key.secret(),
        organization_id=resolved.provider.organization_id if resolved.provider else "",
        circuit="" if resolved.local else key.breaker, guarded=resolved.guarded, max_output=resolved.max_output,
    )  # fmt: skip


def enforces_schemas(resolved: ResolvedModel) -> bool:
    """Whether an answer can be relied on to fit its JSON Schema. Where not, the schema is asked for in words, and what comes
    must be checked, and asked for once more where it does not fit."""
    if resolved.local or resolved.api != "chat_completions":
        return True
    return dialect_of(resolved.type).schemas == "native"

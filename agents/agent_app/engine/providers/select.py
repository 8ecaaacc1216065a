"""From a resolved model to the model object that the SDK calls."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from agent_app import model_references
from agent_app.engine.providers.anthropic import AnthropicMessages
from agent_app.engine.providers.base import WireModel
from agent_app.engine.providers.chat_completions import ChatCompletions
from agent_app.engine.providers.dialects import dialect_of
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.protocol import Protocol
from agent_app.engine.providers.responses import Responses
from agent_app.engine.routing import Route, RoutedModel
from agent_app.engine.sink import Sink
from agent_app.model_references import LOCAL, ResolvedModel
from agent_app.runs.registry import RunFailure
from config.lib.errors import AppError
from config.lib.secrets import DecryptionError

_CHAT_COMPLETIONS = ChatCompletions()
_PROTOCOLS: dict[str, Protocol] = {
    "chat_completions": _CHAT_COMPLETIONS, "responses": Responses(), "messages": AnthropicMessages(),
}  # fmt: skip


def model_for(routes: Sequence[Route], sink: Sink) -> WireModel:
    """The model of an agent: its own, and what stands in for it. Raises RunFailure where nothing can be asked at all."""
    if len(routes) == 1 and routes[0].problem:
        raise RunFailure("provider_error", routes[0].problem)
    return RoutedModel(routes, sink)


def fallback_routes(workspace_id: UUID, references: Sequence[str]) -> list[Route]:
    """How an agent's fallback models are reached. Asks the database. What leads nowhere any more is passed over in its turn."""
    routes = []
    for reference in references:
        try:
            routes.append(route_to(model_references.resolve(workspace_id=workspace_id, reference=reference)))
        except AppError as error:
            routes.append(Route(resolved=ResolvedModel(reference), problem=error.detail, named=reference))
    return routes


def route_to(resolved: ResolvedModel) -> Route:
    """How a model is reached. A key that cannot be read is the route's problem, not an exception."""
    provider = resolved.provider
    if resolved.local:
        local = Endpoint(
            provider=_("The local model"), base_url=settings.LOCAL_MODEL_URL, model=resolved.model, kind=LOCAL,
            guarded=False,
        )  # fmt: skip
        return Route(resolved=resolved, protocol=_CHAT_COMPLETIONS, endpoints=[local])
    if provider is None:
        text = _("There is no key for %(provider)s here. Add one under Models, or choose another model.")
        return Route(resolved=resolved, problem=text % {"provider": resolved.label})
    try:
        key = provider.api_key
    except DecryptionError:
        text = _("The key of %(name)s cannot be decrypted on this installation. Enter it again.")
        return Route(resolved=resolved, problem=text % {"name": provider.name})
    endpoint = Endpoint(
        provider=provider.name, base_url=provider.base_url, model=resolved.model, kind=provider.type, api_key=key,
        organization_id=provider.organization_id, circuit=f"{provider.id}:{provider.api_key_hint}",
    )  # fmt: skip
    return Route(resolved=resolved, protocol=protocol_of(resolved), endpoints=[endpoint])


def protocol_of(resolved: ResolvedModel) -> Protocol:
    return _PROTOCOLS[resolved.api]


def enforces_schemas(resolved: ResolvedModel) -> bool:
    """Whether an answer can be relied on to fit its JSON Schema. Where not, the schema is asked for in words, and what comes
    must be checked, and asked for once more where it does not fit."""
    if resolved.local or resolved.api != "chat_completions":
        return True
    return dialect_of(resolved.type).schemas == "native"

"""From a model of the workspace to the model object that the SDK calls."""

from django.conf import settings
from django.utils.translation import gettext as _

from agent_app.engine.providers.base import WireModel
from agent_app.engine.providers.chat_completions import ChatCompletionsModel, Endpoint
from agent_app.engine.sink import Sink
from agent_app.model_references import ResolvedModel
from agent_app.runs.registry import RunFailure
from config.lib.secrets import DecryptionError


def model_for(resolved: ResolvedModel, sink: Sink) -> WireModel:
    """Raises RunFailure where the provider's key is gone."""
    provider = resolved.provider
    if provider is None:
        name = _("The local model")
        local = Endpoint(provider=name, base_url=settings.LOCAL_MODEL_URL, model=resolved.model, guarded=False)
        return ChatCompletionsModel(local, sink, resolved)
    try:
        api_key = provider.api_key
    except DecryptionError as error:
        text = _("The key of %(name)s cannot be decrypted on this installation. Enter it again.")
        raise RunFailure("provider_error", text % {"name": provider.name}) from error
    endpoint = Endpoint(
        provider=provider.name, base_url=provider.base_url, model=resolved.model, api_key=api_key,
        organization_id=provider.organization_id,
    )  # fmt: skip
    return ChatCompletionsModel(endpoint, sink, resolved)

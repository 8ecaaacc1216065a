"""From a run's model to the model object that the SDK calls."""

from django.conf import settings
from django.utils.translation import gettext as _

from agent_app.engine.providers.base import WireModel
from agent_app.engine.providers.chat_completions import ChatCompletionsModel, Endpoint
from agent_app.engine.sink import Sink
from agent_app.model_references import LOCAL
from agent_app.models import Run
from agent_app.runs.registry import RunFailure
from config.lib.secrets import DecryptionError


def model_for(run: Run, sink: Sink) -> WireModel:
    """Raises RunFailure where the provider or its key is gone."""
    provider_name, _slash, model = run.model.partition("/")
    if run.provider is None:
        if provider_name != LOCAL:
            raise RunFailure("provider_error", _("The provider %(name)s was removed.") % {"name": provider_name})
        return ChatCompletionsModel(
            Endpoint(provider=_("The local model"), base_url=settings.LOCAL_MODEL_URL, model=model, guarded=False), sink
        )
    provider = run.provider
    try:
        api_key = provider.api_key
    except DecryptionError as error:
        text = _("The key of %(name)s cannot be decrypted on this installation. Enter it again.")
        raise RunFailure("provider_error", text % {"name": provider.name}) from error
    return ChatCompletionsModel(
        Endpoint(
            provider=provider.name, base_url=provider.base_url, model=model, api_key=api_key,
            organization_id=provider.organization_id,
        ),
        sink,
    )  # fmt: skip

"""Which model a reference means.

A reference is ``provider/model`` or a bare model id. Model ids may contain ``/`` themselves, so the first segment counts as
a provider only where the workspace has one of that name (or it is the built-in ``local``).
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from agent_app.models import Provider
from config.lib.errors import NotFound, Refused

LOCAL = "local"
LOCAL_MODEL = "smollm2-135m-instruct"
LOCAL_CONTEXT = 4096
LOCAL_MAX_TOKENS = 512


@dataclass(frozen=True)
class ResolvedModel:
    """A model of a provider; ``provider`` is None for the local model."""

    model: str
    provider: Provider | None = None

    @property
    def reference(self) -> str:
        return f"{self.provider.name if self.provider else LOCAL}/{self.model}"


def resolve(*, workspace_id: UUID, reference: str, provider_id: UUID | None = None) -> ResolvedModel:
    """The model that ``reference`` means in a workspace; empty means its default.

    ``provider_id`` decides the provider, whatever the reference says. Raises NotFound for an unknown provider, Refused
    (422) where no model is meant, or several are.
    """
    if provider_id is not None:
        chosen = Provider.objects.in_workspace(workspace_id).filter(id=provider_id).first()
        if chosen is None:
            raise NotFound(_("There is no such provider."))
        prefix = f"{chosen.name}/"
        return _of_provider(chosen, reference[len(prefix) :] if reference.startswith(prefix) else reference)
    first, slash, rest = reference.partition("/")
    if first == LOCAL and slash:
        return _local(rest)
    if not reference and settings.LOCAL_MODEL_URL:
        return _local(LOCAL_MODEL)
    providers = list(Provider.objects.in_workspace(workspace_id).order_by("created_at"))
    if not reference:
        if not providers:
            raise Refused(_("This workspace has no model yet. Add a provider under Models."), code="no_model")
        return _of_provider(providers[0], "")
    for provider in providers:
        if slash and provider.name.lower() == first.lower():
            return _of_provider(provider, rest)
    return _bare(reference, providers)


def _bare(model: str, providers: list[Provider]) -> ResolvedModel:
    matches = [ResolvedModel(model, provider) for provider in providers if model in provider.model_ids]
    if model == LOCAL_MODEL and not matches:
        return _local(model)
    if len(matches) > 1:
        candidates = [match.reference for match in matches]
        raise Refused(
            _("Several providers have the model %(model)s. Choose one: %(candidates)s.")
            % {"model": model, "candidates": ", ".join(candidates)},
            code="ambiguous_model", candidates=candidates,
        )  # fmt: skip
    if not matches:
        raise Refused(
            _("No provider of this workspace has the model %(model)s. Add it under Models.") % {"model": model},
            code="unknown_model",
        )
    return matches[0]


def _of_provider(provider: Provider, model: str) -> ResolvedModel:
    wanted = model or provider.default_model or (provider.model_ids[0] if provider.model_ids else "")
    if not wanted:
        raise Refused(_("The provider %(name)s has no default model.") % {"name": provider.name}, code="no_model")
    return ResolvedModel(wanted, provider)


def _local(model: str) -> ResolvedModel:
    if not settings.LOCAL_MODEL_URL:
        raise Refused(_("This installation has no local model. Choose a provider's model."), code="no_model")
    if model != LOCAL_MODEL:
        raise Refused(
            _("The local provider has only %(known)s.") % {"known": f"{LOCAL}/{LOCAL_MODEL}"}, code="unknown_model"
        )
    return ResolvedModel(LOCAL_MODEL)

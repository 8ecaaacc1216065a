"""Which model a reference means.

A reference is ``provider/model`` or a bare model id. Model ids may contain ``/`` themselves, so the first segment counts as
a provider only where the workspace has one of that name, or it is the slug of a type (``local`` among them).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agent_app import auto_models, provider_types
from agent_app.auto import AUTO, Choice, Option, Task, choose, task_for
from agent_app.models import CAPABILITIES, CatalogueModel, Provider, ProviderModel, Run
from agent_app.provider_types import LOCAL as LOCAL
from agent_app.provider_types import Api
from community.models import Workspace
from config.lib.errors import NotFound, Refused

LOCAL_MODEL = "smollm2-135m-instruct"
LOCAL_CONTEXT = 4096
LOCAL_MAX_TOKENS = 512


@dataclass(frozen=True)
class ResolvedModel:
    """A model, with what is known of it: where it is called, its row in the workspace and its entry in the catalogue.

    Without a ``provider`` it is a model of a type's own address (``slug``), or the local model.
    """

    model: str
    provider: Provider | None = None
    slug: str = LOCAL
    row: ProviderModel | None = None
    entry: CatalogueModel | None = None
    why: str = ""  # why it was chosen, where nobody did

    @property
    def reference(self) -> str:
        return f"{self.provider.name if self.provider else self.slug}/{self.model}"

    @property
    def type(self) -> str:
        """The slug of its provider's type."""
        return self.provider.type if self.provider else self.slug

    @property
    def local(self) -> bool:
        return self.provider is None and self.slug == LOCAL

    @property
    def label(self) -> str:
        """What people call its provider."""
        if self.provider:
            return self.provider.name
        return _("The local model") if self.local else str(provider_types.info(self.slug).label)

    @property
    def base_url(self) -> str:
        if self.provider:
            return self.provider.base_url
        return settings.LOCAL_MODEL_URL if self.local else provider_types.default_base_url(self.slug)

    @property
    def guarded(self) -> bool:
        """Whether a person gave the address. The operator's own may lead into private networks."""
        own = self.type in settings.PROVIDER_BASE_URLS and provider_types.own_address(self.type, self.base_url)
        return not (self.local or own)

    @property
    def api(self) -> Api:
        """How it is spoken to: as its row says, or its provider is set, or the catalogue knows, or its type does first.

        OpenAI itself is asked by its Responses; whoever else calls themselves so may know Chat Completions alone.
        """
        if self.local:
            return "chat_completions"
        chosen = (self.row and self.row.api) or (self.provider and self.provider.additional_config.get("api"))
        usual = provider_types.default_api(self.type)
        if not chosen and provider_types.own_address(self.type, self.base_url):
            chosen = (self.entry and self.entry.api) or usual
        return cast(Api, chosen or ("chat_completions" if usual == "responses" else usual))

    @property
    def capabilities(self) -> dict[str, bool | None]:
        """What it can (True), cannot (False), or what nobody knows (None): allowed. Tests beat the catalogue."""
        return capabilities(self)

    @property
    def context_window(self) -> int | None:
        return (self.row and self.row.context_window) or (self.entry and self.entry.context_window) or None

    @property
    def max_output(self) -> int | None:
        return (self.row and self.row.max_output) or (self.entry and self.entry.max_output) or None


def capabilities(resolved: ResolvedModel) -> dict[str, bool | None]:
    """See ``ResolvedModel.capabilities``."""
    known: dict[str, bool | None] = dict.fromkeys(CAPABILITIES)
    for source in (resolved.entry, resolved.row):
        known |= source.capabilities if source else {}
    return known


def resolve(
    *, workspace_id: UUID, reference: str, provider_id: UUID | None = None, task: Task | None = None
) -> ResolvedModel:
    """The model that ``reference`` means in a workspace; empty means its default, ``auto`` the one that fits ``task`` best.

    ``provider_id`` decides the provider, whatever the reference says. Raises NotFound for an unknown provider, Refused
    (422) where no model is meant, or several are.
    """
    if reference == AUTO and provider_id is None:
        return _auto(workspace_id, task or Task(message=""))
    reference = "" if reference == AUTO else reference
    if provider_id is not None:
        chosen = _providers(workspace_id).filter(id=provider_id).first()
        if chosen is None:
            raise NotFound(_("There is no such provider."))
        prefix = f"{chosen.name}/"
        return _of_provider(chosen, reference[len(prefix) :] if reference.startswith(prefix) else reference)
    first, slash, rest = reference.partition("/")
    if first == LOCAL and slash:
        return _local(rest)
    if not reference:
        return _default(workspace_id, task)
    providers = list(_providers(workspace_id))
    for provider in providers:
        if slash and provider.name.lower() == first.lower():
            return _of_provider(provider, rest)
    if slash and first.lower() in provider_types.TYPES:
        return _of_type(first.lower(), rest, providers)
    return _bare(workspace_id, reference, providers)


def resolve_agent(*, workspace_id: UUID, definition: Mapping[str, Any]) -> ResolvedModel:
    """The model that an agent would be asked with; where it is chosen automatically, one that can do what the agent needs."""
    return resolve(workspace_id=workspace_id, reference=definition.get("model") or "", task=task_for(definition))


def of_run(run: Run) -> ResolvedModel:
    """The model that a run was started with, however the workspace's references have changed since."""
    first, _slash, model = run.model.partition("/")
    if run.provider is not None:
        return _with_knowledge(run.provider, model)
    if first == LOCAL:
        return ResolvedModel(model, entry=_entry(LOCAL, model))
    if first not in provider_types.TYPES or run.key_source in ("provider", "none"):
        raise Refused(_("The provider %(name)s was removed.") % {"name": first}, code="provider_removed")
    return ResolvedModel(model, slug=first, entry=_entry(first, model))


def _auto(workspace_id: UUID, task: Task) -> ResolvedModel:
    """The best for a task of all models that the workspace can ask now."""
    able, options = _auto_options(workspace_id)
    choice = choose(task, options)
    if choice is None:
        text = _("None of this workspace's models can do this. Choose a model, or add one under Models.")
        raise Refused(text, code="no_model")
    return replace(able[choice.option.reference], why=choice.why)


def auto_choices(workspace_id: UUID, tasks: Sequence[Task]) -> list[Choice | None]:
    """What ``auto`` would choose for each of ``tasks``, with the reason; None where no model can do it."""
    _able, options = _auto_options(workspace_id)
    return [choose(task, options) for task in tasks]


def _auto_options(workspace_id: UUID) -> tuple[dict[str, ResolvedModel], list[Option]]:
    """The models that ``auto`` has to choose from, by reference, and what speaks for each."""
    providers = list(_providers(workspace_id))
    keyed, reachable = auto_models.keyed_types(workspace_id)
    entries = auto_models.entries_of({provider.type for provider in providers} | reachable)
    found = [_local(LOCAL_MODEL)] if settings.LOCAL_MODEL_URL else []
    found += [
        ResolvedModel(each.model_id, slug=slug, entry=each)
        for (slug, _id), each in entries.items()
        if slug in reachable
    ]
    for provider, model in auto_models.usable(providers, keyed):
        row = next((row for row in provider.provider_models.all() if row.model_id == model), None)
        found.append(ResolvedModel(model, provider, row=row, entry=entries.get((provider.type, model.lower()))))
    able = {each.reference: each for each in found if _converses(each)}
    statistics, preferred = auto_models.lately(workspace_id), default_reference(workspace_id)
    return able, [auto_models.option_of(each, statistics, preferred) for each in able.values()]


def _converses(resolved: ResolvedModel) -> bool:
    if resolved.entry is not None and resolved.entry.retired():
        return False
    can = resolved.capabilities
    return resolved.api != "images" and not can.get("embeddings") and not can.get("images")


def _providers(workspace_id: UUID) -> "QuerySet[Provider]":
    return Provider.objects.in_workspace(workspace_id).prefetch_related("provider_models").order_by("created_at")


def _default(workspace_id: UUID, task: Task | None) -> ResolvedModel:
    """The workspace's own choice, else the local model, else the first provider's."""
    chosen = default_reference(workspace_id)
    if chosen:
        return resolve(workspace_id=workspace_id, reference=chosen, task=task)
    if settings.LOCAL_MODEL_URL:
        return _local(LOCAL_MODEL)
    first = _providers(workspace_id).first()
    if first is None:
        raise Refused(_("This workspace has no model yet. Add a provider under Models."), code="no_model")
    return _of_provider(first, "")


def default_reference(workspace_id: UUID) -> str:
    """What the workspace has set as its default model; may be empty."""
    return Workspace.objects.filter(id=workspace_id).values_list("default_model", flat=True).first() or ""


def _bare(workspace_id: UUID, model: str, providers: list[Provider]) -> ResolvedModel:
    """By a model's id alone: the default's provider, then the providers in order, then the catalogue."""
    having = [provider for provider in providers if model in provider.model_ids]
    if len(having) > 1:
        preferred = default_reference(workspace_id).partition("/")[0].lower()
        having = [provider for provider in having if provider.name.lower() == preferred] or having
    if having:
        _one(model, [f"{provider.name}/{model}" for provider in having])
        return _of_provider(having[0], model)
    if model == LOCAL_MODEL:
        return _local(model)
    entries = list(CatalogueModel.objects.filter(model_id__iexact=model).order_by("provider"))
    _one(model, [entry.reference for entry in entries])
    if not entries:
        raise Refused(
            _("No provider of this workspace has the model %(model)s. Add it under Models.") % {"model": model},
            code="unknown_model",
        )
    return _usable(ResolvedModel(entries[0].model_id, slug=entries[0].provider, entry=entries[0]))


def _one(model: str, candidates: list[str]) -> None:
    if len(candidates) > 1:
        raise Refused(
            _("Several providers have the model %(model)s. Choose one: %(candidates)s.")
            % {"model": model, "candidates": ", ".join(candidates)},
            code="ambiguous_model", candidates=candidates,
        )  # fmt: skip


def _of_provider(provider: Provider, model: str) -> ResolvedModel:
    wanted = model or provider.default_model or next(iter(provider.model_ids), "")
    if not wanted:
        raise Refused(_("The provider %(name)s has no default model.") % {"name": provider.name}, code="no_model")
    return _with_knowledge(provider, wanted)


def _with_knowledge(provider: Provider, model: str) -> ResolvedModel:
    row = next((row for row in provider.provider_models.all() if row.model_id == model), None)
    return ResolvedModel(model, provider, row=row, entry=_entry(provider.type, model))


def _of_type(slug: str, model: str, providers: list[Provider]) -> ResolvedModel:
    """A type's slug means the workspace's first provider of the type with that model, else the type's own address."""
    for provider in providers:
        if provider.type == slug and model in provider.model_ids:
            return _with_knowledge(provider, model)
    entry = _entry(slug, model)
    if entry is None:
        raise Refused(
            _("%(model)s is not in the catalogue. Add a provider with it under Models.") % {"model": f"{slug}/{model}"},
            code="unknown_model",
        )
    return _usable(ResolvedModel(entry.model_id, slug=slug, entry=entry))


def _usable(resolved: ResolvedModel) -> ResolvedModel:
    """Raises Refused for what its provider answers no more, with what to use instead."""
    entry = resolved.entry
    if entry is not None and entry.retired():
        text = _("%(model)s was retired by its provider.") % {"model": resolved.reference}
        if entry.replacement:
            text += " " + _("Use %(model)s.") % {"model": f"{entry.provider}/{entry.replacement}"}
        raise Refused(text, code="retired_model", replacement=entry.replacement)
    return resolved


def _entry(slug: str, model: str) -> CatalogueModel | None:
    return CatalogueModel.objects.filter(provider=slug, model_id__iexact=model).first()


def _local(model: str) -> ResolvedModel:
    if not settings.LOCAL_MODEL_URL:
        raise Refused(_("This installation has no local model. Choose a provider's model."), code="no_model")
    if model != LOCAL_MODEL:
        raise Refused(
            _("The local provider has only %(known)s.") % {"known": f"{LOCAL}/{LOCAL_MODEL}"}, code="unknown_model"
        )
    return ResolvedModel(LOCAL_MODEL, entry=_entry(LOCAL, LOCAL_MODEL))

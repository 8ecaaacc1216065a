"""The providers a workspace has configured, with their health, and the keys they are called with."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agent_app import access, model_reports
from agent_app.access import get_provider
from agent_app.model_forms import KeyForm, ProviderForm, add_errors
from agent_app.models import Provider
from agent_app.selectors import provider_dependents, provider_rows
from agent_app.services import provider_keys, providers
from agent_app.views.question import Question, ask
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError


@require_http_methods(["GET", "POST"])
@signed_in
def provider_list(request: ActorRequest) -> HttpResponse:
    """Configured providers as cards, and the types there are; POST adds a provider."""
    form = ProviderForm(request.POST or None)
    if request.method == "POST":
        request.actor.require("provider.write")
        if form.is_valid() and _added(request, form):
            return redirect("agents:providers")
    configured = list(provider_rows(request.actor))
    figures = model_reports.provider_figures(request.actor.workspace_id)
    context = {
        "form": form, "providers": [(provider, figures.get(provider.id)) for provider in configured],
        "types": [found for found in model_reports.types(request.actor) if found["platform_key"]],
        "own_keys_free": settings.BILLING_MODE != "off" and settings.BILLING_OWN_KEY == "free",
        "can_write": request.actor.allows("provider.write"), "days": model_reports.DAYS,
    }  # fmt: skip
    return render(request, "models/providers.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@signed_in
def provider_delete(request: ActorRequest, provider_id: UUID) -> HttpResponse:
    """GET asks, with the agents that use it; POST does it."""
    provider = get_provider(request.actor, provider_id, "provider.write")
    if request.method == "GET":
        return ask(request, _removal(provider))
    providers.provider_delete(actor=request.actor, provider=provider)
    messages.success(request, _("%(name)s was removed.") % {"name": provider.name})
    return redirect("agents:providers")


@require_http_methods(["GET", "POST"])
@signed_in
def key_list(request: ActorRequest) -> HttpResponse:
    """The workspace's keys and the person's own, in their order; POST tries and keeps one."""
    may_share = request.actor.allows("key.write")
    configured = [(str(provider.id), provider.name) for provider in provider_rows(request.actor)]
    form = KeyForm(request.POST or None, providers=configured, may_share=may_share)
    if request.method == "POST" and form.is_valid() and _kept(request, form):
        return redirect("agents:keys")
    rows = list(model_reports.key_rows(request.actor)[:200])
    usage = model_reports.key_usage([key.id for key in rows])
    context = {
        "form": form, "keys": [(key, usage.get(key.id)) for key in rows], "may_share": may_share, "days": model_reports.DAYS,
        "credits_first": access.credits_first(request.actor),
    }  # fmt: skip
    return render(request, "models/keys.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def key_delete(request: ActorRequest, key_id: UUID) -> HttpResponse:
    key = access.get_key(request.actor, key_id, write=True)
    provider_keys.provider_key_delete(actor=request.actor, key=key)
    messages.success(request, _("The key %(hint)s was removed.") % {"hint": key.key_hint})
    return redirect("agents:keys")


def _removal(provider: Provider) -> Question:
    using = list(provider_dependents(provider).values_list("name", flat=True))
    return Question(
        title=_("Remove %(name)s?") % {"name": provider.name},
        text=_("Its key is deleted. These agents use its models and cannot answer until they get another one:")
        if using
        else _("Its key is deleted. No agent uses its models."),
        dependents=using, danger=True, label=_("Remove"), cancel_url=reverse("agents:providers"),
        action=reverse("agents:provider_delete", args=[provider.id]),
    )  # fmt: skip


def _added(request: ActorRequest, form: ProviderForm) -> bool:
    """Whether the provider was added; what is against it goes into the form."""
    try:
        fields = providers.provider_tried(actor=request.actor, fields=form.cleaned_data)
        provider = providers.provider_create(actor=request.actor, fields=fields)
    except AppError as error:
        add_errors(form, error)
        return False
    messages.success(
        request, _("%(name)s was added. Its models can be chosen in the builder.") % {"name": provider.name}
    )
    return True


def _kept(request: ActorRequest, form: KeyForm) -> bool:
    """Whether the key was accepted and kept; what its provider said goes into the form."""
    try:
        key = provider_keys.provider_key_create(actor=request.actor, **form.cleaned_data)
    except AppError as error:
        add_errors(form, error)
        return False
    messages.success(request, _("The key %(hint)s is kept.") % {"hint": key.key_hint})
    return True

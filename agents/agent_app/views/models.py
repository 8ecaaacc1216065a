"""Models and the providers a workspace has configured."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agent_app import model_references
from agent_app.access import get_provider
from agent_app.forms import ProviderForm
from agent_app.models import Provider
from agent_app.selectors import provider_dependents, provider_rows
from agent_app.services import providers
from agent_app.views.question import Question, ask
from billing import rates
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError


@require_http_methods(["GET", "POST"])
@signed_in
def model_list(request: ActorRequest) -> HttpResponse:
    """The local model and the providers; POST adds a provider."""
    form = ProviderForm(request.POST or None)
    if request.method == "POST":
        request.actor.require("provider.write")
        if form.is_valid() and _added(request, form):
            return redirect("agents:models")
    context = {
        "form": form,
        "providers": provider_rows(request.actor),
        "local_model": model_references.LOCAL_MODEL if settings.LOCAL_MODEL_URL else "",
        "local_context": model_references.LOCAL_CONTEXT,
        "local_price": rates.price_of(f"{model_references.LOCAL}/{model_references.LOCAL_MODEL}"),
        "own_keys_free": settings.BILLING_MODE != "off" and settings.BILLING_OWN_KEY == "free",
        "can_write": request.actor.allows("provider.write"),
    }
    return render(request, "models/list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@signed_in
def provider_delete(request: ActorRequest, provider_id: UUID) -> HttpResponse:
    """GET asks, with the agents that use it; POST does it."""
    provider = get_provider(request.actor, provider_id, "provider.write")
    if request.method == "GET":
        return ask(request, _removal(provider))
    providers.provider_delete(actor=request.actor, provider=provider)
    messages.success(request, _("%(name)s was removed.") % {"name": provider.name})
    return redirect("agents:models")


def _removal(provider: Provider) -> Question:
    using = list(provider_dependents(provider).values_list("name", flat=True))
    return Question(
        title=_("Remove %(name)s?") % {"name": provider.name},
        text=_("Its key is deleted. These agents use its models and cannot answer until they get another one:")
        if using
        else _("Its key is deleted. No agent uses its models."),
        dependents=using, danger=True, label=_("Remove"), cancel_url=reverse("agents:models"),
        action=reverse("agents:provider_delete", args=[provider.id]),
    )  # fmt: skip


def _added(request: ActorRequest, form: ProviderForm) -> bool:
    """Whether the provider was added; what is against it goes into the form."""
    try:
        provider = providers.provider_create(actor=request.actor, fields=form.cleaned_data)
    except AppError as error:
        known = {name: texts for name, texts in error.errors.items() if name in form.fields}
        for name, texts in known.items():
            form.add_error(name, texts)
        if not known:
            form.add_error(None, error.detail)
        return False
    messages.success(
        request, _("%(name)s was added. Its models can be chosen in the builder.") % {"name": provider.name}
    )
    return True

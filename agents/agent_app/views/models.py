"""Models and the providers a workspace has configured."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agent_app import model_references
from agent_app.access import get_provider
from agent_app.forms import ProviderForm
from agent_app.selectors import provider_rows
from agent_app.services import providers
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
        "can_write": request.actor.allows("provider.write"),
    }
    return render(request, "models/list.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def provider_delete(request: ActorRequest, provider_id: UUID) -> HttpResponse:
    provider = get_provider(request.actor, provider_id, "provider.write")
    providers.provider_delete(actor=request.actor, provider=provider)
    messages.success(request, _("%(name)s was removed.") % {"name": provider.name})
    return redirect("agents:models")


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

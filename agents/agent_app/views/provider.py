"""One configured provider: how it has done, what it is set to, and whether it still answers."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agent_app import model_reports
from agent_app.access import get_provider
from agent_app.model_forms import ProviderEditForm, add_errors
from agent_app.models import Provider
from agent_app.selectors import provider_dependents
from agent_app.services import providers
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError


@require_http_methods(["GET", "POST"])
@signed_in
def provider_page(request: ActorRequest, provider_id: UUID) -> HttpResponse:
    """GET shows it; POST saves what was changed, where ``test`` asks for it only if the provider answers."""
    provider = get_provider(request.actor, provider_id)
    form = ProviderEditForm(request.POST or None, provider=provider)
    if request.method == "POST":
        request.actor.require("provider.write")
        if form.is_valid() and _saved(request, form, provider):
            return redirect("agents:provider", provider_id=provider.id)
    keys = list(model_reports.key_rows(request.actor).filter(provider_id=provider.id)[:100])
    usage = model_reports.key_usage([key.id for key in keys])
    context = {
        "provider": provider, "form": form, "can_write": request.actor.allows("provider.write"),
        "figures": model_reports.provider_statistics(request.actor.workspace_id, provider),
        "keys": [(key, usage.get(key.id)) for key in keys], "using": list(provider_dependents(provider)[:20]),
    }  # fmt: skip
    return render(request, "models/provider.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def provider_test(request: ActorRequest, provider_id: UUID) -> HttpResponse:
    provider = get_provider(request.actor, provider_id, "provider.write")
    try:
        tested = providers.provider_test(actor=request.actor, provider=provider)
    except AppError as error:
        messages.error(request, error.detail)
    else:
        if tested.test_error:
            messages.error(request, tested.test_error)
        else:
            messages.success(request, _("%(name)s answered and accepts the key.") % {"name": provider.name})
    return redirect("agents:provider", provider_id=provider_id)


def _saved(request: ActorRequest, form: ProviderEditForm, provider: Provider) -> bool:
    """Whether it was saved; what is against it goes into the form."""
    try:
        changes = providers.provider_tried(actor=request.actor, fields=form.changes(), provider=provider)
        saved = providers.provider_update(actor=request.actor, provider=provider, changes=changes)
    except AppError as error:
        add_errors(form, error)
        return False
    messages.success(request, _("%(name)s was saved.") % {"name": saved.name})
    return True

"""The models a workspace uses, the catalogue, and a test of each."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agent_app import access, model_references, model_reports, provider_types
from agent_app.model_forms import ModelForm, add_errors
from agent_app.models import CAPABILITIES
from agent_app.selectors import provider_rows
from agent_app.services import provider_models
from billing import rates
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError

_PER_PAGE = 50
# The capabilities that tables show, with their icons.
SHOWN = (
    ("tools", "wrench", gettext_lazy("tools")),
    ("structured_output", "code", gettext_lazy("structured output")),
    ("vision", "eye", gettext_lazy("pictures")),
    ("reasoning", "brain", gettext_lazy("reasoning")),
    ("streaming", "activity", gettext_lazy("streaming")),
)


@require_http_methods(["GET", "POST"])
@signed_in
def model_list(request: ActorRequest) -> HttpResponse:
    """The workspace's models with what is known of them; POST adds one."""
    providers = provider_rows(request.actor)
    form = ModelForm(request.POST or None, providers=[(str(found.id), found.name) for found in providers])
    if request.method == "POST":
        request.actor.require("provider.write")
        if form.is_valid() and (row_id := _added(request, form)):
            return redirect("agents:model", model_id=row_id)
    page = Paginator(model_reports.model_rows(request.actor), _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page, "rows": model_reports.described(page.object_list), "form": form, "shown": SHOWN, "providers": providers,
        "local": (local := _local()), "can_write": request.actor.allows("provider.write"),
        "total": page.paginator.count + (local is not None),
    }  # fmt: skip
    return render(request, "models/list.html", context, status=422 if form.errors else 200)


@require_GET
@signed_in
def model_page(request: ActorRequest, model_id: UUID) -> HttpResponse:
    """One model: what it costs, what it can, what the last test found."""
    row = access.get_provider_model(request.actor, model_id)
    found = model_reports.described([row])[0]
    checks = (row.test_result or {}).get("checks") or {}
    matrix = [(name, found.capabilities[name], checks.get(name)) for name in CAPABILITIES]
    context = {
        "model": found, "row": row, "matrix": matrix, "can_write": request.actor.allows("provider.write"),
        "used": model_reports.model_figures(request.actor.workspace_id, row),
    }  # fmt: skip
    return render(request, "models/model.html", context)


@require_POST
@signed_in
def model_test(request: ActorRequest, model_id: UUID) -> HttpResponse:
    """Ask it a few small questions; the page shows what was found."""
    row = access.get_provider_model(request.actor, model_id, "provider.write")
    try:
        tested = provider_models.provider_model_test(actor=request.actor, row=row)
    except AppError as error:
        messages.error(request, error.detail)
        return redirect("agents:model", model_id=model_id)
    if tested.test_result["ok"]:
        messages.success(request, _("%(name)s answered.") % {"name": row.model_id})
    else:
        messages.error(request, tested.test_result["error"])
    return redirect("agents:model", model_id=model_id)


@require_POST
@signed_in
def model_delete(request: ActorRequest, model_id: UUID) -> HttpResponse:
    row = access.get_provider_model(request.actor, model_id, "provider.write")
    provider_models.provider_model_delete(actor=request.actor, row=row)
    messages.success(request, _("%(name)s was removed.") % {"name": row.model_id})
    return redirect("agents:models")


@require_GET
@signed_in
def model_catalogue(request: ActorRequest) -> HttpResponse:
    """Every model there is to know of, by type of provider. HTMX asks for the rows only."""
    request.actor.require("provider.read")
    slug = request.GET.get("type", "")
    slug = slug if slug in provider_types.TYPES else "openai"
    entries = list(model_reports.catalogue_of(slug))
    prices = model_reports.catalogue_prices(entries)
    context = {
        "entries": [(entry, prices[entry.id]) for entry in entries], "slug": slug, "types": provider_types.LABELS, "shown": SHOWN,
        "figures": model_reports.statistics(request.actor.workspace_id, slug),
    }  # fmt: skip
    template = "models/_catalogue.html" if request.htmx and not request.htmx.boosted else "models/catalogue.html"
    return render(request, template, context)


def _local() -> dict[str, Any] | None:
    """The model of this machine, where there is one."""
    if not settings.LOCAL_MODEL_URL:
        return None
    price = rates.price_of(f"{model_references.LOCAL}/{model_references.LOCAL_MODEL}")
    return {"name": model_references.LOCAL_MODEL, "context": model_references.LOCAL_CONTEXT, "price": price}


def _added(request: ActorRequest, form: ModelForm) -> UUID | None:
    """The new model's id; what is against it goes into the form."""
    fields = dict(form.cleaned_data)
    try:
        provider = access.get_provider(request.actor, UUID(fields.pop("provider_id")), "provider.write")
        row = provider_models.provider_model_create(actor=request.actor, provider=provider, fields=fields)
    except AppError as error:
        add_errors(form, error)
        return None
    messages.success(request, _("%(name)s was added.") % {"name": row.model_id})
    return row.id

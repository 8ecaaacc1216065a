"""The API tokens of the current workspace."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from community import access, selectors
from community.member_forms import TokenForm
from community.services import api_tokens
from community.views.guard import ActorRequest, signed_in

_SHOWN = 200


@require_http_methods(["GET", "POST"])
@signed_in
def token_list(request: ActorRequest) -> HttpResponse:
    """POST makes a token and shows it, this once: it is in this answer and nowhere else."""
    request.actor.require("token.read")
    form = TokenForm(request.POST or None)
    made = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        _token, made = api_tokens.token_create(
            actor=request.actor, name=given["name"], scopes=given["scopes"], expires_at=form.expires_at()
        )
    context = {
        "tokens": selectors.token_list(request.actor)[:_SHOWN],
        "form": TokenForm() if made else form,
        "made": made,
    }
    return render(request, "workspace/tokens.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def token_revoke(request: ActorRequest, token_id: UUID) -> HttpResponse:
    token = access.get_token(request.actor, token_id, "token.write")
    api_tokens.token_revoke(actor=request.actor, token=token)
    messages.success(request, _("%(name)s is revoked: it opens nothing from now on.") % {"name": token.name})
    return redirect("workspace_tokens")

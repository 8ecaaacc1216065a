"""A person's own pages: who they are, how they sign in, and leaving for good."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from community import account, languages, second_factor
from community.files import staging
from community.forms import DeleteAccountForm, ProfileForm
from community.models import User
from community.services import avatars, erasure, people, sign_ins
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import AppError, Conflict, InvalidInput


@require_http_methods(["GET", "POST"])
@signed_in
def profile(request: ActorRequest) -> HttpResponse:
    """Name, handle, what they say about themselves; language, time zone and appearance."""
    user = request.actor.user
    form = ProfileForm(request.POST or None, initial=_shown(user))
    if request.method == "POST" and form.is_valid():
        try:
            user = people.person_update(user=user, changes=form.cleaned_data)
        except (InvalidInput, ValidationError) as error:
            _tell(form, error)
            user.refresh_from_db()
        else:
            with languages.on_page(user):
                messages.success(request, _("Saved."))
            response = redirect("settings_profile")
            languages.remember(response, user.language)
            return response
    return render(request, "settings/profile.html", {"form": form}, status=422 if form.errors else 200)


def _shown(user: User) -> dict[str, str]:
    return {field: getattr(user, field) for field in people.EDITABLE}


def _tell(form: ProfileForm, error: InvalidInput | ValidationError) -> None:
    problems = error.errors if isinstance(error, InvalidInput) else error.message_dict
    for field, messages_of_field in problems.items():
        form.add_error(field if field in form.fields else None, messages_of_field)


@require_POST
@signed_in
def avatar(request: ActorRequest) -> HttpResponse:
    """A picture for the profile; why not, beside the field, where it cannot be one."""
    user = request.actor.user
    try:
        avatars.avatar_set(user=user, upload=request.FILES.get(staging.FIELD))
    except AppError as error:
        why = error.errors.get(staging.FIELD) or [error.detail]
        context = {"form": ProfileForm(initial=_shown(user)), "picture_errors": why}
        return render(request, "settings/profile.html", context, status=error.status)
    messages.success(request, _("This is your picture now."))
    return redirect("settings_profile")


@require_POST
@signed_in
def avatar_remove(request: ActorRequest) -> HttpResponse:
    avatars.avatar_remove(user=request.actor.user)
    messages.success(request, _("The picture is removed."))
    return redirect("settings_profile")


@require_GET
@signed_in
def security(request: ActorRequest) -> HttpResponse:
    user = request.actor.user
    context = {
        "factor": account.second_factor(user),
        "may_turn_on": second_factor.may_turn_on(user),
        "connections": account.connections(request, user),
        "sign_ins": account.sign_ins(user, session_key=request.session.session_key),
    }
    return render(request, "settings/security.html", context)


@require_POST
@signed_in
def sign_in_end(request: ActorRequest, sign_in_id: UUID) -> HttpResponse:
    """End one sign-in; the list of the security page leads here."""
    sign_ins.sign_in_end(user=request.actor.user, sign_in_id=sign_in_id)
    messages.success(request, _("Signed out there."))
    return redirect("settings_security")


@require_POST
@signed_in
def sign_in_end_all(request: ActorRequest) -> HttpResponse:
    """Sign out everywhere but in this browser."""
    ended = sign_ins.sign_ins_end_all(user=request.actor.user, request=request)
    messages.success(
        request,
        ngettext("Signed out in one other place.", "Signed out in %(count)d other places.", ended) % {"count": ended}
        if ended
        else _("Signed out everywhere else."),
    )
    return redirect("settings_security")


@require_http_methods(["GET", "POST"])
@signed_in
def account_delete(request: ActorRequest) -> HttpResponse:
    """Delete the account, after the handle and the password were typed."""
    user = request.actor.user
    in_the_way = list(erasure.workspaces_in_the_way(user=user))
    form = DeleteAccountForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            erasure.person_erase(user=user)
        except Conflict as error:
            form.add_error(None, error.detail)
        else:
            logout(request)
            messages.success(request, _("Your account is deleted."))
            return redirect("account_login")
    context = {"form": form, "in_the_way": in_the_way, "closing": erasure.workspaces_to_close(user=user)}
    return render(request, "settings/account.html", context, status=422 if form.errors else 200)

"""Connecting a tool with somebody else's account (OAuth): off to where the person agrees, and back with a code."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agent_app import access
from agent_app.models import Credential
from agent_app.services import connections
from agent_app.tools import oauth
from agent_app.tools.registry import ToolFailed
from community.access import Actor, get_actor
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import Conflict

_BEGUN = "connections"  # in the session: what was begun there can be ended only there
_MOST_BEGUN = 5


@require_safe
@signed_in
def connect(request: ActorRequest, credential_id: UUID) -> HttpResponse:
    """Off to the authorization server. ``?next=`` says where to go afterwards."""
    credential = access.get_credential(request.actor, credential_id, "agent.write")
    if credential.config.get("grant") != "authorization_code":
        raise Conflict(_("This tool has no account to connect with."), code="not_connectable")
    state, verifier = get_random_string(40), oauth.new_verifier()
    begun: dict[str, Any] = request.session.get(_BEGUN, {})
    begun[state] = {
        "credential": str(credential.id), "workspace": str(credential.workspace_id), "verifier": verifier,
        "next": request.GET.get("next", ""),
    }  # fmt: skip
    request.session[_BEGUN] = dict(list(begun.items())[-_MOST_BEGUN:])
    return redirect(oauth.consent_url(credential, redirect_uri=oauth.return_address(), state=state, verifier=verifier))


@require_safe
@signed_in
def connected(request: ActorRequest) -> HttpResponse:
    """Back with a code, or with the reason why there is none. Whoever did not begin here ends nothing here."""
    begun: dict[str, Any] = request.session.get(_BEGUN, {})
    found = begun.pop(request.GET.get("state", ""), None)
    request.session[_BEGUN] = begun
    if found is None:
        messages.error(request, _("This connection was not begun here, or has been made already. Begin again."))
        return redirect("agents:list")
    actor = get_actor(request.actor.user, UUID(found["workspace"]))
    credential = access.get_credential(actor, UUID(found["credential"]), "agent.write")
    _end(request, actor, credential, found["verifier"])
    return redirect(_safe(request, found["next"]))


def _end(request: ActorRequest, actor: Actor, credential: Credential, verifier: str) -> None:
    code = request.GET.get("code", "")
    if not code:
        why = request.GET.get("error_description") or request.GET.get("error") or _("no reason was given")
        messages.error(request, _("The account was not connected: %(why)s.") % {"why": why[:300]})
        return
    try:
        connections.credential_connect(
            actor=actor, credential=credential, code=code, redirect_uri=oauth.return_address(), verifier=verifier
        )
    except ToolFailed as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The account is connected."))


def _safe(request: ActorRequest, target: str) -> str:
    own = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if own else reverse("agents:list")

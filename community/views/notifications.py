"""The pages of notifications: what happened, and how one wants to be told."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from community import access, selectors
from community.models import Channel, NotificationKind
from community.notifications import ICONS
from community.services import notifications, workspaces
from community.views.guard import ActorRequest, signed_in
from config.lib.errors import InvalidInput, NotFound

_PER_PAGE = 30
_MORNING = 8


@require_GET
@signed_in
def notification_list(request: ActorRequest) -> HttpResponse:
    """Filters live in the address. HTMX asks for the rows only."""
    asked = {"show": request.GET.get("show", ""), "kind": request.GET.get("kind", "")}
    rows = selectors.notification_list(
        request.actor,
        kind=asked["kind"] if asked["kind"] in NotificationKind.values else "",
        unread=asked["show"] == "unread",
        snoozed=asked["show"] == "snoozed",
    )
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    for row in page:
        row.icon = ICONS.get(row.kind, "bell")  # type: ignore[attr-defined]
    context = {
        "page": page,
        "asked": asked,
        "filtered": any(asked.values()),
        "kinds": NotificationKind.choices,
        "now": timezone.now(),
    }
    fragment = request.htmx and not request.htmx.boosted
    return render(request, "notifications/_rows.html" if fragment else "notifications/list.html", context)


@require_POST
@signed_in
def notification_open(request: ActorRequest, notification_id: UUID) -> HttpResponse:
    """Mark it as read and go where it leads, in the workspace it is about."""
    notification = access.get_notification(request.actor, notification_id, "notification.write")
    notifications.notification_update(notification=notification, changes={"read": True})
    if notification.workspace_id not in (None, request.actor.workspace_id):
        try:
            workspaces.workspace_switch(user=request.actor.user, workspace_id=notification.workspace_id)
        except NotFound:
            messages.error(request, _("You are no longer a member of the workspace this was about."))
            return redirect("notifications")
    return redirect(notification.url)


@require_POST
@signed_in
def notification_change(request: ActorRequest, notification_id: UUID) -> HttpResponse:
    """Read, unread, put aside: whatever the pressed button says."""
    notification = access.get_notification(request.actor, notification_id, "notification.write")
    wanted = request.POST.get("do", "")
    now = timezone.now()
    zone = ZoneInfo(request.actor.user.timezone)
    match wanted:
        case "read" | "unread":
            changes: dict[str, object] = {"read": wanted == "read"}
        case "tomorrow" | "next_week":
            changes = {"snoozed_until": _morning(now, zone, days=1 if wanted == "tomorrow" else 7)}
        case "unsnooze":
            changes = {"snoozed_until": None}
        case _:
            raise InvalidInput
    notifications.notification_update(notification=notification, changes=changes)
    return redirect("notifications")


def _morning(now: datetime, zone: ZoneInfo, *, days: int) -> datetime:
    day = now.astimezone(zone) + timedelta(days=days)
    return day.replace(hour=_MORNING, minute=0, second=0, microsecond=0)


@require_POST
@signed_in
def read_all(request: ActorRequest) -> HttpResponse:
    notifications.notifications_read_all(actor=request.actor, everywhere=True)
    return redirect("notifications")


@require_http_methods(["GET", "POST"])
@signed_in
def preferences(request: ActorRequest) -> HttpResponse:
    """A table of switches; the form sends those that are on."""
    if request.method == "POST":
        chosen = set(request.POST.getlist("on"))
        choices = {
            (kind, channel): f"{kind}:{channel}" in chosen
            for kind in NotificationKind.values
            for channel in Channel.values
        }
        notifications.preferences_update(user=request.actor.user, choices=choices)
        messages.success(request, _("Saved."))
        return redirect("notification_preferences")
    rows = [
        {
            "label": row["label"],
            "cells": [(f"{row['kind']}:{value}", label, row[value]) for value, label in Channel.choices],
        }
        for row in selectors.preference_table(request.actor.user)
    ]
    return render(request, "notifications/preferences.html", {"rows": rows, "channels": Channel.choices})

"""How the states of runs and agents look: an icon, a word, and the family of colours (by ``data-s`` in tokens.css)."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Look(NamedTuple):
    icon: str
    word: str | Promise
    turns: bool = False


STATES = {
    "queued": Look("clock", _("Queued")),
    "running": Look("loader-circle", _("Running"), turns=True),
    "waiting": Look("hand", _("Waiting for you")),
    "succeeded": Look("circle-check", _("Succeeded")),
    "partial": Look("circle-alert", _("Partial")),
    "failed": Look("circle-x", _("Failed")),
    "cancelled": Look("ban", _("Cancelled")),
    "draft": Look("circle-dashed", _("Draft")),
    "active": Look("circle-check", _("Active")),
    "ready": Look("circle-check", _("Ready")),
    "inactive": Look("circle-pause", _("Inactive")),
    "paused": Look("circle-pause", _("Paused")),
    "archived": Look("archive", _("Archived")),
}


def look(status: str) -> Look:
    return STATES.get(status) or Look("circle", status.replace("_", " ").capitalize())

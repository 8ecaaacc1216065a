"""``/styleguide/``: every part and state, for whoever builds pages. In development, and for staff."""

from datetime import timedelta
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community.views.guard import ActorRequest, signed_in
from config.env import env
from config.lib.errors import NotFound
from config.ui.states import STATES


class SampleForm(forms.Form):
    name = forms.CharField(label=_("Name"), help_text=_("Shown in lists."))
    address = forms.EmailField(label=_("E-mail"))
    secret = forms.CharField(label=_("Password"), widget=forms.PasswordInput)
    kind = forms.ChoiceField(label=_("Kind"), choices=[("a", _("One")), ("b", _("Another"))])
    text = forms.CharField(label=_("Instructions"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    stay = forms.BooleanField(label=_("Stay signed in"), required=False)


@signed_in
def styleguide(request: ActorRequest) -> HttpResponse:
    if env.production and not request.actor.user.is_staff:
        raise NotFound
    now = timezone.now()
    context = {
        "form": SampleForm({"name": "Refund specialist", "address": "nobody", "text": "Be brief."}),
        "states": list(STATES),
        "marks": [UUID(int=number) for number in range(16)],
        "moments": [now, now - timedelta(minutes=5), now - timedelta(hours=3), now - timedelta(days=40), None],
        "amounts": [0, "0.0123", 7.4, 1284.6],
        "durations": [12, 640, 1180, 125_000, None],
        "page": Paginator(range(120), 25).page(2),
    }
    return render(request, "styleguide/index.html", context)

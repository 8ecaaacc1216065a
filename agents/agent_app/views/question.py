"""Asking before something is done: a dialog where HTMX asked for it, else a page with the same form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from agent_app.views.agents import is_fragment
from community.views.guard import ActorRequest


@dataclass(frozen=True, kw_only=True)
class Question:
    """``dependents`` is what else goes or stops working; ``action`` gets ``hidden`` and the fields of ``form``.

    Where ``label`` is empty there is nothing to agree to: the text says why.
    """

    title: str
    text: str
    action: str
    label: str
    cancel_url: str
    danger: bool = False
    dependents: Sequence[str] = ()
    hidden: Mapping[str, Sequence[str]] = field(default_factory=dict)
    form: forms.Form | None = None


def ask(request: ActorRequest, question: Question) -> HttpResponse:
    template = "components/question.html" if is_fragment(request) else "question.html"
    invalid = question.form is not None and bool(question.form.errors)
    return render(request, template, {"question": question}, status=422 if invalid else 200)


def go_to(request: ActorRequest, route: str, **arguments: object) -> HttpResponse:
    """A redirect that leaves the page, also where HTMX sent the form."""
    address = reverse(route, kwargs=arguments)
    return HttpResponseClientRedirect(address) if is_fragment(request) else redirect(address)

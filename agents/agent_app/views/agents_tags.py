"""Tagging several agents from the list: asks which tags, and offers to take it back."""

from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agent_app.forms import TagsForm
from agent_app.model_forms import add_errors
from agent_app.selectors import tags_of
from agent_app.services import agent_tags
from agent_app.services.agent_tags import TagChange
from agent_app.views.question import Question, ask, go_to
from community.views.guard import ActorRequest
from config.lib.errors import InvalidInput

_SALT = "agents.tags"
_LASTS = 24 * 3600  # seconds in which it can be taken back


def tag(request: ActorRequest, ids: list[UUID], *, confirmed: bool) -> HttpResponse:
    """GET the question, or with ``confirmed`` do what was answered."""
    form = TagsForm(request.POST if confirmed else None, known=tags_of(request.actor, ids))
    if confirmed and form.is_valid():
        add, remove = form.cleaned_data["add_tags"], form.cleaned_data.get("remove_tags", [])
        try:
            changes = agent_tags.agents_tag(actor=request.actor, ids=ids, add=add, remove=remove)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            _tell(request, changes)
            return go_to(request, "agents:list")
    return ask(request, _question(form, ids))


def untag(request: ActorRequest) -> HttpResponse:
    """Take back what the message said."""
    try:
        changes = signing.loads(request.POST.get("undo", ""), salt=_SALT, max_age=_LASTS)
    except signing.BadSignature as error:
        raise InvalidInput(_("This cannot be taken back any more. Change the tags again.")) from error
    count = agent_tags.agents_untag(actor=request.actor, changes=changes)
    messages.success(request, ngettext("%d agent has its tags back.", "%d agents have their tags back.", count) % count)
    return go_to(request, "agents:list")


def _question(form: TagsForm, ids: list[UUID]) -> Question:
    count = len(ids)
    return Question(
        title=ngettext("Tags of %d agent", "Tags of %d agents", count) % count,
        text=_("Tags are for finding agents: they filter the list and are searched."),
        hidden={"ids": [str(each) for each in ids], "action": ["tag"], "confirmed": ["1"]}, form=form,
        action=reverse("agents:bulk"), cancel_url=reverse("agents:list"), label=_("Change the tags"),
    )  # fmt: skip


def _tell(request: ActorRequest, changes: list[TagChange]) -> None:
    """What happened, with the button that takes it back. Its form is on the list's page."""
    count = sum(len(change["ids"]) for change in changes)
    if not count:
        messages.info(request, _("Nothing to change: the tags are like that already."))
        return
    told = ngettext("The tags of %d agent were changed.", "The tags of %d agents were changed.", count) % count
    messages.success(
        request,
        format_html(
            '{} <button class="link" form="agents-undo" name="undo" value="{}">{}</button>',
            told, signing.dumps(changes, salt=_SALT, compress=True), _("Undo"),
        ),
    )  # fmt: skip

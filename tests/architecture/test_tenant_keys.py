"""Every row belongs to a workspace, or stands in this list with the reason why not."""

from django.apps import apps
from django.db import models

LABELS = {"community", "billing", "knowledge", "agents", "workflows"}

WITHOUT_A_WORKSPACE = {
    "community.User": "a person belongs to several workspaces, through Membership",
    "community.Workspace": "is the workspace",
    "community.RefreshFamily": "the sign-in of a person, whatever workspace they work in",
    "community.BrowserSession": "the same",
    "community.Notification": "is a person's, who belongs to several workspaces; names the one it is about, if any",
    "community.NotificationPreference": "how a person wants to be told, wherever they work",
    "community.OutgoingMail": "goes to an address, which may be nobody's here; encrypted, and gone once it is sent",
    "community.InboxDismissal": "what a person has put away; holds ids only",
    "community.AuditEntry": "signing in happens in no workspace; append-only, so it holds plain ids",
    "billing.Plan": "the operator's offer, the same for everybody",
    "billing.Rate": "the operator's prices, the same for everybody",
    "agents.CatalogueModel": "the models there are in the world, the same for everybody",
    "agents.RunEvent": "is read and removed through its run, which has one; the busiest table holds no second key",
}


def own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model._meta.app_label in LABELS]


def has_workspace(model: type[models.Model]) -> bool:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return "workspace_id" in fields and not fields["workspace_id"].null


def test_every_model_has_a_workspace_key_that_cannot_be_empty() -> None:
    missing = {model._meta.label for model in own_models() if not has_workspace(model)}
    assert missing - WITHOUT_A_WORKSPACE.keys() == set(), "give it a workspace, or list it with the reason"


def test_the_list_has_no_stale_entry() -> None:
    missing = {model._meta.label for model in own_models() if not has_workspace(model)}
    assert WITHOUT_A_WORKSPACE.keys() - missing == set()


KEYED_OTHERWISE = {"agents.RunEvent": "by its run and its number there, so that an event exists once"}


def test_rows_are_keyed_by_uuid() -> None:
    others = {model._meta.label for model in own_models() if not isinstance(model._meta.pk, models.UUIDField)}
    assert others == KEYED_OTHERWISE.keys()

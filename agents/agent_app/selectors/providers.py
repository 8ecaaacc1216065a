"""The workspace's providers."""

from django.db.models import QuerySet

from agent_app.models import Agent, Provider
from community.access import Actor


def provider_rows(actor: Actor) -> QuerySet[Provider]:
    """The workspace's providers by name."""
    actor.require("provider.read")
    return Provider.objects.in_workspace(actor.workspace_id).prefetch_related("provider_models").order_by("name")


def provider_dependents(provider: Provider) -> QuerySet[Agent]:
    """The workspace's agents that are set to one of the provider's models."""
    return (
        Agent.objects.in_workspace(provider.workspace_id)
        .shown()
        .filter(model__istartswith=f"{provider.name}/")
        .order_by("name")
    )

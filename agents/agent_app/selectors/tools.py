"""The library of tools and its integrations."""

from django.db.models import Count, JSONField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Length

from agent_app.integrations import with_counts
from agent_app.models import AgentTool, Credential, Integration, Tool
from community.access import Actor


def tool_rows(actor: Actor, *, search: str = "", kind: str = "", ordering: str = "name") -> QuerySet[Tool]:
    """The workspace's library, each tool with what may be shown of its secrets (``hints``), how long the ``tokens`` of its
    account are, and how many ``agents`` use it."""
    actor.require("tool.read")
    rows = Tool.objects.in_workspace(actor.workspace_id).search(search)
    rows = rows.filter(type=kind) if kind else rows
    own = Credential.objects.filter(id=OuterRef("credential_id"))
    tokens = own.annotate(size=Length("tokens_encrypted")).values("size")[:1]
    users = AgentTool.objects.filter(tool_id=OuterRef("id")).order_by().values("tool_id")
    return rows.annotate(
        hints=Coalesce(Subquery(own.values("hints")[:1]), Value({}, output_field=JSONField())),
        tokens=Subquery(tokens),
        agents=Coalesce(Subquery(users.annotate(total=Count("agent_id", distinct=True)).values("total")), 0),
    ).order_by(ordering, "-id")


def integration_rows(actor: Actor, *, search: str = "", ordering: str = "name") -> QuerySet[Integration]:
    """The workspace's integrations, each with how many ``tools`` use it."""
    actor.require("tool.read")
    rows = with_counts(Integration.objects.in_workspace(actor.workspace_id).search(search))
    return rows.order_by(ordering, "-id")
